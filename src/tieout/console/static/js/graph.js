// A map that is larger than its frame: arrows and the wheel move it, + - 0 change its size, the small map says what is in view.
import { on } from "./keys.js";
import { go } from "./nav.js";

const STEP = 80;
let scale = 1;
let path = "";

const view = () => document.querySelector("[data-map]");
const drawing = () => view()?.querySelector("svg");
const natural = (svg) => svg.viewBox.baseVal;

function resize(wanted) {
  const box = view(), svg = drawing();
  if (!svg) return false;
  const before = scale;
  scale = Math.min(Math.max(wanted, 0.2), 3);
  const middle = [(box.scrollLeft + box.clientWidth / 2) / before, (box.scrollTop + box.clientHeight / 2) / before];
  svg.setAttribute("width", Math.round(natural(svg).width * scale));
  svg.setAttribute("height", Math.round(natural(svg).height * scale));
  box.scrollTo(middle[0] * scale - box.clientWidth / 2, middle[1] * scale - box.clientHeight / 2);
  frame();
  return true;
}

function frame() {
  const box = view(), svg = drawing(), mini = document.querySelector("[data-mini]"), mark = mini?.querySelector("[data-view]");
  if (!svg || !mark) return;
  const share = mini.viewBox.baseVal.width / (natural(svg).width * scale);
  mark.setAttribute("x", Math.max(box.scrollLeft * share, 0.5));
  mark.setAttribute("y", Math.max(box.scrollTop * share, 0.5));
  mark.setAttribute("width", Math.max(Math.min(box.clientWidth * share, mini.viewBox.baseVal.width) - 1, 1));
  mark.setAttribute("height", Math.max(Math.min(box.clientHeight * share, mini.viewBox.baseVal.height) - 1, 1));
}

function fit() {
  const box = view(), svg = drawing();
  if (!svg) return false;
  const whole = Math.min((box.clientWidth - 22) / natural(svg).width, (box.clientHeight - 22) / natural(svg).height, 1);
  return resize(Math.abs(scale - whole) < 0.01 ? 1 : whole);
}

const move = (x, y) => () => {
  if (!view()) return false;
  view().scrollBy(x * STEP, y * STEP);
};

on("map-in", () => resize(scale * 1.25));
on("map-out", () => resize(scale / 1.25));
on("map-fit", fit);
on("map-left", move(-1, 0));
on("map-right", move(1, 0));
on("map-up", move(0, -1));
on("map-down", move(0, 1));
on("map-table", () => {
  const table = document.getElementById("table");
  if (!table) return false;
  table.open = !table.open;
  if (table.open) table.querySelector("summary").focus();
  table.scrollIntoView({ block: "nearest" });
});

document.addEventListener("click", (event) => {
  const mini = event.target.closest?.("[data-mini]");
  const link = event.target.closest?.("[data-map] a[href]");
  if (mini) {
    const at = mini.getBoundingClientRect(), svg = drawing(), box = view();
    box.scrollTo(((event.clientX - at.left) / at.width) * natural(svg).width * scale - box.clientWidth / 2,
      ((event.clientY - at.top) / at.height) * natural(svg).height * scale - box.clientHeight / 2);
  }
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  view().setAttribute("aria-busy", "true");
  go(link.getAttribute("href"), { keep: true });
});

document.addEventListener("focusin", (event) => event.target.closest?.("[data-map] a") && event.target.scrollIntoView({ block: "nearest", inline: "nearest" }));
document.addEventListener("page", () => {
  if (!view()) return;
  view().removeAttribute("aria-busy");
  view().addEventListener("scroll", frame, { passive: true });
  const here = location.pathname;
  if (here !== path) scale = 1;
  path = here;
  if (scale !== 1) resize(scale);
  frame();
});
addEventListener("resize", frame);
