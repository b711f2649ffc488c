/**
 * Keeps what a person has typed and not yet saved: over a reload, a walk to other pages, a failed request, an ended
 * session. `data-draft="key"` on a text field keeps its text; `data-draft-form="key"` on a form keeps the fields that
 * differ from what it showed when it was opened (each field has a hidden twin `was_…`), and the version they are based
 * on, so that saving later still meets what others have changed meanwhile.
 *
 * `data-draft-over` beside it is for a text that is written anew: the draft stands over what the form came with.
 *
 * Kept in this browser for each person by themselves, for 14 days at most; gone once saved or thrown away.
 *   data-draft-notice="key key"   shown while there is a draft of one of the keys; `data-draft-age` in it says how old
 *   data-draft-resume             in a notice: the link that takes the draft up again
 *   data-draft-discard="key key"  a button that throws drafts away; the toast offers them back
 *   data-draft-saved="key key"    in an answer to a form sent without script: these were saved
 */
import { comboboxOf } from "./combobox.js";
import { words } from "./relative_time.js";
import { showToast } from "./toast.js";

const PREFIX = "draft:";
const LONGEST = 14 * 86_400_000;
/** Names the draft that was being worked on in this tab, so that the page opens its form again. */
const inHand = () => `draft-in-hand:${person()}`;

const person = () => document.body.dataset.person ?? "";
/** @param {string} key */
const placeOf = (key) => `${PREFIX}${person()}:${key}`;
const keysIn = (text) => (text ?? "").split(" ").filter(Boolean);
let hasWarned = false;

/** @param {string} place @returns {{at: number, text?: string, once?: string, version?: string, fields?: object} | null} */
function read(place) {
  try {
    const draft = JSON.parse(localStorage.getItem(place) ?? "null");
    return draft && Date.now() - draft.at < LONGEST ? draft : null;
  } catch {
    return null;
  }
}

function write(place, draft) {
  try {
    localStorage.setItem(place, JSON.stringify({ at: Date.now(), ...draft }));
  } catch {
    if (!hasWarned) showToast("This browser keeps no drafts: what you type is lost on a reload.", { kind: "warning" });
    hasWarned = true;
  }
}

function erase(place) {
  try {
    localStorage.removeItem(place);
  } catch {
    // nothing could be kept either
  }
}

/** What is too old, or no draft at all, goes; whoever's it is. */
function sweep() {
  try {
    for (const place of Object.keys(localStorage)) {
      if (place.startsWith(PREFIX) && !read(place)) erase(place);
    }
  } catch {
    // storage is shut off
  }
}

// --- text fields ---------------------------------------------------------------------------------------------------

/** @param {Element | Document} root @param {string} selector */
function all(root, selector) {
  const inside = [...root.querySelectorAll(selector)];
  return root instanceof Element && root.matches(selector) ? [root, ...inside] : inside;
}

/** @type {WeakMap<Element, string>} fields with the text of theirs that was saved: one that is taken off the page with the
 * focus still in it says once more that it has changed */
const saved = new WeakMap();

function keepText(field) {
  if (saved.get(field) === field.value) return;
  const place = placeOf(field.dataset.draft);
  const { once, version } = field.form?.elements ?? {};
  const isUnchanged = field.dataset.draftOver !== undefined ? field.value === field.defaultValue : !field.value;
  if (isUnchanged) erase(place);
  else write(place, { text: field.value, once: once?.value, version: version?.value });
}

function restoreText(field) {
  const draft = read(placeOf(field.dataset.draft));
  const isOver = field.dataset.draftOver !== undefined;
  if (!draft?.text || (field.value && !isOver)) return;
  // an answer to what was sent knows better
  if (isOver && field.form?.dataset.bound !== undefined) return;
  field.value = draft.text;
  // what others have changed since it was typed is still news when it is saved
  if (isOver && draft.version && field.form?.elements.version) field.form.elements.version.value = draft.version;
  // sent once and never answered, it must not be added twice
  if (draft.once && field.form?.elements.once) field.form.elements.once.value = draft.once;
  field.dispatchEvent(new Event("draft-restored", { bubbles: true }));
}

// --- whole forms ---------------------------------------------------------------------------------------------------

/** The fields that differ from what the form showed: name → values with their labels. */
function changesOf(form) {
  const data = new FormData(form);
  const values = (name) => data.getAll(name).map((value) => String(value).replaceAll("\r\n", "\n")).filter(Boolean);
  const changes = {};
  for (const twin of form.querySelectorAll('[name^="was_"]')) {
    const name = twin.name.slice(4);
    const now = values(name);
    if ([...now].sort().join("\0") === values(twin.name).sort().join("\0")) continue;
    const label = comboboxOf(comboboxIn(form, name))?.label;
    changes[name] = now.map((value) => ({ value, label: label || value }));
  }
  return changes;
}

const comboboxIn = (form, name) => form.querySelector(`[data-combobox][data-name="${CSS.escape(name)}"]`);

function keepForm(form) {
  const place = placeOf(form.dataset.draftForm);
  const fields = changesOf(form);
  if (Object.keys(fields).length === 0) return erase(place);
  // the oldest version stands: until it is saved, what others changed since then is news
  const before = read(place);
  const version = (before?.of === subjectOf(form) && before.version) || versionIn(form)?.value;
  write(place, { fields, version, of: subjectOf(form) });
}

const versionIn = (form) => form.elements.version ?? form.elements.versions;
/** Which rows a form of several is about; a draft for others is not put into it. */
const subjectOf = (form) => form.elements.alert?.value ?? "";

