/**
 * The filters of a list: “Add filter” and the chips open a small window beside them, in which the list changes at once.
 * Without this code they are links to a page that does the same. On the page:
 *   data-filter-popover   the window (a popover outside of what a new list replaces), with #filter-panel inside
 *   data-filter-choices   a template of all fields: buttons with data-filter-key
 *   data-filter-add       the link “Add filter”; data-filter-edit="key" on a chip, or any link to the same page
 * In the form of one filter, as the server sends it: data-filter-editor="key", data-filter-at-once (every change
 * counts), data-filter-done (what closes the window), data-filter-back (to all fields).
 */

const GAP = 6;
const EDGE = 8;

/** @returns {HTMLElement | null} */
const popover = () => document.querySelector("[data-filter-popover]");
const panel = () => document.getElementById("filter-panel");

/** Where the window was opened from: a key, or "" for “Add filter”. */
let openedFor = "";

/** The window was closed, and the person has done nothing else since. */
let returning = false;

/** The link that leads back to where the person was, in the list as it is now. */
function anchor() {
  const chip = openedFor && document.querySelector(`[data-filter-edit="${CSS.escape(openedFor)}"]`);
  return chip || document.querySelector("[data-filter-add]");
}

function place() {
  const box = popover();
  const from = anchor()?.getBoundingClientRect();
  if (!box || !from) return;
  const width = box.offsetWidth;
  box.style.left = `${Math.max(EDGE, Math.min(from.left, document.documentElement.clientWidth - width - EDGE))}px`;
  box.style.top = `${from.bottom + GAP}px`;
  box.style.maxHeight = `${Math.max(240, innerHeight - from.bottom - GAP - EDGE)}px`;
}

/** @param {string} key "" for all fields */
function open(key, address) {
  openedFor = key;
  const box = popover();
  if (key) panel().replaceChildren();
  else showChoices(address);
  if (!box.matches(":popover-open")) box.showPopover();
  // a key may open it while the filters are scrolled out of sight
  anchor()?.scrollIntoView({ block: "nearest" });
  place();
  if (key) load(address);
}

function close() {
  const box = popover();
  if (box?.matches(":popover-open")) box.hidePopover();
}

/** All fields, with a line to type in. @param {string} address of the page that does the same */
function showChoices(address) {
  const template = document.querySelector("[data-filter-choices]");
  panel().replaceChildren(template.content.cloneNode(true));
  panel().querySelector("form").dataset.address = address;
  const input = panel().querySelector("[data-filter-search]");
  input.addEventListener("input", () => narrow(input.value));
  narrow("");
  queueMicrotask(() => input.focus());
}

const choices = () => [...panel().querySelectorAll("[data-filter-key]")];
const shownChoices = () => choices().filter((one) => !one.hidden);

/** Show the fields that fit what was typed: first those that begin with it. @param {string} text */
function narrow(text) {
  const wanted = text.trim().toLowerCase();
  for (const one of choices()) {
    const words = `${one.querySelector(".filter-choice").textContent} ${one.dataset.filterKey.replaceAll("_", " ")}`;
    one.hidden = !words.toLowerCase().split(/\s+/).some((word) => word.startsWith(wanted)) &&
      !words.toLowerCase().includes(wanted);
    one.style.order = one.textContent.trim().toLowerCase().startsWith(wanted) ? "0" : "1";
  }
  const shown = inOrder();
  panel().querySelector("[data-filter-none]").hidden = shown.length > 0;
  setActive(shown[0]);
}

const inOrder = () => shownChoices().sort((one, other) => Number(one.style.order) - Number(other.style.order));

function setActive(choice) {
  for (const one of choices()) delete one.dataset.active;
  const input = panel().querySelector("[data-filter-search]");
  if (!choice) {
    input.removeAttribute("aria-activedescendant");
    return;
  }
  choice.id = `filter-choice-${choice.dataset.filterKey}`;
  choice.dataset.active = "";
  choice.scrollIntoView({ block: "nearest" });
  input.setAttribute("aria-activedescendant", choice.id);
}

/** Arrows and Enter while typing the name of a field. */
function onSearchKey(event) {
  const shown = inOrder();
  const active = shown.findIndex((one) => "active" in one.dataset);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const by = event.key === "ArrowDown" ? 1 : -1;
    setActive(shown[(active + by + shown.length) % shown.length]);
  } else if (event.key === "Enter" && !event.isComposing) {
    shown[active]?.click();
  } else return;
  event.preventDefault();
}

function pick(button) {
  const address = new URL(button.form.dataset.address ?? button.form.action, location.href);
  address.searchParams.set("key", button.dataset.filterKey);
  openedFor = button.dataset.filterKey;
  load(address.pathname + address.search);
}

