// The item beside the list: opened by Space, follows the cursor while it is open, and stands in the URL.
import { Away, morph, part } from "./morph.js";
import { on } from "./keys.js";
import { go, push, replace } from "./nav.js";
import { cursorRef, cursorRow, grid } from "./grid.js";
import { fail } from "./tell.js";

const pane = () => document.getElementById("pane");
const open = () => pane() && !pane().hidden;
let wanted = "";

function address(ref) {
  const url = new URL(location.href);
  if (ref) url.searchParams.set("item", ref);
  else url.searchParams.delete("item");
  return url.pathname + url.search.replaceAll("%2F", "/").replaceAll("%3A", ":");
}

export async function show(ref, { first = !open() } = {}) {
  if (!pane() || !ref) return;
  wanted = ref;
  const url = address(ref);
  try {
    const { root } = await part(url, "pane");
    const found = root && root.getElementById("pane");
    if (!found || wanted !== ref) return;
    (first ? push : replace)(url, history.state);
    morph(pane(), found);
    pane().scrollTop = 0;
    document.querySelector("[data-queue]").classList.add("peeked");
  } catch (failure) {
    if (!(failure instanceof Away)) fail(`${ref} could not be fetched: ${failure.message}.`, () => show(ref, { first }));
  }
}

// The same item again, as it is now; what is being typed stays.
export async function refresh() {
  const ref = new URL(location.href).searchParams.get("item");
  if (!open() || !ref) return;
  const { root } = await part(address(ref), "pane");
  const found = root && root.getElementById("pane");
  if (found && open()) morph(pane(), found);
}

export function close() {
  if (!open()) return false;
  wanted = "";
  pane().hidden = true;
  pane().replaceChildren();
  document.querySelector("[data-queue]").classList.remove("peeked");
  replace(address(""));
  grid()?.table.focus({ preventScroll: true });
  return true;
}

let waiting = 0;
document.addEventListener("cursor", () => {
  if (!open()) return;
  clearTimeout(waiting);
  waiting = setTimeout(() => show(cursorRow()?.dataset.ref, { first: false }), 120);
});
document.addEventListener("peek", () => open() && show(cursorRow()?.dataset.ref, { first: false }));
on("peek", (event) => {
  if (!grid() || event.target.closest("button, a, summary, [type=checkbox]:not(#rows *)")) return false;
  if (open() && new URL(location.href).searchParams.get("item") === cursorRow()?.dataset.ref) close();
  else show(cursorRow()?.dataset.ref);
  return true;
});
on("open", (event) => {
  if (!grid() || (event.key === "Enter" && !event.target.closest("#grid")) || !cursorRef()) return false;
  go(`/exceptions/${cursorRef()}`);
  return true;
});
on("close-pane", (event) => { event.preventDefault(); close(); });
on("history", () => { if (cursorRef()) go(`/exceptions/${cursorRef()}?history=all`); });
