// Going from page to page without losing the frame: links and filter forms fetch the main part, history keeps where one was.
import { Away, morph, part } from "./morph.js";
import { on } from "./keys.js";
import { fail } from "./tell.js";

let here = location.pathname + location.search;
let turn = 0;

export const page = () => document.dispatchEvent(new CustomEvent("page"));

export async function go(url, { push = true, state = null, keep = false } = {}) {
  const mine = ++turn;
  try {
    const { response, root } = await part(url, "main");
    if (mine !== turn) return;
    const main = root && root.getElementById("main");
    if (!main) return void location.assign(url);
    const at = new URL(response.url);
    const wanted = at.pathname + at.search;
    if (push && wanted !== here) history.pushState(state, "", wanted);
    else history.replaceState(state || history.state, "", wanted);
    const samePath = here.split("?")[0] === at.pathname;
    here = wanted;
    morph(document.getElementById("main"), main);
    document.title = `${main.dataset.title} · Tieout`;
    document.querySelector("[data-crumbs]").textContent = main.dataset.title;
    for (const link of document.querySelectorAll("[data-place]")) {
      const own = link.dataset.place;
      if (at.pathname === own || (own !== "/" && at.pathname.startsWith(`${own}/`))) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    document.body.classList.remove("rail-on");
    if (!keep && !samePath) scrollTo(0, 0);
    page();
    if (!keep && !document.activeElement.closest("main input")) (document.getElementById("grid") || document.getElementById("main")).focus({ preventScroll: true });
  } catch (failure) {
    if (!(failure instanceof Away)) fail(`The page could not be fetched: ${failure.message}.`, () => go(url, { push, state, keep }));
  }
}

export function replace(url) {
  here = url;
  history.replaceState(history.state, "", url);
}

export function push(url, state) {
  here = url;
  history.pushState(state, "", url);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if (link.origin !== location.origin || link.matches("[data-plain], [data-dialog], [download], [target]") || link.hash) return;
  event.preventDefault();
  link.closest("dialog")?.close();
  link.closest("details.menu")?.removeAttribute("open");
  go(link.href);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "get" || form.closest("dialog[method]")) return;
  event.preventDefault();
  form.closest("dialog")?.close();
  const pairs = [...new FormData(form)].filter(([, value]) => value !== "");
  go(`${form.getAttribute("action")}?${new URLSearchParams(pairs)}`);
});

document.addEventListener("change", (event) => event.target.matches("[data-submit]") && event.target.form.requestSubmit());
addEventListener("popstate", (event) => go(location.pathname + location.search, { push: false, state: event.state, keep: true }));
on("search", () => document.querySelector("[data-search]")?.focus());
on("clear", () => { const link = document.querySelector('a[data-do="clear"]'); if (link) go(link.href); });
on("print", () => print());
addEventListener("beforeprint", () => { for (const one of document.querySelectorAll("main details")) one.open = true; });
document.addEventListener("page", () => document.querySelector("[data-print]") && setTimeout(print, 50), { once: true });
on("export", () => { const link = document.querySelector('a[data-do="export"]'); if (link) location.assign(link.href); });