/** While a form is being restored nobody is typing. */
let isRestoring = false;

function restoreForm(form) {
  if (form.dataset.bound !== undefined) return;
  const draft = read(placeOf(form.dataset.draftForm));
  if (!draft?.fields || (draft.of ?? "") !== subjectOf(form)) return;
  for (const [name, items] of Object.entries(draft.fields)) {
    const combobox = comboboxOf(comboboxIn(form, name));
    const control = form.elements[name];
    if (combobox) combobox.set(items);
    else if (control?.type === "checkbox") control.checked = items.length > 0;
    else if (control instanceof Element) control.value = items[0]?.value ?? "";
  }
  if (versionIn(form) && draft.version) versionIn(form).value = draft.version;
}

/** Whether a form holds anything that is not saved. @param {HTMLFormElement} form */
export function isUnsaved(form) {
  return keysOf(form).some((key) => read(placeOf(key)));
}

const keysOf = (form) => [form.dataset.draftForm, ...all(form, "[data-draft]").map((field) => field.dataset.draft)].filter(Boolean);

// --- telling of drafts ---------------------------------------------------------------------------------------------

function showNotices(root) {
  for (const notice of all(root, "[data-draft-notice]")) {
    const drafts = keysIn(notice.dataset.draftNotice).map((key) => read(placeOf(key))).filter(Boolean);
    notice.hidden = drafts.length === 0;
    const age = notice.querySelector("[data-draft-age]");
    if (!drafts.length || !age) continue;
    const at = Math.max(...drafts.map((draft) => draft.at));
    const since = words(Math.trunc((Date.now() - at) / 1000)) ?? new Date(at).toLocaleDateString();
    age.textContent = since === "now" ? "just now" : /^\d+ (min|h|d)$/.test(since) ? `${since} ago` : `on ${since}`;
  }
}

/** Throw drafts away, and offer them back. @param {string[]} keys */
function discard(keys) {
  const thrown = keys.map((key) => [placeOf(key), read(placeOf(key))]).filter(([, draft]) => draft);
  for (const [place] of thrown) erase(place);
  showNotices(document);
  if (thrown.length === 0) return;
  const undo = () => {
    for (const [place, draft] of thrown) write(place, draft);
    showNotices(document);
    resume(keys[0]);
  };
  showToast("What you had not saved is thrown away.", { undo });
}

/** Open the form of a draft again, where the page shows what it belongs to. @param {string} key */
function resume(key) {
  for (const notice of document.querySelectorAll("[data-draft-notice]:not([hidden])")) {
    if (keysIn(notice.dataset.draftNotice).includes(key)) notice.querySelector("[data-draft-resume]")?.click();
  }
}

/** Remember which form is open in this tab; a form that went for good is forgotten. */
function rememberInHand() {
  const form = document.querySelector("[data-pane]:not([hidden]) form[data-draft-form]");
  try {
    if (form) sessionStorage.setItem(inHand(), form.dataset.draftForm);
    else sessionStorage.removeItem(inHand());
  } catch {
    // then the notice has to do
  }
}

function resumeInHand() {
  try {
    const key = sessionStorage.getItem(inHand());
    if (key) resume(key);
  } catch {
    // then the notice has to do
  }
}

function restore(root) {
  isRestoring = true;
  for (const form of all(root, "form[data-draft-form]")) restoreForm(form);
  isRestoring = false;
  for (const field of all(root, "[data-draft]")) restoreText(field);
  showNotices(root);
}

/** @type {WeakMap<XMLHttpRequest, {key: string, texts: Map<Element, string>}>} the drafts that a request carries; when it
 * is answered, its form may be gone */
const carried = new WeakMap();

/** Saved: the drafts go, but for what was typed while the answer was on its way. */
function forget({ key, texts }) {
  if (key) erase(placeOf(key));
  for (const [field, text] of texts) {
    saved.set(field, text);
    const place = placeOf(field.dataset.draft);
    if (read(place)?.text === text) erase(place);
  }
  showNotices(document);
}

export function wireDrafts() {
  sweep();
  const keep = ({ target }) => {
    if (isRestoring) return;
    if (target.matches?.("[data-draft]")) keepText(target);
    const form = target.closest?.("form[data-draft-form]");
    if (form) keepForm(form);
  };
  document.addEventListener("input", keep);
  document.addEventListener("change", keep);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-draft-discard]");
    if (button) discard(keysIn(button.dataset.draftDiscard));
  }, true);
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    const { target, detail } = event;
    // a preview of a form is no saving of it
    if (detail.requestConfig.verb === "get" || !target.matches?.("form")) return;
    const fields = all(target, "[data-draft]");
    fields.forEach(keepText);
    const texts = new Map(fields.map((field) => [field, field.value]));
    carried.set(detail.xhr, { key: target.dataset?.draftForm ?? "", texts });
  });
  // before the answer is swapped in: it may hold a field of the same key
  document.body.addEventListener("htmx:beforeOnLoad", ({ detail: { xhr } }) => {
    if (xhr.status >= 200 && xhr.status < 300 && carried.has(xhr)) forget(carried.get(xhr));
  });
  document.body.addEventListener("htmx:load", (event) => restore(event.target));
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.closest?.("[data-pane]")) rememberInHand();
  });
  document.body.addEventListener("watchfloor:pane-closed", rememberInHand);
  for (const notice of document.querySelectorAll("[data-draft-saved]")) {
    for (const key of keysIn(notice.dataset.draftSaved)) erase(placeOf(key));
  }
  restore(document);
  document.addEventListener("DOMContentLoaded", resumeInHand, { once: true });
}
