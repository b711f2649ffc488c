/**
 * Rows that unfold: a link `data-expand` in `tr[data-row]`, with `aria-expanded`. What unfolds is a row of its own
 * beneath, filled from the row's address and "rows/"; it stays unfolded when the list is drawn anew.
 */
import { announce } from "./toast.js";

/** Ids of the rows that are unfolded. */
const unfolded = new Set();

const linkOf = (row) => row.querySelector("a[data-expand]");
const insideOf = (row) => (row.nextElementSibling?.matches("tr.row-inside") ? row.nextElementSibling : null);

/** What unfolds is as wide as the columns that are shown: one more would take its width from the others. */
const fitting = new ResizeObserver(fitAll);

function fitAll() {
  for (const cell of document.querySelectorAll("tr.row-inside > .cell-inside")) {
    const row = cell.parentElement.previousElementSibling;
    const shown = [...row.cells].filter((one) => one.getClientRects().length > 0);
    if (shown.length && cell.colSpan !== shown.length) cell.colSpan = shown.length;
  }
}

/** Whether a row is unfolded. @param {HTMLElement} row */
export const isExpanded = (row) => Boolean(insideOf(row));

/**
 * Unfold a row, or fold it.
 * @param {HTMLElement} row
 * @param {boolean} open
 * @returns {Promise<void>}
 */
export async function expand(row, open) {
  const link = linkOf(row);
  if (!link || open === isExpanded(row)) return;
  link.setAttribute("aria-expanded", String(open));
  if (!open) {
    unfolded.delete(row.dataset.id);
    const inside = insideOf(row);
    if (inside.contains(document.activeElement)) row.focus();
    inside.remove();
    return;
  }
  unfolded.add(row.dataset.id);
  const inside = document.createElement("tr");
  inside.className = "row-inside";
  const cell = inside.insertCell();
  cell.className = "cell-inside";
  cell.textContent = "Loading …";
  row.after(inside);
  fitAll();
  fitting.observe(row.closest("table"));
  try {
    await window.htmx.ajax("GET", `${row.dataset.href}rows/`, {
      source: cell,
      target: cell,
      swap: "innerHTML",
      select: "unset",
    });
    announce(`${cell.querySelectorAll("li").length} alerts`);
  } catch {
    // failures.js tells of it
  }
}

export function wireExpand() {
  document.addEventListener(
    "click",
    (event) => {
      const link = event.target.closest("a[data-expand]");
      if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      event.stopPropagation();
      const row = link.closest("tr[data-row]");
      expand(row, !isExpanded(row));
    },
    true,
  );
  document.addEventListener("keydown", (event) => {
    if (event.key !== " " || !event.target.matches?.("a[data-expand]")) return;
    event.preventDefault();
    event.target.click();
  });
  document.body.addEventListener("htmx:afterSettle", () => {
    for (const id of unfolded) {
      const row = document.querySelector(`tr[data-row][data-id="${CSS.escape(id)}"]`);
      if (row && !isExpanded(row)) expand(row, true);
    }
  });
}
