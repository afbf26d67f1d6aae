// The windowed list: a hundred rows of a hundred thousand are in the page, the focus stays on the grid, rows may be replaced.
import { Away, part } from "./morph.js";
import { on } from "./keys.js";
import { fail } from "./tell.js";

const WINDOW = 120;
const EDGE = 25;
export const chosen = { ids: new Map(), server: null };
let g = null;

export const grid = () => g;
export const cursorRow = () => g && [...g.rows.children].find((row) => Number(row.getAttribute("aria-rowindex")) === g.cursor + 2);
export const cursorRef = () => cursorRow()?.dataset.ref || document.activeElement.closest("[data-item]")?.dataset.item || document.querySelector("[data-item]")?.dataset.item || "";

function start() {
  const box = document.querySelector(".gridbox");
  if (!box || document.body.classList.contains("plain")) { g = null; if (!box) forget(); return; }
  const query = box.dataset.query;
  if (!g || g.box !== box || g.query !== query) {
    if (!g || g.query !== query) forget();
    g = { box, query, busy: false, cursor: -1, wanted: false };
  }
  g.table = box.querySelector("#grid");
  g.rows = box.querySelector("#rows");
  g.head = box.querySelector("thead");
  g.total = Number(box.dataset.total);
  g.first = Number(g.rows.dataset.first);
  g.height = g.rows.firstElementChild ? g.rows.firstElementChild.getBoundingClientRect().height : 34;
  const kept = history.state && history.state.grid;
  if (g.cursor < 0) g.cursor = Math.min(kept ? kept.cursor : opened() ?? g.first, g.total - 1);
  document.querySelector("[data-pages]")?.setAttribute("hidden", "");
  for (const name of ["above", "below"]) box.querySelector(`[data-${name}]`).hidden = false;
  box.onscroll ||= () => requestAnimationFrame(scrolled);
  drawn();
  if (!box.dataset.ready) {
    box.dataset.ready = "1";
    box.scrollTop = kept ? kept.top : g.first * g.height;
  }
  ensure();
}

// Where the item of the address stands, if it is among the rows that came with the page.
function opened() {
  const row = g.rows.querySelector(`[data-ref="${CSS.escape(new URL(location.href).searchParams.get("item") || "-")}"]`);
  return row ? Number(row.getAttribute("aria-rowindex")) - 2 : undefined;
}

export function forget() {
  chosen.ids.clear();
  chosen.server = null;
  document.dispatchEvent(new CustomEvent("chosen"));
}

function span() {
  const room = g.box.clientHeight - g.head.offsetHeight;
  const top = Math.floor(g.box.scrollTop / g.height);
  return [top, Math.min(g.total, top + Math.ceil(room / g.height) + 1)];
}

function scrolled() {
  if (!g) return;
  ensure();
  remember();
}

function remember() {
  clearTimeout(g.timer);
  g.timer = setTimeout(() => g && history.replaceState({ ...history.state, grid: { cursor: g.cursor, top: g.box.scrollTop } }, ""), 120);
}

function covers(top, bottom) {
  const last = g.first + g.rows.children.length;
  return top >= g.first && bottom <= last;
}

async function ensure() {
  if (!g || g.busy || !g.total) return;
  const [top, bottom] = span();
  if (covers(Math.max(0, top - EDGE), Math.min(g.total, bottom + EDGE))) return;
  const mine = g;
  mine.busy = true;
  let failed = false;
  try {
    const from = Math.max(0, Math.min(g.total - WINDOW, Math.floor((top + bottom - WINDOW) / 2)));
    await load(from);
  } catch (failure) {
    failed = !(failure instanceof Away);
    if (failed) fail(`The rows could not be fetched: ${failure.message}.`, ensure);
  } finally {
    mine.busy = false;
  }
  if (g === mine && !failed) ensure();
}

async function load(from) {
  const mine = g;
  const url = new URL(`/exceptions${mine.query}`, location.href);
  if (from) url.searchParams.set("offset", from);
  const headers = chosen.server ? { "X-Selection": chosen.server.id } : {};
  const { response, root } = await part(url, "rows", { headers });
  if (g !== mine) return;
  if (!response.ok || !root) throw new Error(`the server answered ${response.status}`);
  const rows = root.getElementById("rows");
  const old = new Map([...mine.rows.children].map((row) => [row.id, row]));
  mine.rows.replaceChildren(...[...rows.children].map((row) => fresh(old.get(row.id), document.importNode(row, true))));
  mine.first = Number(rows.dataset.first);
  mine.rows.dataset.first = mine.first;
  drawn();
}

function fresh(old, row) {
  return old && old.isEqualNode(row) ? old : row;
}

function drawn() {
  const count = g.rows.children.length;
  g.box.querySelector("[data-above] td").style.height = `${g.first * g.height}px`;
  g.box.querySelector("[data-below] td").style.height = `${Math.max(0, g.total - g.first - count) * g.height}px`;
  mark();
}

