/**
 * Single keys for triage. Two sources: the list keys below, and `data-shortcut="m"` on any link, button or field, which
 * the key then presses or focuses (sequences such as "g i" work). They never fire while typing, with a modifier held or
 * under a dialog, and not at all with `data-shortcuts="off"` on the body. The help dialog lists what the page has.
 */
import { closePane, currentRow, move, openRow, paneIsFilled, paneIsOpen, rows } from "./pane.js";
import { clearSelection, toggleRow } from "./selection.js";

/** @typedef {{keys: string[], text: string, run: (event: KeyboardEvent) => unknown, when?: () => boolean}} Shortcut */

const PAUSE = 1200;
const hasRows = () => rows().length > 0;

/** @type {Shortcut[]} */
const LIST_KEYS = [
  { keys: ["j", "ArrowDown"], text: "Next row", when: hasRows, run: () => move(1) },
  { keys: ["k", "ArrowUp"], text: "Previous row", when: hasRows, run: () => move(-1) },
  { keys: ["Enter"], text: "Open details", when: hasRows, run: openCurrent },
  { keys: ["o"], text: "Open page", when: hasRows, run: openPage },
  { keys: ["x", " "], text: "Select row", when: hasRows, run: () => select(false) },
  { keys: ["X"], text: "Select up to here", when: hasRows, run: () => select(true) },
  { keys: ["u"], text: "Undo, while it is offered", when: () => Boolean(newestUndo()), run: () => newestUndo().click() },
  { keys: ["Escape"], text: "Close details, clear selection", run: leave },
];

const NAMES = { ArrowDown: "↓", ArrowUp: "↑", " ": "Space", Escape: "Esc", X: "Shift x" };

/** Keys pressed so far of a sequence. */
let sequence = "";
let sequenceTimer = 0;

function openCurrent() {
  const row = currentRow();
  if (!row) return false;
  return openRow(row);
}

function openPage() {
  const row = currentRow();
  if (row?.dataset.href) location.assign(row.dataset.href);
}

function select(extend) {
  const row = currentRow();
  if (!row) return false;
  return toggleRow(row, { extend });
}

function leave() {
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
  } else {
    element.closest("details[data-menu]:not([open])")?.setAttribute("open", "");
    element.click();
  }
}

/** A key that the details of a row answer to (the pane names them in `data-row-keys`): open them or wait for them, press
 * it there. */
async function pressInPane(keys) {
  const row = currentRow();
  if (!row?.dataset.paneUrl) return;
  await (paneIsOpen() ? paneIsFilled() : openRow(row));
  const element = document.querySelector(`[data-pane] [data-shortcut="${CSS.escape(keys)}"]`);
  if (element) press(element);
}

/** @param {KeyboardEvent} event @returns {boolean} whether the key was ours */
function handle(event) {
  const known = targets();
  const keys = sequence ? `${sequence} ${event.key}` : event.key;
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
  const shortcut = LIST_KEYS.find((one) => one.keys.includes(event.key) && (one.when?.() ?? true));
  if (shortcut) return shortcut.run(event) !== false;
  if (/^[a-z]$/.test(event.key) && document.querySelector(`[data-pane][data-row-keys~="${event.key}"]`)) {
    pressInPane(event.key);
    return true;
  }
  return false;
}

function onKey(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (document.body.dataset.shortcuts === "off" && event.key !== "Escape") return;
  if (document.querySelector("dialog[open]")) return;
  if (typing(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  // Enter and Space belong to the control that has the focus, the arrows to what scrolls
  const onControl = event.target.closest?.("a, button, summary, input, [role=option]");
  if (onControl && ["Enter", " "].includes(event.key)) return;
  if (["ArrowDown", "ArrowUp"].includes(event.key) && event.target !== document.body && !event.target.closest?.("tr")) {
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
  const seen = new Set();
  const page = targets()
    .filter((element) => !seen.has(element.dataset.shortcut) && seen.add(element.dataset.shortcut))
    .map((element) => [
      element.dataset.shortcutLabel || element.getAttribute("aria-label") || element.textContent.trim(),
      element.dataset.shortcut.split(" "),
    ]);
  const list = LIST_KEYS.filter((one) => one.when?.() ?? true).map((one) => [one.text, one.keys]);
  place.replaceChildren(section("This page", page), section("Lists and details", list));
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
  // Ctrl+Enter (Cmd+Enter) saves the form one is typing in
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.target.closest?.("form")?.requestSubmit();
  });
}
