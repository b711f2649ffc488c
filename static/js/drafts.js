/**
 * Keeps what is typed into `data-draft="key"` fields until it is saved: over a reload, a failed request, an ended
 * session. Kept per person and per tab (sessionStorage), so nobody else finds it.
 */

const PREFIX = "draft:";

const person = () => document.body.dataset.person ?? "";
/** @param {Element} field */
const keyOf = (field) => `${PREFIX}${person()}:${field.getAttribute("data-draft")}`;
/** @param {Element | Document} root */
const fieldsOf = (root) => {
  const inside = [...root.querySelectorAll("[data-draft]")];
  return root instanceof Element && root.matches("[data-draft]") ? [root, ...inside] : inside;
};

function restore(root) {
  for (const field of fieldsOf(root)) {
    const key = keyOf(field);
    const draft = JSON.parse(sessionStorage.getItem(key) ?? "null");
    if (!draft) continue;
    // sent by a plain form and the page came back with an empty field: it was saved
    if (draft.sent && !field.value) sessionStorage.removeItem(key);
    else if (!field.value) {
      field.value = draft.text;
      field.dispatchEvent(new Event("draft-restored", { bubbles: true }));
    }
  }
}

/** @type {WeakMap<XMLHttpRequest, string[]>} the drafts that a request carries; when it is answered, its form may be gone */
const carried = new WeakMap();

export function wireDrafts() {
  document.addEventListener("input", (event) => {
    const field = event.target;
    if (!field.matches?.("[data-draft]")) return;
    if (field.value) sessionStorage.setItem(keyOf(field), JSON.stringify({ text: field.value }));
    else sessionStorage.removeItem(keyOf(field));
  });
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    for (const field of fieldsOf(event.target)) {
      if (field.value) sessionStorage.setItem(keyOf(field), JSON.stringify({ text: field.value, sent: true }));
    }
  });
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    // HTMX knows whether it was saved, so nothing is taken as sent on trust
    const fields = fieldsOf(event.target);
    for (const field of fields) {
      if (field.value) sessionStorage.setItem(keyOf(field), JSON.stringify({ text: field.value }));
    }
    carried.set(event.detail.xhr, fields.map(keyOf));
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    const { successful, requestConfig, xhr } = event.detail;
    if (!successful || requestConfig?.verb === "get") return;
    for (const key of carried.get(xhr) ?? []) sessionStorage.removeItem(key);
  });
  document.body.addEventListener("htmx:load", (event) => restore(event.target));
  restore(document);
}
