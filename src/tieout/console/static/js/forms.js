// Dialogs and what is sent from them: a form goes out once, its answer is told, what was typed stays when it is refused.
import { Away, ambient, part } from "./morph.js";
import { on } from "./keys.js";
import { fail, say, undo } from "./tell.js";
import { go } from "./nav.js";
import { chosen, cursorRef, cursorRow, forget, grid, mark, move, renew } from "./grid.js";
import { refresh } from "./pane.js";

const sheet = document.createElement("dialog");
sheet.id = "sheet";
sheet.setAttribute("aria-labelledby", "sheet-title");
document.body.append(sheet);
let from = null;
sheet.addEventListener("close", () => {
  sheet.replaceChildren();
  if (from && from.isConnected && from !== document.body) from.focus({ preventScroll: true });
  else if (grid()) grid().table.focus({ preventScroll: true });
});

export async function ask(url, options) {
  from = sheet.open ? from : document.activeElement;
  try {
    const { response, root } = await part(url, "dialog", options);
    if (response.status === 204) return done(response);
    const found = root && root.querySelector(".sheet, .problem");
    if (!found) return void location.assign(response.url);
    fill(found);
  } catch (failure) {
    if (!(failure instanceof Away)) fail(`That could not be fetched: ${failure.message}.`, () => ask(url, options));
  }
}

function fill(found) {
  const made = document.importNode(found, true);
  const title = made.querySelector("h2");
  if (title) title.id = "sheet-title";
  const close = document.createElement("button");
  close.type = "button";
  close.className = "quiet closer";
  close.setAttribute("aria-label", "Close");
  close.textContent = "×";
  close.addEventListener("click", () => sheet.close());
  sheet.replaceChildren(close, made);
  if (!sheet.open) sheet.showModal();
  (made.querySelector("[autofocus]") || made.querySelector("input:not([type=hidden]), select, textarea, button, a") || close).focus();
}

async function done(response) {
  if (sheet.open) sheet.close();
  const back = response.headers.get("X-Undo");
  const next = response.headers.get("X-Next");
  say(decodeURIComponent(response.headers.get("X-Said") || "Done."), back ? () => send(back, {}) : null);
  if (next) return void go(next);
  const changed = (response.headers.get("X-Changed") || "").split(",").filter(Boolean);
  if (grid()) {
    if (response.headers.has("X-Advance")) move(grid().cursor + 1);
    await renew(changed);
  } else if (changed.length) {
    go(location.pathname + location.search, { push: false, keep: true });
  }
  refresh();
}

async function send(url, fields) {
  const body = fields instanceof FormData ? fields : new URLSearchParams(fields);
  if (!body.has("csrf")) body.set("csrf", document.body.dataset.csrf);
  try {
    const { response, root } = await part(url, "dialog", { method: "POST", body });
    if (response.status === 204) {
      await done(response);
      return true;
    }
    const found = root && root.querySelector(".sheet, .problem");
    if (!found) return void location.assign(response.url);
    if (sheet.open && found.matches(".problem")) problem(found);
    else fill(found);
  } catch (failure) {
    if (!(failure instanceof Away)) fail(`Nothing was sent: ${failure.message}. What you typed is still here.`);
  }
  return false;
}

// Refused: the reason stands above the form, which keeps what was typed.
function problem(found) {
  sheet.querySelector(".problem")?.remove();
  const made = document.importNode(found, true);
  sheet.querySelector(".sheet").prepend(made);
  made.tabIndex = -1;
  made.focus();
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.matches("[data-plain]") || form.getAttribute("action") === "/sign-out") return;
  event.preventDefault();
  if (form.matches("[data-bulk]")) return void act(event.submitter?.dataset.act || "");
  if (form.dataset.sent) return;
  form.dataset.sent = "1";
  const sent = new FormData(form, event.submitter);
  const fields = form.enctype === "multipart/form-data" ? sent : [...sent];
  const good = await send(event.submitter?.getAttribute("formaction") || form.getAttribute("action"), fields);
  delete form.dataset.sent;
  if (good && form.isConnected) form.reset();
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-dialog], a[data-close]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (link.matches("[data-close]") && !sheet.open) return;
  event.preventDefault();
  if (link.matches("[data-close]")) sheet.close();
  else ask(link.href);
}, true);

