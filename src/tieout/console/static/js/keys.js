// Keys: from the map in the page to the command of that name. Modules say with `on` what they do for a name.
const commands = new Map();
const map = JSON.parse(document.body.dataset.keys || "{}");
let pending = "";

export function on(name, work) { commands.set(name, work); }

export function run(name, event) {
  const work = commands.get(name);
  return work ? work(event) !== false : false;
}

function written(event) {
  const letter = event.key.length === 1 && event.key !== " ";
  const shown = letter && (event.shiftKey || event.ctrlKey || event.metaKey) && /[a-z]/i.test(event.key) ? event.key.toUpperCase() : event.key;
  const shift = event.shiftKey && (!letter || /[a-z]/i.test(event.key)) ? "Shift+" : "";
  return (event.ctrlKey || event.metaKey ? "Ctrl+" : "") + shift + shown;
}

function typing(target) {
  return target.isContentEditable || (target.matches("input, select, textarea") && !target.matches("[type=checkbox], [type=radio], [type=button]"));
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  const keys = written(event);
  const inField = typing(event.target);
  if (inField && !event.ctrlKey && !event.metaKey && event.key !== "Escape") return;
  const here = document.querySelector("[data-keys-here]");
  const own = here && !pending ? JSON.parse(here.dataset.keysHere)[keys] : "";
  const name = own || map[pending ? `${pending} ${keys}` : keys];
  if (!name) {
    pending = !pending && Object.keys(map).some((k) => k.startsWith(`${keys} `)) ? keys : "";
    return;
  }
  pending = "";
  if (run(name, event)) event.preventDefault();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-do], a[data-do=close-pane]");
  if (button && !button.disabled && button.getAttribute("aria-disabled") !== "true") run(button.dataset.do, event);
});

on("help", () => document.getElementById("help").showModal());
on("rail", () => {
  const narrow = matchMedia("(max-width: 860px)").matches;
  document.body.classList.toggle(narrow ? "rail-on" : "rail-off");
  if (!narrow) localStorage.setItem("rail", document.body.classList.contains("rail-off") ? "off" : "on");
});
for (const link of document.querySelectorAll("[data-place]")) {
  const name = `go-${link.dataset.place.slice(1) || "tower"}`;
  on(name, () => link.click());
}
if (localStorage.getItem("rail") === "off") document.body.classList.add("rail-off");
