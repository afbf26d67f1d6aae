// Without a connection: a bar that says so and since when, forms that send nothing, and no queue of what was typed.
import { fail, say } from "./tell.js";
import { zone } from "./time.js";

const body = document.body;
const bar = document.createElement("p");
bar.className = "banner bad offline-bar";
bar.setAttribute("role", "alert");
bar.hidden = true;
document.querySelector("[data-banners]").before(bar);

function show(away) {
  if (away === !bar.hidden) return;
  bar.hidden = !away;
  body.classList.toggle("offline", away);
  if (!away) return void say("The connection is back.");
  const local = zone() === "UTC" ? "UTC" : body.dataset.zone;
  const since = new Intl.DateTimeFormat("en-GB", { timeStyle: "short", timeZone: local }).format(new Date());
  bar.textContent = `Offline since ${since} ${zone()}: what you see is from before, and nothing can be changed. Nothing is queued.`;
}

addEventListener("offline", () => show(true));
addEventListener("online", () => show(false));
new MutationObserver(() => show(body.classList.contains("offline") || !navigator.onLine)).observe(body, { attributes: true, attributeFilter: ["class"] });
if (!navigator.onLine) show(true);

document.addEventListener("submit", (event) => {
  if (bar.hidden || event.target.method !== "post" || navigator.onLine) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  fail("You are offline: nothing was sent. What you typed is still here.");
}, true);
