/**
 * The pane beside a list. A row is `tr[data-row]` with `data-id` and `data-pane-url` (or `data-href` where there is no
 * pane); the place is `data-pane`. A click on a row, or Enter, opens it; the row stays marked; Esc closes and gives the
 * focus back. With `data-pane-parameter="open"` the address names the open row, so a link shows the same.
 *
 * The focus is kept on its row whatever is swapped: on the same row again, or where that one has left, on the one that
 * stands in its place. Once the open incident is resolved (`watchfloor:resolved`), the next one is opened.
 */
import { announce, showToast } from "./toast.js";
import { isUnsaved } from "./drafts.js";

/** @type {Element | null} where the focus was when the pane opened */
let origin = null;
/** @type {string} the id of the row that is open */
let openId = "";
/** @type {string} the id of the row that had the focus last */
let touchedId = "";
/** Where that row stood in the list. */
let touchedAt = 0;
/** Whether the focus belongs to that row, also while it is being swapped. */
let isHeld = false;
/** Whether the pane was opened for the form in it, and closes with it. */
let isForForm = false;

export const pane = () => /** @type {HTMLElement | null} */ (document.querySelector("[data-pane]"));
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

/** The form in the pane, if it shows one. @returns {HTMLFormElement | null} */
export const paneForm = () => (paneIsOpen() ? pane().querySelector("form.manage") : null);

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

// --- the focus -----------------------------------------------------------------------------------------------------

/** Tab walks through the row in hand alone, not through hundreds of boxes and links on the way to the pane. */
function rove(current) {
  for (const row of document.querySelectorAll("tr[data-row]")) {
    const index = row === current ? 0 : -1;
    row.tabIndex = index;
    for (const control of row.querySelectorAll("a, button, input, summary")) control.tabIndex = index;
  }
}

