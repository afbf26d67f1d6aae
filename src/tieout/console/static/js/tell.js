// Telling: one polite status line, an alert for what the person tried and failed, undo for ten seconds.
const line = document.querySelector("[data-said]");
const alertBox = document.querySelector("[data-failed]");
let timer = 0;
let undoing = null;

export function say(text, undo = null) {
  line.textContent = text;
  undoing = undo;
  if (undo) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Undo";
    button.dataset.do = "undo";
    line.append(" ", button);
  }
  clearTimeout(timer);
  timer = setTimeout(() => { line.textContent = ""; undoing = null; }, undo ? 10000 : 6000);
}

export function fail(text, again = null) {
  alertBox.textContent = text;
  if (again) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Retry";
    button.addEventListener("click", () => { alertBox.hidden = true; again(); });
    alertBox.append(" ", button);
  }
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "Dismiss";
  close.addEventListener("click", () => { alertBox.hidden = true; });
  alertBox.append(" ", close);
  alertBox.hidden = false;
}

export const undo = () => { const work = undoing; undoing = null; if (work) work(); return Boolean(work); };

const said = document.cookie.match(/(?:^|; )said=([^;]*)/);
if (said) {
  say(decodeURIComponent(said[1]));
  document.cookie = "said=; Max-Age=0; Path=/; SameSite=Strict";
}
