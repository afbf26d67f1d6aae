// Clocks tick each minute from the server's own times; `u` shows all times in UTC, and in one's zone again.
import { on } from "./keys.js";
import { ambient } from "./morph.js";
import { go } from "./nav.js";
import { say } from "./tell.js";

const body = document.body;

function left(seconds) {
  const sign = seconds < 0 ? "−" : "";
  const minutes = Math.floor(Math.abs(seconds) / 60);
  if (minutes < 60) return `${sign}${minutes} m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${sign}${hours} h ${String(minutes % 60).padStart(2, "0")}`;
  const days = Math.floor(hours / 24);
  return days < 10 ? `${sign}${days} d ${hours % 24} h` : `${sign}${days.toLocaleString("en")} d`;
}

function tick() {
  const now = Date.now() / 1000;
  for (const clock of document.querySelectorAll("[data-due]")) {
    const text = left(Number(clock.dataset.due) - now);
    if (clock.textContent !== text) clock.textContent = text;
  }
}

export const zone = () => (body.hasAttribute("data-utc") ? "UTC" : body.dataset.zoneLocal);

// At once from what the page has; charts and heads of days come from the server.
export function zones() {
  const utc = body.hasAttribute("data-utc");
  for (const time of document.querySelectorAll("time[data-local]")) {
    const whole = utc ? time.title : time.dataset.local;
    const text = time.hasAttribute("data-bare") && whole.endsWith(` ${zone()}`) ? whole.slice(0, -zone().length - 1) : whole;
    if (time.textContent !== text) time.textContent = text;
  }
  for (const head of document.querySelectorAll("[data-zone-name]")) head.textContent = zone();
}

setInterval(tick, 60000 - (Date.now() % 60000));
on("utc", () => {
  body.toggleAttribute("data-utc");
  ambient["X-Zone"] = body.hasAttribute("data-utc") ? "UTC" : "local";
  zones();
  document.dispatchEvent(new CustomEvent("zone"));
  say(`All times are ${zone()}.`);
  if (document.querySelector("main svg")) go(location.pathname + location.search, { push: false, keep: true });
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  button.classList.add("done");
  setTimeout(() => button.classList.remove("done"), 1500);
});
on("close", (event) => {
  const open = [...document.querySelectorAll("dialog[open]")].pop();
  if (open) return void open.close();
  const menu = document.querySelector("details.menu[open]");
  if (menu) return void menu.removeAttribute("open");
  if (event.target.matches("input, textarea, select")) return void (document.getElementById("grid") || document.getElementById("main")).focus();
  (document.querySelector("[data-do=close-pane]") || document.querySelector("[data-close-panel]"))?.click();
});
