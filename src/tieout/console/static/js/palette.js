// Search or jump: pages, saved views, commands and any reference, from one list.
import { on, run } from "./keys.js";
import { go } from "./nav.js";

const dialog = document.getElementById("palette");
const input = dialog.querySelector("input");
const list = document.getElementById("palette-list");
let at = 0;
let turn = 0;
const commands = [...document.querySelectorAll("#help [data-key]")]
  .filter((row) => !/^(palette|close|submit|down|up|page-|first|last|extend|peek|open|select)/.test(row.dataset.key))
  .map((row) => ({ name: row.querySelector("dt").textContent, kind: row.querySelector("dd").innerText, run: row.dataset.key }));
const places = [...document.querySelectorAll("[data-place]"), ...document.querySelectorAll(".menu > div > a")]
  .map((link) => ({ name: link.firstChild.textContent.trim(), kind: "page", url: link.getAttribute("href") }));
let found = [];

async function look() {
  const text = input.value.trim().toLowerCase();
  const mine = ++turn;
  const near = (entry) => text.split(/\s+/).every((word) => entry.name.toLowerCase().includes(word));
  found = [...places, ...commands].filter(near).slice(0, 12);
  draw();
  if (!text) return;
  const response = await fetch(`/find?q=${encodeURIComponent(text)}`, { headers: { Accept: "application/json" } });
  if (mine !== turn || !response.ok) return;
  found = [...await response.json(), ...found].slice(0, 16);
  draw();
}

function draw() {
  at = Math.min(at, Math.max(0, found.length - 1));
  list.replaceChildren(...found.map((entry, index) => {
    const item = document.createElement("li");
    item.id = `found-${index}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", index === at);
    const kind = document.createElement("small");
    kind.textContent = entry.kind;
    item.append(entry.name, " ", kind);
    item.addEventListener("click", () => choose(index));
    return item;
  }));
  if (!found.length) {
    const none = document.createElement("li");
    none.setAttribute("role", "presentation");
    none.textContent = "Nothing of that name. References are found by how they begin.";
    list.append(none);
  }
  if (found.length) input.setAttribute("aria-activedescendant", `found-${at}`);
  else input.removeAttribute("aria-activedescendant");
}

function choose(index) {
  const entry = found[index];
  if (!entry) return;
  dialog.close();
  if (entry.url) go(entry.url);
  else run(entry.run, new Event("palette"));
}

input.addEventListener("input", () => { at = 0; look(); });
input.addEventListener("keydown", (event) => {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by) { at = (at + by + found.length) % Math.max(1, found.length); draw(); document.getElementById(`found-${at}`)?.scrollIntoView({ block: "nearest" }); }
  else if (event.key === "Enter") choose(at);
  else return;
  event.preventDefault();
  event.stopPropagation();
});
on("palette", () => {
  if (dialog.open) return void dialog.close();
  input.value = "";
  at = 0;
  look();
  dialog.showModal();
});
