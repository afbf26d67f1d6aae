// The one place where text becomes nodes: answers of our own server, of type text/html, that carry the header of our fragments.
const policy = window.trustedTypes
  ? trustedTypes.createPolicy("console", { createHTML: (text) => text })
  : { createHTML: (text) => text };

export class Away extends Error {}

// Ask for a part of a page. Gives {response, root}: root is a document to take nodes from, or null when there is none.
export async function part(url, fragment, options = {}) {
  let response;
  const slow = setTimeout(() => document.body.classList.add("busy"), 150);
  try {
    response = await fetch(url, { ...options, headers: { "X-Fragment": fragment, ...options.headers }, credentials: "same-origin" });
    if (response.status === 401) {
      location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
      throw new Away("signed out");
    }
    const ours = response.headers.has("X-Fragment") && (response.headers.get("Content-Type") || "").startsWith("text/html")
      && new URL(response.url).origin === location.origin;
    const root = ours && response.status !== 204 ? new DOMParser().parseFromString(policy.createHTML(await response.text()), "text/html") : null;
    document.body.classList.remove("offline");
    return { response, root };
  } catch (failure) {
    if (failure instanceof TypeError) document.body.classList.add("offline");
    throw failure;
  } finally {
    clearTimeout(slow);
    document.body.classList.remove("busy");
  }
}

const keyOf = (node) => (node.nodeType === 1 ? node.id || node.dataset.key || "" : "");

// Make one element like another and keep what is the person's: focus, typed text, open details, scroll.
export function morph(from, to) {
  if (from.nodeType !== 1) {
    if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
    return;
  }
  for (const { name } of [...from.attributes]) if (!to.hasAttribute(name) && !(name === "open" && from.matches("details"))) from.removeAttribute(name);
  for (const { name, value } of to.attributes) if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  if (from.matches("textarea")) return;
  children(from, to);
}

function children(from, to) {
  const known = new Map();
  for (const node of from.childNodes) if (keyOf(node)) known.set(keyOf(node), node);
  let next = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const key = keyOf(wanted);
    let found = key ? known.get(key) : next && !keyOf(next) && next.nodeName === wanted.nodeName ? next : null;
    if (found && found.nodeName !== wanted.nodeName) found = null;
    if (found) {
      if (found === next) next = next.nextSibling;
      else from.insertBefore(found, next);
      morph(found, wanted);
    } else {
      from.insertBefore(document.importNode(wanted, true), next);
    }
  }
  while (next) {
    const gone = next;
    next = next.nextSibling;
    gone.remove();
  }
}