/** Put the focus on a row without opening it. @param {HTMLElement} row */
export function focusRow(row) {
  rove(row);
  touch(row);
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function touch(row) {
  touchedId = row.dataset.id ?? "";
  touchedAt = Math.max(0, rows().indexOf(row));
  isHeld = true;
}

/** The focus on the row in hand, or where that one has left, on the one in its place; on a narrow screen, where the pane
 * covers the list, on the pane. */
export function focusCurrent() {
  const all = rows();
  if (narrow() && paneIsOpen()) pane().focus();
  else if (all.length) focusRow(rowOf(openId) ?? rowOf(touchedId) ?? all[Math.min(touchedAt, all.length - 1)]);
  else if (paneIsOpen()) pane().focus();
  else document.getElementById("main")?.focus();
}

const focusIsLost = () => !document.activeElement || document.activeElement === document.body;

function keepFocus() {
  if (!isHeld || !focusIsLost() || document.querySelector("dialog[open]")) return;
  const all = rows();
  const row = rowOf(touchedId) ?? all[Math.min(touchedAt, all.length - 1)];
  if (row) focusRow(row);
}

// --- opening and closing -------------------------------------------------------------------------------------------

/**
 * Open a row in the pane.
 * @param {HTMLElement} row
 * @param {string} [url] what the pane shall show of it, if not its details
 * @returns {Promise<void>} when the pane shows it
 */
export async function openRow(row, url = "") {
  const place = pane();
  if (!row.dataset.paneUrl || !place) {
    if (row.dataset.href) location.assign(row.dataset.href);
    return;
  }
  tellOfUnsaved();
  if (!paneIsOpen()) {
    origin = document.activeElement;
    isForForm = Boolean(url);
  } else if (!url || openId !== row.dataset.id) isForForm = false;
  openId = row.dataset.id ?? "";
  place.hidden = false;
  fit();
  mark();
  nameInAddress();
  if (narrow()) document.querySelector(".split > :first-child")?.setAttribute("inert", "");
  await load(place, url || row.dataset.paneUrl);
  place.scrollTop = 0;
  if (narrow() && !url) place.focus();
  const title = place.querySelector("h2")?.textContent;
  if (title) announce(`Details: ${title}`);
}

/** Show something in the pane that belongs to no row. @param {string} url @returns {Promise<void>} */
export async function fillPane(url) {
  const place = pane();
  showForForm();
  await load(place, url);
}

/** The pane appears for a form that is on its way. */
export function showForForm() {
  const place = pane();
  if (!place.hidden) return;
  origin = document.activeElement;
  isForForm = true;
  place.hidden = false;
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

/** Done when what came in is alive. */
async function fill(place, url, number) {
  place.ariaBusy = "true";
  try {
    // one at a time for this source, and of those that wait only the last: quick walking ends on the right row
    await window.htmx.ajax("GET", url, { source: place, target: place, swap: "innerHTML" });
  } catch {
    // failures.js tells of it
  } finally {
    if (number === fillings) place.ariaBusy = null;
  }
}

export function closePane() {
  const place = pane();
  if (!place || place.hidden) return false;
  tellOfUnsaved();
  place.hidden = true;
  // a form that was left is not sent by accident, and what others do to its incident is not shown stale
  if (place.querySelector("form.manage")) place.replaceChildren();
  document.querySelector(".split > [inert]")?.removeAttribute("inert");
  const row = rowOf(openId);
  openId = "";
  isForForm = false;
  mark();
  nameInAddress();
  if (row) focusRow(row);
  else if (rows().length) focusCurrent();
  else if (origin instanceof HTMLElement && origin.isConnected) origin.focus();
  document.body.dispatchEvent(new CustomEvent("watchfloor:pane-closed"));
  return true;
}

/** Give up the form in the pane: back to the details it was opened from, or to the list. What was typed is kept. */
export function leaveForm() {
  const row = rowOf(openId);
  if (isForForm || !row) return closePane();
  openRow(row);
  focusCurrent();
  return true;
}

function tellOfUnsaved() {
  const form = paneForm();
  if (form?.dataset.draftForm && isUnsaved(form)) showToast("What you had not saved is kept; open it again to go on.");
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

// --- its height ----------------------------------------------------------------------------------------------------

/** Beside the list the pane ends where the window does, so that what stands at its foot is in sight. */
function fit() {
  const place = pane();
  if (!place || place.hidden) return;
  if (narrow()) place.style.removeProperty("max-height");
  else place.style.maxHeight = `${Math.max(240, innerHeight - Math.max(12, place.getBoundingClientRect().top) - 12)}px`;
}

function fitSoon() {
  cancelAnimationFrame(fitting);
  fitting = requestAnimationFrame(fit);
}

let fitting = 0;

// --- after resolving -----------------------------------------------------------------------------------------------

/** The next row, when the open incident has been resolved and its answer is about to be shown. */
let successor = "";
/** Where the last row of the page stood that has been resolved; one may come up from the next page. */
let vacancy = -1;

function onResolved({ detail }) {
  const id = String(detail.id);
  const all = rows();
  const at = all.findIndex((row) => row.dataset.id === id);
  if (at < 0 || id !== openId) return;
  all[at].classList.add("row-done");
  successor = all[at + 1]?.dataset.id ?? "";
  vacancy = successor ? -1 : at;
}

/** The list has been shown anew: a row that has come up in place of the last one is the next. */
function fillVacancy(event) {
  if (vacancy < 0 || !event.target.querySelector?.("tr[data-row]")) return;
  const row = rows()[vacancy];
  vacancy = -1;
  if (!row || row.dataset.id === openId || !paneIsOpen() || paneForm()) return;
  touch(row);
  openRow(row);
  focusCurrent();
}

/** The next incident takes the place of what the answer would show. */
function advance(event) {
  const next = rowOf(successor);
  successor = "";
  if (!next || event.detail.target !== pane()) return;
  event.detail.shouldSwap = false;
  pane().replaceChildren();
  touch(next);
  openRow(next);
  focusCurrent();
}

// --- wiring --------------------------------------------------------------------------------------------------------

/** A form came into the pane, or an answer to it: the focus goes to what has to be looked at, or back to the row. */
function afterFilling(event) {
  const place = pane();
  if (!place || event.target !== place) return;
  // a save that was not accepted: what to look at goes before the field that was typed in last
  const isRefused = event.detail?.requestConfig?.verb === "post" && paneForm();
  if (!isRefused && !focusIsLost()) return;
  const first = place.querySelector("[data-focus], .conflict input, [aria-invalid=true]");
  if (first) first.focus();
  else if (focusIsLost() && !paneForm()) focusCurrent();
}

export function wirePane() {
  openId = document.querySelector("tr.row-open")?.dataset.id ?? "";
  const start = rowOf(openId) ?? rows()[0];
  if (start) rove(start);

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-pane-close]") && paneIsOpen()) {
      event.preventDefault();
      closePane();
    }
    if (event.target.closest("[data-form-leave]") && paneForm()) {
      event.preventDefault();
      leaveForm();
    }
    // a button that loads something into the pane opens it, on pages without rows as well
    if (event.target.closest("[data-pane-open]") && pane()) showForForm();
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
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest?.("tr[data-row]");
    if (row) touch(row);
    else isHeld = false;
  });
  document.addEventListener("pointerdown", (event) => {
    if (!event.target.closest?.("tr[data-row]")) isHeld = false;
  });
  addEventListener("scroll", fitSoon, { passive: true });
  addEventListener("resize", fitSoon);
  fitSoon();
  document.body.addEventListener("watchfloor:close-pane", closePane);
  document.body.addEventListener("watchfloor:resolved", onResolved);
  document.body.addEventListener("htmx:beforeSwap", (event) => successor && advance(event));
  document.body.addEventListener("htmx:afterSwap", keepFocus);
  // rows that were swapped in do not know yet that one of them is open
  document.body.addEventListener("htmx:afterSettle", (event) => {
    fillVacancy(event);
    mark();
    afterFilling(event);
    rove(currentRow() ?? rows()[0]);
    keepFocus();
    fitSoon();
  });
}
