// Lineage: what points at a field, or has the focus on it, lights it wherever it stands. Without this the link of the field does it.

import { on } from "./keys.js";

function light(target) {
  const place = target.closest?.("[data-lineage]");
  const own = target.closest?.("[data-f]");
  if (!place || !own) return;
  const wanted = own.dataset.f.split(" ");
  for (const one of place.querySelectorAll("[data-f]")) one.classList.toggle("lit", one.dataset.f.split(" ").some((f) => wanted.includes(f)));
}

function show(target) {
  const raw = target.closest("[data-lineage]")?.querySelector("mark.lit");
  raw?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

document.addEventListener("pointerover", (event) => light(event.target));
document.addEventListener("focusin", (event) => light(event.target));
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-light]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  light(link);
  show(link);
  history.replaceState(history.state, "", link.href);
}, true);

document.addEventListener("page", () => {
  const first = document.querySelector("[data-lineage] mark.lit, [data-lineage] mark");
  first?.closest(".raw").scrollTo({ top: first.offsetTop - 60 });
});

// The next or previous event: the focus goes to it, Enter follows its link to the lineage.
function event(by) {
  const rows = [...document.querySelectorAll("[data-event]")];
  if (!rows.length) return false;
  const now = document.activeElement.closest?.("[data-event]");
  const chosen = now || document.querySelector("[data-event][aria-current]");
  const at = chosen ? rows.indexOf(chosen) + by : by > 0 ? 0 : rows.length - 1;
  const next = rows[Math.min(Math.max(at, 0), rows.length - 1)];
  const target = next.querySelector("a") || next;
  target.focus();
  next.scrollIntoView({ block: "nearest" });
  return true;
}
on("event-next", () => event(1));
on("event-previous", () => event(-1));

// Time as a slider over the moments at which something new was known; the list beside it says the same.
function slider() {
  const list = document.querySelector("select[data-slide]");
  if (!list || list.options.length < 2 || list.form.querySelector("[type=range]")) return;
  const times = [...list.options].reverse();
  const range = document.createElement("input");
  Object.assign(range, { type: "range", min: 0, max: times.length - 1, step: 1, value: times.indexOf(list.selectedOptions[0]) });
  range.setAttribute("aria-label", "As of, from the first that was known to now");
  const told = () => range.setAttribute("aria-valuetext", times[range.value].textContent);
  range.addEventListener("input", () => { list.value = times[range.value].value; told(); });
  range.addEventListener("change", () => list.form.requestSubmit());
  told();
  list.before(range);
}
document.addEventListener("page", slider);