// What is selected, as the server keeps it; nothing selected means the row under the cursor.
export async function act(name) {
  if (!name) return;
  if (chosen.server) return void ask(`/selections/${chosen.server.id}/${name}`);
  if (chosen.ids.size) {
    const body = new URLSearchParams([["csrf", document.body.dataset.csrf], ["action", name]]);
    for (const [id, version] of chosen.ids) body.append("item", `${id}:${version}`);
    return void ask("/selections", { method: "POST", body });
  }
  const ref = cursorRef();
  if (!ref) return void say("Nothing is selected.");
  if (document.querySelector(`[data-act-one="${name}"]`) === null && document.querySelector(`[data-act="${name}"]`) === null) {
    const reason = document.querySelector(`[data-reason][data-name="${name}"]`);
    return void say(reason ? `Not possible: ${reason.dataset.reason}.` : "Not possible here.");
  }
  if (name === "mine" || name === "acknowledge") return void send(`/exceptions/${ref}/${name}`, {});
  if (name === "edit") go(`/exceptions/${ref}/edit`);
  else if (name === "replay") {
    const item = cursorRow()?.querySelector("input").value;
    if (item) ask("/selections", { method: "POST", body: new URLSearchParams({ csrf: document.body.dataset.csrf, action: name, item }) });
  }
  else ask(`/exceptions/${ref}/${name}`);
}

for (const name of ["assign", "mine", "snooze", "tag", "retry", "edit", "approve", "reject", "merge", "diff"]) {
  on(name, () => {
    if (!grid() && !document.querySelector("[data-item], [data-decide]")) return false;
    const own = (document.activeElement.closest("article[data-item]") || document).querySelector(`[data-decide="${name}"]`);
    if (own) own.click();
    else act(name);
    return true;
  });
}

on("select-all", async () => {
  if (!grid()) return false;
  const { response } = await part("/selections", "count", {
    method: "POST", body: new URLSearchParams({ csrf: document.body.dataset.csrf, all: "1", query: grid().query }),
  });
  if (!response.ok) return void fail("The selection could not be made; nothing is selected.");
  forget();
  chosen.server = await response.json();
  ambient["X-Selection"] = chosen.server.id;
  tell();
  mark();
  return true;
});

function tell() {
  const place = document.querySelector("[data-chosen]");
  if (!place) return;
  const none = document.querySelector("[data-do=select-none]");
  place.textContent = chosen.server ? chosen.server.said : `${chosen.ids.size.toLocaleString("en")} selected`;
  if (none) none.hidden = !chosen.server && !chosen.ids.size;
}

document.addEventListener("operation", ({ detail }) => {
  const ref = detail.t.slice(3);
  for (const bar of document.querySelectorAll(`[data-progress="${ref}"]`)) bar.value = detail.done;
  for (const text of document.querySelectorAll(`[data-progress-text="${ref}"]`)) {
    text.textContent = `${detail.done.toLocaleString("en")} of ${detail.of.toLocaleString("en")}${detail.state === "running" ? "" : `, ${detail.state}`}`;
  }
});
// While a message is edited, what the contract reads in it follows what is typed; only the newest answer counts.
let reading = 0;
document.addEventListener("input", (event) => {
  const place = event.target.matches("[data-reads]") && document.querySelector("[data-read]");
  if (!place) return;
  const mine = ++reading;
  setTimeout(async () => {
    if (mine !== reading || !event.target.isConnected) return;
    const form = event.target.form;
    try {
      const { response, root } = await part(form.getAttribute("action"), "read", { method: "POST", body: new URLSearchParams(new FormData(form)) });
      const found = response.ok && root && root.querySelector("[data-read]");
      if (found && mine === reading) document.querySelector("[data-read]").replaceWith(document.importNode(found, true));
    } catch (failure) {
      if (!(failure instanceof Away)) say("What you typed was not checked: the server cannot be reached.");
    }
  }, 400);
});
document.addEventListener("chosen", tell);
document.addEventListener("page", tell);
on("claim", () => { const button = document.querySelector("[data-claim]"); button?.click(); return Boolean(button); });
on("undo", () => undo());
on("comment", () => { const question = document.activeElement.closest("article")?.querySelector("[data-decide=comment]"); if (question) { question.click(); return true; } const box = document.querySelector(".comment textarea"); if (box) box.focus(); return Boolean(box); });
on("filter", () => { const link = document.querySelector("a[data-do=filter]"); if (link) ask(link.href); });
on("save-view", () => { const link = document.querySelector("a[data-do=save-view]"); if (link) ask(link.href); });
on("submit", (event) => {
  const form = event.target.form || (sheet.open && sheet.querySelector("form"));
  if (!form) return false;
  form.requestSubmit(form.querySelector("[data-confirm]"));
  return true;
});
document.addEventListener("click", (event) => {
  const bad = event.target.closest("[data-reason]");
  if (bad) say(`Not possible: ${bad.dataset.reason}.`);
});
