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

function forget(root) {
  for (const field of fieldsOf(root)) sessionStorage.removeItem(keyOf(field));
}

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
    for (const field of fieldsOf(event.target)) {
      if (field.value) sessionStorage.setItem(keyOf(field), JSON.stringify({ text: field.value }));
    }
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    const { successful, requestConfig } = event.detail;
    if (successful && requestConfig?.verb !== "get") forget(event.target);
  });
  document.body.addEventListener("htmx:load", (event) => restore(event.target));
  restore(document);
}
