/**
 * Rows with a check box, and the bar that says how many are selected. Inside `data-selection`: `data-select-row` boxes
 * whose value is the row's id, one `data-select-page` box in the head, a `data-bulk` bar with `data-bulk-count`, and
 * `data-clear-selection`. The selection outlives a swap of the rows, and the other pages of the list: what is selected
 * elsewhere goes along as hidden fields in `data-selection-rest`.
 *
 * When all rows of a page are selected and there are more, `data-select-matching` offers all that match the list in its
 * `data-list`; `data-count-url` says exactly how many they are. The form then carries `all` and `list`.
 */
import { announce } from "./toast.js";

/** @type {Map<string, Set<string>>} by the id of the area, which a swap replaces */
const chosen = new Map();
/** @type {Map<string, {list: string, words: string}>} areas in which all that match are selected */
const matching = new Map();
/** @type {string} the value of the box touched last */
let last = "";

const boxesOf = (area) => [...area.querySelectorAll("input[data-select-row]")];
const setOf = (area) => chosen.get(area.id) ?? chosen.set(area.id, new Set()).get(area.id);

function show(area) {
  const set = setOf(area);
  const boxes = boxesOf(area);
  const offer = area.querySelector("[data-select-matching]");
  let all = matching.get(area.id);
  if (all && offer && offer.dataset.list !== all.list && !sameList(offer.dataset.list, all.list)) {
    matching.delete(area.id);
    all = undefined;
  }
  for (const box of boxes) {
    box.checked = Boolean(all) || set.has(box.value);
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
    bar.hidden = set.size === 0 && !all;
    bar.querySelector("[data-bulk-count]").textContent = all ? all.words : String(set.size);
  }
  if (offer) offer.hidden = Boolean(all) || boxes.length === 0 || marked < boxes.length;
  fillRest(area, set, boxes, all);
  area.dispatchEvent(new CustomEvent("watchfloor:selection", { bubbles: true, detail: { ids: [...set], everything: Boolean(all) } }));
}

/** Another page of the same list? Its address differs in nothing but where it stands. */
function sameList(one, other) {
  const plain = (text) => {
    const query = new URLSearchParams(text);
    for (const key of ["after", "before", "open"]) query.delete(key);
    query.sort();
    return query.toString();
  };
  return plain(one) === plain(other);
}

/** What is selected and not on this page, or that all are, as fields of the form. */
function fillRest(area, set, boxes, all) {
  const place = area.querySelector("[data-selection-rest]");
  if (!place) return;
  const shown = new Set(boxes.map((box) => box.value));
  const fields = all
    ? [["all", "1"], ["list", all.list]]
    : [...set].filter((id) => !shown.has(id)).map((id) => [boxes[0]?.name || "incident", id]);
  place.replaceChildren(
    ...fields.map(([name, value]) => Object.assign(document.createElement("input"), { type: "hidden", name, value })),
  );
}

async function selectMatching(offer) {
  const area = offer.closest("[data-selection]");
  const all = { list: offer.dataset.list ?? "", words: "All that match" };
  matching.set(area.id, all);
  show(area);
  try {
    const answer = await fetch(`${offer.dataset.countUrl}?${all.list}`, { headers: { Accept: "application/json" } });
    if (answer.ok) all.words = `All ${Number((await answer.json()).total).toLocaleString("en")} that match`;
  } catch {
    // the pane will say how many they are
  }
  const present = document.getElementById(area.id);
  if (present && matching.get(area.id) === all) show(present);
  announce(`${all.words} selected`);
}

/** A row taken out of all that match leaves those of this page. */
function leaveMatching(area) {
  if (!matching.delete(area.id)) return;
  for (const box of boxesOf(area)) setOf(area).add(box.value);
}

/** Set the boxes between the one touched last and this one alike. */
function range(area, box) {
  const boxes = boxesOf(area);
  const from = boxes.findIndex((one) => one.value === last);
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
  if (!area || (setOf(area).size === 0 && !matching.has(area.id))) return false;
  setOf(area).clear();
  matching.delete(area.id);
  show(area);
  announce("Selection cleared");
  return true;
}

function change(box, on, extend) {
  const area = box.closest("[data-selection]");
  if (!area) return;
  leaveMatching(area);
  box.checked = on;
  if (extend) range(area, box);
  else mark(area, box, on);
  last = box.value;
  show(area);
}

export function wireSelection() {
  document.addEventListener("click", (event) => {
    const box = event.target;
    if (box.matches?.("input[data-select-row]")) change(box, box.checked, event.shiftKey);
    if (box.matches?.("input[data-select-page]")) {
      const area = box.closest("[data-selection]");
      matching.delete(area.id);
      for (const one of boxesOf(area)) mark(area, one, box.checked);
      show(area);
    }
    if (event.target.closest("[data-clear-selection]")) clearSelection(event.target);
    const offer = event.target.closest("[data-select-matching]");
    if (offer) selectMatching(offer);
  });
  document.body.addEventListener("watchfloor:unselect", () => clearSelection(document.body));
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
