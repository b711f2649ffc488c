/**
 * Rows with a check box, and the bar that says how many are selected. Inside `data-selection`: `data-select-row` boxes
 * whose value is the row's id, one `data-select-page` box in the head, a `data-bulk` bar with `data-bulk-count`, and
 * `data-clear-selection`. The selection outlives a swap of the rows.
 */
import { announce } from "./toast.js";

/** @type {WeakMap<Element, Set<string>>} */
const chosen = new WeakMap();
/** @type {HTMLInputElement | null} */
let last = null;

const boxesOf = (area) => [...area.querySelectorAll("input[data-select-row]")];
const setOf = (area) => chosen.get(area) ?? chosen.set(area, new Set()).get(area);

function show(area) {
  const set = setOf(area);
  const boxes = boxesOf(area);
  for (const box of boxes) {
    box.checked = set.has(box.value);
    box.closest("tr")?.classList.toggle("row-checked", box.checked);
  }
  const marked = boxes.filter((box) => box.checked).length;
  const page = area.querySelector("[data-select-page]");
  if (page) {
    page.checked = boxes.length > 0 && marked === boxes.length;
    page.indeterminate = marked > 0 && marked < boxes.length;
  }
  const bar = area.querySelector("[data-bulk]");
  if (bar) {
    bar.hidden = set.size === 0;
    bar.querySelector("[data-bulk-count]").textContent = String(set.size);
  }
  area.dispatchEvent(new CustomEvent("watchfloor:selection", { bubbles: true, detail: { ids: [...set] } }));
}

/** Set the boxes between the one touched last and this one alike. */
function range(area, box) {
  const boxes = boxesOf(area);
  const from = last ? boxes.indexOf(last) : -1;
  const to = boxes.indexOf(box);
  const span = from < 0 ? [box] : boxes.slice(Math.min(from, to), Math.max(from, to) + 1);
  for (const one of span) mark(area, one, box.checked);
}

function mark(area, box, on) {
  if (on) setOf(area).add(box.value);
  else setOf(area).delete(box.value);
}

/** Select a row or take it out again. @param {Element} row @param {{extend?: boolean}} [options] */
export function toggleRow(row, { extend = false } = {}) {
  const box = row.querySelector("input[data-select-row]");
  if (box) change(box, !box.checked, extend);
}

/** Empty the selection around an element. @returns {boolean} whether there was one */
export function clearSelection(element) {
  const area = element.closest("[data-selection]") ?? document.querySelector("[data-selection]");
  if (!area || setOf(area).size === 0) return false;
  setOf(area).clear();
  show(area);
  announce("Selection cleared");
  return true;
}

function change(box, on, extend) {
  const area = box.closest("[data-selection]");
  if (!area) return;
  box.checked = on;
  if (extend) range(area, box);
  else mark(area, box, on);
  last = box;
  show(area);
}

export function wireSelection() {
  document.addEventListener("click", (event) => {
    const box = event.target;
    if (box.matches?.("input[data-select-row]")) change(box, box.checked, event.shiftKey);
    if (box.matches?.("input[data-select-page]")) {
      const area = box.closest("[data-selection]");
      for (const one of boxesOf(area)) mark(area, one, box.checked);
      show(area);
    }
    if (event.target.closest("[data-clear-selection]")) clearSelection(event.target);
  });
  // a selection must not mark text while Shift is held
  document.addEventListener("mousedown", (event) => {
    if (event.shiftKey && event.target.closest("tr[data-row]")) event.preventDefault();
  });
  const adopt = (root) => {
    for (const area of root.querySelectorAll("[data-selection]")) {
      for (const box of boxesOf(area)) if (box.checked) setOf(area).add(box.value);
      show(area);
    }
  };
  adopt(document);
  document.body.addEventListener("htmx:afterSettle", (event) => {
    const area = event.target.closest?.("[data-selection]");
    if (area) show(area);
    else adopt(event.target);
  });
}