/** The form of one filter, from the server; what waits for new elements is at work before it gets the focus.
 * @param {string} address */
function load(address) {
  window.htmx.ajax("GET", address, { target: "#filter-panel", swap: "innerHTML" });
}

function onSettled(event) {
  const isOpen = popover()?.matches(":popover-open");
  if (event.target === panel() && isOpen) {
    place();
    focusFirst();
  } else if (event.target.id === "queue") {
    // a new list while the window is open, or just after: the chip has moved, and may have had the focus
    if (isOpen) place();
    else if (returning && document.activeElement === document.body) anchor()?.focus();
  }
}

function focusFirst() {
  const editor = panel().querySelector("[data-filter-editor]");
  const combobox = editor?.querySelector(".combobox-input");
  const present = editor?.querySelector('.filter-values [aria-current="true"]');
  const first = combobox ?? present ?? editor?.querySelector(".filter-values :is(a, input), .filter-own input");
  first?.focus();
  combobox?.click();
}

/** The arrows go through check boxes and links; a letter goes to the next that begins with it. */
function onEditorKey(event) {
  const items = [...panel().querySelectorAll(".filter-values :is(a, input)")];
  const at = items.indexOf(event.target);
  if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
  const textOf = (item) => (item.closest("label") ?? item).textContent.trim().toLowerCase();
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    items[(at + (event.key === "ArrowDown" ? 1 : -1) + items.length) % items.length].focus();
  } else if (event.key === "Enter" && event.target.matches("[type=checkbox]")) {
    event.target.click();
  } else if (/^\p{L}$/u.test(event.key)) {
    const turned = [...items.slice(at + 1), ...items.slice(0, at + 1)];
    turned.find((item) => textOf(item).startsWith(event.key.toLowerCase()))?.focus();
  } else return;
  event.preventDefault();
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (!popover()?.contains(event.target)) return;
  if (event.target.matches("[data-filter-search]")) onSearchKey(event);
  else onEditorKey(event);
  // keys pressed here are not the list's
  if (event.key !== "Escape") event.stopPropagation();
}

function onClick(event) {
  const link = event.target.closest("a[href]");
  const isPlain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.button);
  const box = popover();
  if (!box || !isPlain) return;
  const button = event.target.closest("[data-filter-key]");
  if (button && box.contains(button)) {
    event.preventDefault();
    pick(button);
  } else if (event.target.closest("[data-filter-back]") && box.contains(event.target)) {
    event.preventDefault();
    showChoices(document.querySelector("[data-filter-add]")?.getAttribute("href"));
  } else if (link && new URL(link.href, location.href).pathname === box.dataset.filterPopover && !box.contains(link)) {
    event.preventDefault();
    event.stopPropagation();
    open(new URL(link.href, location.href).searchParams.get("key") ?? "", link.getAttribute("href"));
  } else if (event.target.closest("[data-filter-done]") && box.contains(event.target)) {
    queueMicrotask(close);
  }
}

/** The form that was changed a moment ago. @type {HTMLFormElement | null} */
let waiting = null;
let timer = 0;

/** What is chosen counts at once; several quick choices are one request. */
function onChange(event) {
  const form = event.target.closest?.("[data-filter-at-once] [data-filter-form]");
  if (!form || !popover()?.contains(form) || event.target.matches(".combobox-input")) return;
  clearTimeout(timer);
  waiting = form;
  timer = setTimeout(send, 60);
}

function send() {
  clearTimeout(timer);
  const form = waiting;
  waiting = null;
  if (form?.isConnected) form.requestSubmit();
}

export function wireFilterMenu() {
  document.addEventListener("click", onClick, true);
  document.addEventListener("keydown", onKey);
  document.addEventListener("change", onChange);
  // a form that is sent whole is done; one where every change counts stays open
  document.body.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt?.closest?.("[data-filter-form]");
    if (!form || !popover()?.contains(form) || !event.detail.successful) return;
    if (!form.closest("[data-filter-at-once]")) close();
  });
  document.body.addEventListener("htmx:afterSettle", onSettled);
  for (const kind of ["keydown", "pointerdown"]) document.addEventListener(kind, () => (returning = false), true);
  addEventListener("resize", place);
  document.addEventListener(
    "toggle",
    (event) => {
      if (event.target !== popover() || event.newState !== "closed") return;
      send();
      returning = true;
      // the list may be another one by now: back to the chip, wherever it is
      if (document.activeElement === document.body || popover().contains(document.activeElement)) anchor()?.focus();
    },
    true,
  );
}
