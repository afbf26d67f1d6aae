// The link of what is shown: live, so that it shows what is so when it is opened; or frozen, so that it shows what is so now.
import { on } from "./keys.js";
import { say } from "./tell.js";

const dialog = document.getElementById("link");
const freezes = () => document.querySelector("[data-freezes]");

function address(frozen) {
  const url = new URL(location.href);
  const me = document.body.dataset.login;
  for (const name of ["owner", "not.owner"]) {
    const values = url.searchParams.getAll(name);
    if (!values.includes("me")) continue;
    url.searchParams.delete(name);
    for (const value of values) url.searchParams.append(name, value === "me" ? me : value);
  }
  if (frozen && !url.searchParams.has("as_of")) url.searchParams.set("as_of", `${new Date().toISOString().slice(0, 19)}+00:00`);
  return url.href;
}

async function copy(frozen) {
  const text = address(frozen);
  dialog.close();
  await navigator.clipboard.writeText(text);
  say(frozen ? "The frozen link is copied: it shows what is so now." : "The link is copied.");
}

on("copy-link", () => {
  if (freezes()) dialog.showModal();
  else copy(false);
});
dialog.addEventListener("click", (event) => {
  const button = event.target.closest("[data-link]");
  if (button) copy(button.dataset.link === "frozen");
});
