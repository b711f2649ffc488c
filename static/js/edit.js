/**
 * One key, one field: opens the form of the row in hand (of the selected rows, when some are) with that field ready for
 * typing. The pane says by `data-edit` where the form is, relative to a row's details, or at all on a page without rows;
 * without it nobody may edit here. What is typed before the form has come is not lost and is no shortcut.
 */
import { comboboxOf } from "./combobox.js";
import { currentRow, fillPane, openRow, pane, paneForm, paneIsFilled, paneIsOpen } from "./pane.js";

/** @type {Record<string, {text: string, names: string[]}>} the key, what it does, and the field in one form or the other */
export const FIELDS = {
  a: { text: "Assign", names: ["assignee"] },
  t: { text: "Tags", names: ["tags", "add_tags"] },
  s: { text: "Status", names: ["status"] },
  e: { text: "Classify", names: ["classification"] },
  c: { text: "Comment", names: ["comment"] },
  r: { text: "Resolve", names: ["resolution_note"] },
  m: { text: "Manage, all fields", names: [] },
};

const LONGEST_WAIT = 4000;

const bulkButton = () => document.querySelector("[data-bulk]:not([hidden]) [data-pane-open]");
const isOnPage = () => /^\//.test(pane()?.dataset.edit ?? "");

/** Whether there is anything here that a person may change. */
export const canEdit = () => Boolean(bulkButton() || (pane()?.dataset.edit && (isOnPage() || currentRow()?.dataset.paneUrl)));

/** Where something of the row in hand is. @param {string} path relative to its details */
const address = (path) => new URL(path, new URL(currentRow()?.dataset.paneUrl ?? "/", location.href)).pathname;

/** What was typed while the form is on its way; null when none is. @type {string | null} */
let typedAhead = null;

/** Take a key that comes too early for the form. @param {KeyboardEvent} event @returns {boolean} */
export function typeAhead(event) {
  if (typedAhead === null) return false;
  if (event.key === "Escape") {
    typedAhead = null;
    return false;
  }
  if (event.key.length === 1) typedAhead += event.key;
  else if (event.key === "Backspace") typedAhead = typedAhead.slice(0, -1);
  return true;
}

/** @param {string} key one of FIELDS */
export async function edit(key) {
  typedAhead = "";
  const giveUp = setTimeout(() => (typedAhead = null), LONGEST_WAIT);
  try {
    await openForm();
    const form = paneForm();
    if (form && typedAhead !== null) focusField(form, key, typedAhead);
  } finally {
    clearTimeout(giveUp);
    typedAhead = null;
  }
}

async function openForm() {
  const button = bulkButton();
  if (button) {
    const settled = new Promise((resolve) => pane().addEventListener("htmx:afterSettle", resolve, { once: true }));
    button.click();
    return Promise.race([settled, new Promise((resolve) => setTimeout(resolve, LONGEST_WAIT))]);
  }
  const url = isOnPage() ? pane().dataset.edit : address(pane().dataset.edit);
  await paneIsFilled();
  if (paneForm()?.getAttribute("action") === url) return;
  await (isOnPage() ? fillPane(url) : openRow(currentRow(), url));
}

/** @param {HTMLFormElement} form @param {string} key @param {string} text typed meanwhile */
function focusField(form, key, text) {
  const status = form.elements.status;
  if (key === "r" && status && status.value !== "resolved") {
    status.value = "resolved";
    status.dispatchEvent(new Event("change", { bubbles: true }));
  }
  const field = controlOf(form, FIELDS[key].names);
  if (!field) return;
  field.focus();
  if (!text) return;
  if (field instanceof HTMLSelectElement) {
    const fits = [...field.options].find((option) => option.label.toLowerCase().startsWith(text.toLowerCase()));
    if (fits) field.value = fits.value;
  } else field.setRangeText(text, field.value.length, field.value.length, "end");
  field.dispatchEvent(new Event(field instanceof HTMLSelectElement ? "change" : "input", { bubbles: true }));
}

/** The control of the first of these fields that the form has; of its first field for none. */
function controlOf(form, names) {
  const found = names
    .map((name) => form.querySelector(`[data-combobox][data-name="${name}"] .combobox-input`) ?? form.elements[name])
    .find((control) => control instanceof HTMLElement);
  return found ?? form.querySelector(".manage-fields :is(input:not([type=hidden]), select, textarea)");
}

/** Take on the incident in hand; for selected ones, the form with oneself as assignee. */
export async function takeOn() {
  if (bulkButton()) {
    await edit("a");
    const me = { value: document.body.dataset.username, label: document.body.dataset.name };
    const form = paneForm();
    if (form && me.value) comboboxOf(form.querySelector('[data-combobox][data-name="assignee"]'))?.set([me]);
    return;
  }
  const row = currentRow();
  if (!row) return document.querySelector('[data-shortcut="i"]')?.click();
  await paneIsFilled();
  const shown = paneIsOpen() && !paneForm() && row === currentRow();
  const where = shown ? { source: pane(), target: pane(), swap: "innerHTML" } : { swap: "none" };
  await window.htmx.ajax("POST", address(pane().dataset.take), where);
}
