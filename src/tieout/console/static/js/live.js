// What happens elsewhere: one stream for all tabs of the browser. It says what changed, never what it is now; the page asks for that.
import { on } from "./keys.js";
import { grid, renew } from "./grid.js";
import { go } from "./nav.js";
import { refresh } from "./pane.js";
import { zone } from "./time.js";

const channel = new BroadcastChannel("tieout");
const sign = document.querySelector("[data-live]");
const word = document.querySelector("[data-live-word]");
const clocks = Object.fromEntries(["UTC", document.body.dataset.zone].map((timeZone) => [timeZone, new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", timeZone })]));
const live = () => `Live · ${clocks[zone() === "UTC" ? "UTC" : document.body.dataset.zone].format(new Date())} ${zone()}`;
let paused = false;
let waiting = new Set();
let last = localStorage.getItem("live") || "";
let fresh = 0;
let leads = () => false;

function status(text) {
  word.textContent = text;
  sign.hidden = false;
  sign.className = `live ${text.startsWith("Live") ? "" : text === "Paused" ? "paused" : "cut"}`;
}

function heard(message) {
  if (message.id) { last = message.id; }
  if (message.t === "cut") return void status("Reconnecting…");
  if (!paused) status(live());
  if (message.t === "exceptions") for (const id of message.ids) waiting.add(id);
  if (message.t === "reset") waiting.add("all");
  if (message.t === "counters" || message.t === "exceptions") counters();
  if (message.t?.startsWith("op/")) document.dispatchEvent(new CustomEvent("operation", { detail: message }));
  if (!paused) flush();
}

async function flush() {
  if (!waiting.size || document.hidden) return;
  const ids = waiting;
  waiting = new Set();
  const g = grid();
  if (g) {
    const shown = [...g.rows.children].map((row) => row.id.slice(1));
    const due = ids.has("all") ? shown : shown.filter((id) => ids.has(Number(id)));
    if (due.length) await renew(due);
    ask();
  }
  const item = document.querySelector("[data-work]")?.dataset.work ?? new URL(location.href).searchParams.get("item")?.slice(3);
  if (!item || !(ids.has(Number(item)) || ids.has("all"))) return;
  if (document.getElementById("pane")?.childElementCount) refresh();
  else go(location.pathname + location.search, { push: false, keep: true });
}

// The first change is shown at once, and what changes all the time is asked for every few seconds: a hundred people look on.
function every(seconds, act) {
  let next = 0, last = 0;
  return () => {
    if (next) return;
    next = setTimeout(() => { next = 0; last = Date.now(); act(); }, Math.max(400, last + seconds * 1000 - Date.now()));
  };
}

const ask = every(3, async () => {
  const g = grid();
  if (!g || document.hidden) return;
  const join = g.query ? "&" : "?";
  const response = await fetch(`/exceptions/fresh${g.query}${join}after=${g.box.dataset.after}`);
  if (!response.ok || grid() !== g) return;
  fresh = Number(await response.text());
  const pill = document.querySelector("[data-fresh]");
  if (!pill) return;
  pill.hidden = !fresh;
  pill.textContent = `${fresh.toLocaleString("en")} new, press .`;
});

// What is wrong comes and goes by itself; an unchanged row is left alone, so that nothing is read out twice.
function notices(found) {
  const box = document.querySelector("[data-banners]");
  const key = JSON.stringify(found);
  if (box.dataset.shown === key) return;
  const first = !box.dataset.shown;
  box.dataset.shown = key;
  if (first && box.childElementCount === found.length) return;
  box.replaceChildren(...found.map((one) => {
    const line = document.createElement("p");
    line.className = `banner ${one.kind}`;
    line.textContent = one.text;
    if (one.href && one.link) {
      const link = document.createElement("a");
      link.href = one.href;
      link.textContent = one.link;
      line.append(" ", link);
    }
    return line;
  }));
}

const counters = every(5, async () => {
  if (document.hidden) return;
  const response = await fetch("/live/counters", { headers: { Accept: "application/json" } });
  if (!response.ok) return;
  const counts = await response.json();
  for (const place of document.querySelectorAll("[data-counter]")) {
    const count = counts[place.dataset.counter];
    place.textContent = count ? (counts.least.includes(place.dataset.counter) ? "≥ " : "") + count.toLocaleString("en") : "";
  }
  notices(counts.notices);
});

function lead() {
  return new Promise(() => {
    let source = null;
    leads = () => source && source.readyState === EventSource.OPEN;
    const open = () => {
      source = new EventSource(`/live?after=${encodeURIComponent(last)}`);
      source.onmessage = (event) => {
        if (event.lastEventId) localStorage.setItem("live", event.lastEventId);
        const message = { ...JSON.parse(event.data), id: event.lastEventId };
        heard(message);
        channel.postMessage(message);
      };
      source.onerror = () => {
        heard({ t: "cut" });
        channel.postMessage({ t: "cut" });
        if (source.readyState === EventSource.CLOSED) setTimeout(open, 2000);
      };
    };
    open();
  });
}

// A tab that comes later hears at once from the one that holds the stream.
channel.onmessage = (event) => {
  if (event.data.t !== "hello") heard(event.data);
  else if (leads()) channel.postMessage({ t: "beat" });
};
channel.postMessage({ t: "hello" });
if (navigator.locks) navigator.locks.request("tieout-live", lead);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  counters();
  if (!paused) flush();
});
document.addEventListener("page", counters);
setInterval(() => document.hidden || counters(), 30000);
addEventListener("offline", () => heard({ t: "cut" }));
addEventListener("online", () => leads() && !paused && status(live()));
on("fresh", () => { if (fresh) { fresh = 0; go(location.pathname + location.search, { push: false }); } return true; });
document.addEventListener("zone", () => word.textContent.startsWith("Live") && status(live()));
on("pause", () => {
  paused = !paused;
  status(paused ? "Paused" : live());
  if (!paused) flush();
});
