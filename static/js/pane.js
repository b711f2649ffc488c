/**
 * The pane beside a list. A row is `tr[data-row]` with `data-id` and `data-pane-url` (or `data-href` where there is no
 * pane); the place is `data-pane`. A click on a row, or Enter, opens it; the row stays marked; Esc closes and gives the
 * focus back. With `data-pane-parameter="open"` the address names the open row, so a link shows the same.
 */
import { announce } from "./toast.js";

/** @type {Element | null} where the focus was when the pane opened */
let origin = null;
/** @type {string} the id of the row that is open */
let openId = "";
/** @type {string} the id of the row that had the focus last */
let touchedId = "";

const pane = () => /** @type {HTMLElement | null} */ (document.querySelector("[data-pane]"));
const narrow = () => matchMedia("(max-width: 1060px)").matches;

/** The rows of the list, in order. @returns {HTMLElement[]} */
export const rows = () => [...document.querySelectorAll("tr[data-row]")].filter((row) => row.offsetParent !== null);

/** The row in hand: the focused one, else the open one, else the one touched last. @returns {HTMLElement | null} */
export function currentRow() {
  const focused = document.activeElement?.closest?.("tr[data-row]");
  return focused ?? rowOf(openId) ?? rowOf(touchedId);
}

const rowOf = (id) => (id ? document.querySelector(`tr[data-row][data-id="${CSS.escape(id)}"]`) : null);

export const paneIsOpen = () => Boolean(pane() && !pane().hidden);

function mark() {
  for (const row of document.querySelectorAll("tr.row-open")) row.classList.remove("row-open");
  rowOf(openId)?.classList.add("row-open");
}

function nameInAddress() {
  const key = pane()?.dataset.paneParameter;
  if (!key) return;
  const address = new URL(location.href);
  if (openId) address.searchParams.set(key, openId);
  else address.searchParams.delete(key);
  history.replaceState(history.state, "", address);
}

/** Put the focus on a row without opening it. @param {HTMLElement} row */
export function focusRow(row) {
  for (const other of document.querySelectorAll("tr[data-row][tabindex='0']")) other.tabIndex = -1;
  row.tabIndex = 0;
  touchedId = row.dataset.id ?? "";
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

/**
 * Open a row in the pane.
 * @param {HTMLElement} row
 * @returns {Promise<void>} when the pane shows it
 */
export async function openRow(row) {
  const place = pane();
  if (!row.dataset.paneUrl || !place) {
    if (row.dataset.href) location.assign(row.dataset.href);
    return;
  }
  if (!paneIsOpen()) origin = document.activeElement;
  openId = row.dataset.id ?? "";
  place.hidden = false;
  mark();
  nameInAddress();
  if (narrow()) document.querySelector(".split > :first-child")?.setAttribute("inert", "");
  await load(place, row.dataset.paneUrl);
  place.scrollTop = 0;
  if (narrow()) place.focus();
  const title = place.querySelector("h2")?.textContent;
  if (title) announce(`Details: ${title}`);
}

/** How often the pane was filled; what it shows is the open row's when the last filling is done. */
let fillings = 0;
/** @type {Promise<void>} */
let filling = Promise.resolve();

/** When the pane shows the row that is open. @returns {Promise<void>} */
export const paneIsFilled = () => filling;

/** Fill the pane. Until that is done it is busy: a key or a click must not reach the row shown before. */
function load(place, url) {
  fillings += 1;
  filling = fill(place, url, fillings);
  return filling;
}

/** Done when what came in is alive, which HTMX makes it a moment after the request has ended. */
async function fill(place, url, number) {
  const settled = new Promise((resolve) => place.addEventListener("htmx:afterSettle", resolve, { once: true }));
  place.ariaBusy = "true";
  try {
    // one at a time for this source, and of those that wait only the last: quick walking ends on the right row
    await window.htmx.ajax("GET", url, { source: place, target: place, swap: "innerHTML" });
    await Promise.race([settled, new Promise((resolve) => setTimeout(resolve, 250))]);
  } catch {
    // failures.js tells of it
  } finally {
    if (number === fillings) place.ariaBusy = null;
  }
}

export function closePane() {
  const place = pane();
  if (!place || place.hidden) return false;
  place.hidden = true;
  document.querySelector(".split > [inert]")?.removeAttribute("inert");
  const row = rowOf(openId);
  openId = "";
  mark();
  nameInAddress();
  if (row) focusRow(row);
  else if (origin instanceof HTMLElement) origin.focus();
  return true;
}

/**
 * One row up or down; the pane, when it is open, goes along.
 * @param {1 | -1} step
 */
export function move(step) {
  const all = rows();
  if (all.length === 0) return;
  const at = all.indexOf(currentRow());
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step));
  const inPane = pane()?.contains(document.activeElement);
  if (!inPane) focusRow(all[next]);
  if (paneIsOpen() && next !== at) openRow(all[next]);
}

export function wirePane() {
  openId = document.querySelector("tr.row-open")?.dataset.id ?? "";

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-pane-close]") && paneIsOpen()) {
      event.preventDefault();
      closePane();
    }
    // a button that loads something into the pane opens it, on pages without rows as well
    if (event.target.closest("[data-pane-open]") && pane()) pane().hidden = false;
    if (event.target.closest("[data-pane-next]")) move(1);
    if (event.target.closest("[data-pane-previous]")) move(-1);

    const row = event.target.closest("tr[data-row]");
    const onControl = event.target.closest("a, button, input, label, select, summary, textarea");
    if (!row || onControl || event.defaultPrevented || String(getSelection())) return;
    if (event.metaKey || event.ctrlKey) window.open(row.dataset.href, "_blank", "noopener");
    else {
      focusRow(row);
      openRow(row);
    }
  });
  document.body.addEventListener("watchfloor:close-pane", closePane);
  // rows that were swapped in do not know yet that one of them is open
  document.body.addEventListener("htmx:afterSettle", mark);
}
