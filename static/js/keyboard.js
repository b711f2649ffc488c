/**
 * Single keys for triage. Three sources: the fields of the incident in hand (edit.js), the list keys below, and
 * `data-shortcut="n"` on any link, button or field, which the key then presses or focuses (sequences such as "g i" work).
 * They never fire while typing, with a modifier held or under a dialog. With `data-shortcuts="off"` on the body only the
 * keys remain that no text has: arrows, Enter and Space on a row that has the focus, Esc. The help dialog lists what the
 * page has.
 */
import { canEdit, canTake, edit, FIELDS, takeOn, typeAhead } from "./edit.js";
import { expand } from "./expand.js";
import { closePane, currentRow, focusCurrent, leaveForm, move, openRow, pane, paneForm, paneIsOpen, rows } from "./pane.js";
import { clearSelection, toggleRow } from "./selection.js";

/** @typedef {{keys: string[], text: string, run: (event: KeyboardEvent) => unknown, when?: (row?: HTMLElement) => boolean}} Shortcut */

const PAUSE = 1200;
const hasRows = () => rows().length > 0;
const canSelect = () => Boolean(document.querySelector("input[data-select-row]"));
const pageLink = (relation) => document.querySelector(`.pagination a[rel="${relation}"]`);

/** @type {Shortcut[]} */
const LIST_KEYS = [
  { keys: ["j", "ArrowDown"], text: "Next row", when: hasRows, run: () => move(1) },
  { keys: ["k", "ArrowUp"], text: "Previous row", when: hasRows, run: () => move(-1) },
  { keys: ["Enter"], text: "Open details; again, go into them", when: hasRows, run: openCurrent },
  { keys: ["l", "ArrowRight"], text: "Unfold the alerts", when: hasRows, run: () => unfold(true) },
  { keys: ["h", "ArrowLeft"], text: "Fold them", when: hasRows, run: () => unfold(false) },
  { keys: ["o"], text: "Open page", when: hasRows, run: openPage },
  { keys: ["x", " "], text: "Select row", when: canSelect, run: () => select(false) },
  { keys: ["X"], text: "Select up to here", when: canSelect, run: () => select(true) },
  { keys: ["J", "Shift ArrowDown"], text: "Select and go down", when: canSelect, run: () => extend(1) },
  { keys: ["K", "Shift ArrowUp"], text: "Select and go up", when: canSelect, run: () => extend(-1) },
  { keys: ["]"], text: "Next page", when: () => Boolean(pageLink("next")), run: () => pageLink("next").click() },
  { keys: ["["], text: "Previous page", when: () => Boolean(pageLink("prev")), run: () => pageLink("prev").click() },
  { keys: ["u"], text: "Undo, while it is offered", when: () => Boolean(newestUndo()), run: () => newestUndo().click() },
  { keys: ["Escape"], text: "Leave form, close details, clear selection", run: leave },
];

/** @type {Shortcut[]} what the keys change about the incident in hand, or about the selected ones */
const EDIT_KEYS = [
  { keys: ["i"], text: "Assign to me", when: canTake, run: takeOn },
  ...Object.entries(FIELDS).map(([key, { text }]) => ({
    keys: [key],
    text,
    when: (row) => canEdit(key, row),
    run: () => edit(key),
  })),
];

/** What no text has in it, so that it also works with the single keys switched off. */
const TEXTLESS = ["ArrowDown", "ArrowUp", "ArrowRight", "ArrowLeft", "Enter", " "];
const NAMES = {
  ArrowDown: "↓",
  ArrowUp: "↑",
  ArrowRight: "→",
  ArrowLeft: "←",
  " ": "Space",
  Escape: "Esc",
  X: "Shift x",
  J: "Shift j",
  K: "Shift k",
  "Shift ArrowDown": "Shift ↓",
  "Shift ArrowUp": "Shift ↑",
};

/** Keys pressed so far of a sequence. */
let sequence = "";
let sequenceTimer = 0;

function openCurrent() {
  const row = currentRow();
  if (!row) return false;
  if (!paneIsOpen() || !row.classList.contains("row-open")) return openRow(row);
  const first = pane().querySelector("h2 a") ?? pane().querySelector("a, button, input:not([type=hidden]), select, textarea");
  first?.focus();
}

function openPage() {
  const row = currentRow();
  if (row?.dataset.href) location.assign(row.dataset.href);
}

function unfold(open) {
  const row = currentRow();
  if (!row?.querySelector("[data-expand]")) return false;
  return void expand(row, open);
}

function select(extend) {
  const row = currentRow();
  if (!row) return false;
  return toggleRow(row, { extend });
}

/** Select the row in hand, go on, and select that one too. */
function extend(step) {
  const row = currentRow();
  if (row && !row.querySelector("input[data-select-row]")?.checked) select(false);
  move(step);
  if (currentRow() !== row) select(true);
}

function leave() {
  if (paneForm()) return leaveForm();
  return closePane() || clearSelection(document.body);
}

function newestUndo() {
  return [...document.querySelectorAll("#toasts [data-toast-undo]")].at(-1);
}

const typing = (target) =>
  target.closest?.("input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select") ||
  target.isContentEditable;

const visible = (element) => element.getClientRects().length > 0;