export function mark() {
  if (!g) return;
  for (const row of g.rows.children) {
    const id = row.id.slice(1);
    const box = row.querySelector("input");
    const isChosen = chosen.server ? (chosen.server.all ? !row.classList.contains("gone") && !row.dataset.out : chosen.server.ids.has(id)) : chosen.ids.has(id);
    row.setAttribute("aria-selected", isChosen);
    if (box.checked !== isChosen) box.checked = isChosen;
    box.tabIndex = -1;
    row.querySelector("a").tabIndex = -1;
    const isCursor = Number(row.getAttribute("aria-rowindex")) === g.cursor + 2;
    row.classList.toggle("cursor", isCursor);
    if (isCursor) g.table.setAttribute("aria-activedescendant", row.id);
  }
  if (!cursorRow()) g.table.removeAttribute("aria-activedescendant");
  const where = document.querySelector("[data-where]");
  if (where) where.textContent = `row ${(g.cursor + 1).toLocaleString("en")} of ${g.total.toLocaleString("en")}`;
}

export function move(to) {
  if (!g || !g.total) return false;
  g.cursor = Math.max(0, Math.min(g.total - 1, to));
  const top = g.cursor * g.height;
  const room = g.box.clientHeight - g.head.offsetHeight;
  if (top < g.box.scrollTop) g.box.scrollTop = top;
  else if (top + g.height > g.box.scrollTop + room) g.box.scrollTop = top + g.height - room;
  mark();
  ensure();
  remember();
  document.dispatchEvent(new CustomEvent("cursor"));
  return true;
}

// Rows that changed elsewhere: in place, no move of anything.
export async function renew(ids) {
  if (!g || !ids.length) return;
  const { root } = await part(`/exceptions${g.query}`, `row/${ids.join(",")}`);
  if (!root || !g) return;
  for (const row of [...root.getElementById("rows").children]) {
    const old = document.getElementById(row.id);
    if (!old) continue;
    const made = document.importNode(row, true);
    made.setAttribute("aria-rowindex", old.getAttribute("aria-rowindex"));
    if (made.isEqualNode(withoutMarks(old.cloneNode(true)))) continue;
    made.classList.add("changed");
    old.replaceWith(made);
  }
  mark();
}

function withoutMarks(row) {
  row.classList.remove("cursor", "changed");
  row.removeAttribute("aria-selected");
  row.querySelector("input").removeAttribute("tabindex");
  row.querySelector("a").removeAttribute("tabindex");
  return row;
}

export function reload() {
  if (g) load(g.first).catch(() => {});
}

function toggle(row, yes) {
  if (!row || row.classList.contains("gone")) return;
  if (chosen.server) forget();
  const [id, version] = row.querySelector("input").value.split(":");
  if (yes ?? !chosen.ids.has(id)) chosen.ids.set(id, version);
  else chosen.ids.delete(id);
  document.dispatchEvent(new CustomEvent("chosen"));
}

const inGrid = (event) => !event || !event.key || event.key.length === 1 || !event.target.closest || event.target.closest(".gridbox") || event.target === document.body || event.target.id === "main";
const page = () => Math.max(1, Math.floor((g.box.clientHeight - g.head.offsetHeight) / g.height) - 1);
const moving = (by) => (event) => (g ? inGrid(event) && move(g.cursor + by()) : step(by()));

// Where there are cards in place of rows, the focus goes from one to the next.
function step(by) {
  const cards = [...document.querySelectorAll("article[data-item][tabindex]")];
  if (!cards.length || Math.abs(by) !== 1) return false;
  const at = cards.indexOf(document.activeElement.closest("article"));
  cards[Math.max(0, Math.min(cards.length - 1, at + by))].focus();
  return true;
}
on("down", moving(() => 1));
on("up", moving(() => -1));
on("page-down", moving(() => page()));
on("page-up", moving(() => -page()));
on("first", moving(() => -Infinity));
on("last", moving(() => Infinity));
on("select", () => (g ? (toggle(cursorRow()), mark(), true) : false));
const extend = (by) => (event) => {
  if (!g || !inGrid(event)) return false;
  toggle(cursorRow(), true);
  move(g.cursor + by);
  toggle(cursorRow(), true);
  mark();
  return true;
};
on("extend-down", extend(1));
on("extend-up", extend(-1));
on("select-loaded", () => {
  if (!g) return false;
  if (chosen.server) forget();
  for (const row of g.rows.children) toggle(row, true);
  mark();
  return true;
});
on("select-none", () => { forget(); mark(); });

document.addEventListener("click", (event) => {
  const row = g && event.target.closest("#rows tr");
  if (!row) return;
  if (event.target.matches("input")) toggle(row, event.target.checked);
  g.cursor = Number(row.getAttribute("aria-rowindex")) - 2;
  mark();
  if (!event.target.closest("a, input")) { g.table.focus({ preventScroll: true }); document.dispatchEvent(new CustomEvent("peek")); }
  else if (event.target.matches("input")) g.table.focus({ preventScroll: true });
});
document.addEventListener("page", start);
addEventListener("resize", () => g && ensure());
