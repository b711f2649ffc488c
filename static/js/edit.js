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
  d: { text: "Due date", names: ["due"] },
  c: { text: "Comment", names: ["comment"] },
  r: { text: "Resolve", names: ["resolution_note"] },
  m: { text: "Manage, all fields", names: [] },
};

const LONGEST_WAIT = 4000;

const bulkButton = () => document.querySelector("[data-bulk]:not([hidden]) [data-pane-open]");
const isOnPage = () => /^\//.test(pane()?.dataset.edit ?? "");

const isAtHand = (row) => Boolean(isOnPage() || row?.dataset.paneUrl);

/**
 * Whether there is anything here that a person may change by this key.
 * @param {string} key one of FIELDS
 * @param {HTMLElement | null} [row] the row in hand, or one that might be
 */
export function canEdit(key, row = currentRow()) {
  const { edit: form, editKeys } = pane()?.dataset ?? {};
  return Boolean((bulkButton() || (form && isAtHand(row))) && (!editKeys || editKeys.split(" ").includes(key)));
}

/** Whether there is anything here to take on. @param {HTMLElement | null} [row] the row in hand, or one that might be */
export const canTake = (row = currentRow()) => Boolean(bulkButton() || (pane()?.dataset.take && isAtHand(row)));

/** Where something of the row in hand is. @param {string} path relative to its details */
const address = (path) => new URL(path, new URL(currentRow()?.dataset.paneUrl ?? "/", location.href)).pathname;

/** The keys pressed while the form is on its way; null when none is. @type {KeyboardEvent[] | null} */
let early = null;

/** Take a key that comes too early for the form. @param {KeyboardEvent} event @returns {boolean} */
export function typeAhead(event) {
  if (early === null) return false;
  if (event.key === "Escape") early = null;
  else if (isText(event) || ["Tab", "Enter", "Backspace"].includes(event.key)) early.push(event);
  return early !== null;
}

const isText = (event) => event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;

/** @param {string} key one of FIELDS */
export async function edit(key) {
  early = [];
  const giveUp = setTimeout(() => (early = null), LONGEST_WAIT);
  try {
    await openForm();
    const form = paneForm();
    const keys = early;
    early = null;
    if (!form || !keys) return;
    focusField(form, key);
    for (const each of keys) pressLate(form, each);
  } finally {
    clearTimeout(giveUp);
    early = null;
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

/** @param {HTMLFormElement} form @param {string} key */
function focusField(form, key) {
  const status = form.elements.status;
  if (key === "r" && status && status.value !== "resolved") {
    status.value = "resolved";
    status.dispatchEvent(new Event("change", { bubbles: true }));
  }
  controlOf(form, FIELDS[key].names)?.focus();
}

/** Do in the form what a key pressed too early would have done there. @param {KeyboardEvent} event */
function pressLate(form, event) {
  const field = document.activeElement;
  if (!form.contains(field)) return;
  if (isText(event)) return field instanceof HTMLSelectElement ? pick(field, event.key) : put(field, field.value + event.key);
  const { key, ctrlKey, metaKey, shiftKey } = event;
  const goesOn = field.dispatchEvent(
    new KeyboardEvent("keydown", { key, ctrlKey, metaKey, shiftKey, bubbles: true, cancelable: true }),
  );
  if (!goesOn) return;
  if (key === "Backspace") put(field, field.value.slice(0, -1));
  if (key === "Enter" && field instanceof HTMLInputElement) form.requestSubmit();
  if (key === "Tab") {
    const all = [...form.querySelectorAll("a, button, input, select, textarea")].filter(
      (one) => one.tabIndex >= 0 && one.type !== "hidden" && one.getClientRects().length > 0,
    );
    all[all.indexOf(field) + (shiftKey ? -1 : 1)]?.focus();
  }
}

function put(field, text) {
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** What has been typed at a list so far, as a browser reads it. @type {[Element | null, string]} */
let atList = [null, ""];

function pick(list, letter) {
  atList = [list, (atList[0] === list ? atList[1] : "") + letter.toLowerCase()];
  const fits = [...list.options].find((option) => option.label.toLowerCase().startsWith(atList[1]));
  if (!fits) return;
  list.value = fits.value;
  list.dispatchEvent(new Event("change", { bubbles: true }));
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