/** Everything on the page that answers to a key: what is selected goes before the pane, the pane before the page. */
function targets() {
  const all = [...document.querySelectorAll("[data-shortcut]")].filter((element) => {
    return (visible(element) || element.closest(".rail")) && !element.closest("[data-pane][aria-busy]");
  });
  const rank = (element) => (element.closest("[data-bulk]") ? 0 : element.closest("[data-pane]") ? 1 : 2);
  return all.sort((one, other) => rank(one) - rank(other));
}

function press(element) {
  if (typing(element)) {
    element.focus();
    element.select?.();
  } else if (element.matches("summary")) {
    element.click();
    element.parentElement.querySelector(".menu-item")?.focus();
  } else {
    element.closest("details[data-menu]:not([open])")?.setAttribute("open", "");
    element.click();
  }
}

/** @param {KeyboardEvent} event @returns {boolean} whether the key was ours */
function handle(event) {
  const name = event.shiftKey && event.key.startsWith("Arrow") ? `Shift ${event.key}` : event.key;
  const known = targets();
  const keys = sequence ? `${sequence} ${event.key}` : event.key;
  const found = (shortcuts) => shortcuts.find((one) => one.keys.includes(name) && (one.when?.() ?? true));
  const change = sequence ? undefined : found(EDIT_KEYS);
  if (change) return change.run(event) !== false;
  const element = known.find((one) => one.dataset.shortcut === keys);
  if (element) {
    press(element);
    return true;
  }
  if (known.some((one) => one.dataset.shortcut.startsWith(`${keys} `))) {
    sequence = keys;
    clearTimeout(sequenceTimer);
    sequenceTimer = setTimeout(() => (sequence = ""), PAUSE);
    return true;
  }
  sequence = "";
  const shortcut = found(LIST_KEYS);
  return shortcut ? shortcut.run(event) !== false : false;
}

/** Esc while typing: out of the form in the pane, or back to the list from a field beside it. */
function stopTyping(field) {
  if (field.closest("[data-pane]") && paneForm()) return leaveForm();
  field.blur();
  if (currentRow()) focusCurrent();
}

/** Whether a popover is open that Esc closes by itself. */
const popoverIsOpen = () => Boolean(document.querySelector(":popover-open:not(.combobox-list)"));

function onKey(event) {
  if (event.defaultPrevented) return;
  // keys of an input method under way are its own (229 is what some browsers call them)
  if (event.isComposing || event.keyCode === 229) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "Escape" && popoverIsOpen()) return;
  if (typeAhead(event)) return event.preventDefault();
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (typing(event.target)) {
    if (event.key === "Escape") stopTyping(event.target);
    return;
  }
  if (document.body.dataset.shortcuts === "off" && event.key !== "Escape") {
    if (!TEXTLESS.includes(event.key) || !event.target.closest?.("tr[data-row]")) return;
  }
  // Enter and Space belong to the control that has the focus, the arrows to what scrolls
  const onControl = event.target.closest?.("a, button, summary, input, [role=option]");
  if (onControl && ["Enter", " "].includes(event.key)) return;
  if (event.key.startsWith("Arrow") && event.target !== document.body && !event.target.closest?.("tr")) {
    return;
  }
  const before = sequence;
  if (handle(event)) event.preventDefault();
  if (sequence === before) sequence = "";
}

/** Fill the help dialog from what the page really has. */
function listKeys() {
  const place = document.querySelector("[data-shortcut-list]");
  if (!place) return;
  const row = currentRow() ?? rows()[0];
  const usable = (shortcuts) => shortcuts.filter((one) => one.when?.(row) ?? true);
  const lists = usable(LIST_KEYS);
  const changes = usable(EDIT_KEYS);
  const seen = new Set(changes.flatMap((one) => one.keys));
  const page = targets()
    .filter((element) => !seen.has(element.dataset.shortcut) && seen.add(element.dataset.shortcut))
    .map((element) => [
      element.dataset.shortcutLabel || element.getAttribute("aria-label") || element.textContent.trim(),
      element.dataset.shortcut.split(" "),
    ]);
  const lines = (shortcuts) => shortcuts.map((one) => [one.text, one.keys]);
  const sections = [section("Lists and details", lines(lists)), section("This page", page)];
  if (changes.length) {
    const writing = [["Save", ["Ctrl Enter"]], ["Save, in a field of one line", ["Enter"]], ["Leave the form", ["Escape"]]];
    sections.splice(1, 0, section("The incident, or those selected", lines(changes)), section("In a form", writing));
  }
  place.replaceChildren(...sections);
}

function section(title, entries) {
  const box = document.createElement("section");
  const heading = document.createElement("h3");
  heading.textContent = title;
  const list = document.createElement("ul");
  for (const [text, keys] of entries) {
    const item = document.createElement("li");
    const words = document.createElement("span");
    words.textContent = text;
    item.append(words);
    for (const one of keys) {
      const key = document.createElement("kbd");
      key.className = "key";
      key.textContent = NAMES[one] ?? one;
      item.append(key);
    }
    list.append(item);
  }
  box.append(heading, list);
  return box;
}

export function wireKeyboard() {
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => {
    if (event.target.closest('[data-dialog-open="keyboard-help"]')) listKeys();
  });
  // Ctrl+Enter (Cmd+Enter) saves the form one is typing in; so does Enter in a list of the pane, as it does in a line
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || event.defaultPrevented || !typing(event.target)) return;
    const inList = event.target.matches?.("form.manage select");
    if (!event.ctrlKey && !event.metaKey && !inList) return;
    event.preventDefault();
    event.target.closest?.("form")?.requestSubmit();
  });
}
