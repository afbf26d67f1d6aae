// Lineage: what points at a field, or has the focus on it, lights it wherever it stands. Without this the link of the field does it.

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
