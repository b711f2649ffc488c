/**
 * The editor around a text area for Markdown (`components/editor.html`): tools with keys, a preview that the server
 * makes, lists that go on by themselves, and the characters that are left. Without this the text area is a text area.
 *   data-editor             the element around it; data-most: characters it may have, data-preview-url: who makes the preview
 *   data-tool="bold"        a button of its bar, by the name of a tool (editor_text.js); Alt+F10 leads into the bar
 *   data-editor-view        the button that shows the preview in `data-editor-preview`, and the text again
 * What tools change counts as typed: it can be undone by Ctrl+Z, and drafts keep it.
 */
import { nextItem, TOOLS } from "./editor_text.js";
import { wireMentions } from "./mentions.js";

const KEYS = { b: "bold", i: "italic", k: "link" };
const COUNT_FROM = 0.8;
const PAUSE = 200;

const segments = "Segmenter" in Intl ? new Intl.Segmenter(undefined, { granularity: "grapheme" }) : null;

/** Characters as people count them. @param {string} text */
function countCharacters(text) {
  const lines = text.replaceAll("\r\n", "\n");
  if (!segments) return [...lines].length;
  let count = 0;
  for (const _ of segments.segment(lines)) count += 1;
  return count;
}

const fieldOf = (editor) => editor.querySelector("textarea");

/** Do an edit as if it had been typed. @param {HTMLTextAreaElement} field @param {import("./editor_text.js").Edit} edit */
export function apply(field, { from, to, text, start, end }) {
  field.focus();
  field.setSelectionRange(from, to);
  // deprecated, and the one way that Ctrl+Z takes back
  const done = text ? document.execCommand("insertText", false, text) : document.execCommand("delete");
  if (!done) {
    field.setRangeText(text, from, to, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  field.setSelectionRange(start, end);
}

function use(editor, name) {
  const field = fieldOf(editor);
  if (!TOOLS[name] || field.disabled || field.readOnly) return;
  showText(editor);
  apply(field, TOOLS[name](field.value, field.selectionStart, field.selectionEnd));
}

// --- preview -------------------------------------------------------------------------------------------------------

function showText(editor) {
  const preview = editor.querySelector("[data-editor-preview]");
  if (preview.hidden) return;
  preview.hidden = true;
  fieldOf(editor).hidden = false;
  setView(editor, false);
}

function setView(editor, isPreview) {
  editor.querySelector("[data-editor-view]").ariaPressed = String(isPreview);
  for (const tool of editor.querySelectorAll("[data-tool]")) tool.disabled = isPreview;
}

async function showPreview(editor) {
  const field = fieldOf(editor);
  const preview = editor.querySelector("[data-editor-preview]");
  preview.style.minHeight = `${field.offsetHeight}px`;
  preview.textContent = field.value.trim() ? "…" : "Nothing is written yet.";
  field.hidden = true;
  preview.hidden = false;
  setView(editor, true);
  if (!field.value.trim()) return;
  preview.ariaBusy = "true";
  const asked = field.value;
  const shown = await previewOf(editor.dataset.previewUrl, asked);
  if (preview.hidden || field.value !== asked) return;
  preview.ariaBusy = "false";
  if (shown.html === undefined) preview.textContent = shown.problem;
  else preview.innerHTML = shown.html;
}

/** @returns {Promise<{html?: string, problem?: string}>} rendered and cleaned by our server, or why not */
async function previewOf(url, text) {
  try {
    const headers = { ...JSON.parse(document.body.getAttribute("hx-headers") ?? "{}"), "HX-Request": "true" };
    const answer = await fetch(url, { method: "POST", headers, body: new URLSearchParams({ text }) });
    if (answer.ok && !answer.redirected) return { html: await answer.text() };
    if (answer.status === 422) return { problem: await answer.text() };
    if (answer.status === 401) return { problem: "You are signed out. Send it to sign in again; what you typed is kept." };
    return { problem: "The preview cannot be made now. Try again in a moment." };
  } catch {
    return { problem: "The server cannot be reached. What you typed is kept." };
  }
}

// --- characters ----------------------------------------------------------------------------------------------------

function count(editor) {
  const most = Number(editor.dataset.most);
  const place = editor.querySelector("[data-editor-count]");
  const { value } = fieldOf(editor);
  const characters = value.length < most * COUNT_FROM ? 0 : countCharacters(value.trim());
  const isOver = characters > most;
  place.toggleAttribute("data-over", isOver);
  const said = isOver ? `${characters.toLocaleString("en")} characters; ${most.toLocaleString("en")} are allowed` : "";
  const left = characters >= most * COUNT_FROM ? `${(most - characters).toLocaleString("en")} characters left` : "";
  const text = said || left;
  if (place.textContent !== text) place.textContent = text;
}

/** @type {WeakMap<Element, number>} */
const timers = new WeakMap();

function countSoon(editor) {
  clearTimeout(timers.get(editor));
  timers.set(editor, setTimeout(() => count(editor), PAUSE));
}

// --- keys ----------------------------------------------------------------------------------------------------------

const toolsOf = (editor) => [...editor.querySelectorAll("[data-tool]:not(:disabled), [data-editor-view]")];

/** Arrows go from tool to tool, Escape back into the text. Source: ARIA Authoring Practices, toolbar. */
function walk(event, editor) {
  const tools = toolsOf(editor);
  const at = tools.indexOf(event.target);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tools.length - 1 }[event.key];
  if (to === undefined && event.key !== "Escape") return;
  event.preventDefault();
  event.stopPropagation();
  if (event.key === "Escape") leaveTools(editor);
  else tools[(to + tools.length) % tools.length].focus();
}

function leaveTools(editor) {
  showText(editor);
  fieldOf(editor).focus();
}

function onKey(event) {
  const editor = event.target.closest?.("[data-editor]");
  if (!editor || event.isComposing || event.defaultPrevented) return;
  if (event.target.matches("[data-tool], [data-editor-view]")) return walk(event, editor);
  const field = fieldOf(editor);
  if (event.key === "F10" && event.altKey) {
    event.preventDefault();
    return toolsOf(editor)[0]?.focus();
  }
  // the list of people answers to Enter by itself
  if (event.target !== field || field.ariaExpanded === "true") return;
  const tool = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && KEYS[event.key.toLowerCase()];
  if (tool) {
    event.preventDefault();
    use(editor, tool);
  } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey) {
    const edit = field.selectionStart === field.selectionEnd && nextItem(field.value, field.selectionStart);
    if (!edit) return;
    event.preventDefault();
    apply(field, edit);
  }
}

/** @type {WeakSet<Element>} */
const wired = new WeakSet();

function wireAll(root) {
  const inside = [...root.querySelectorAll("[data-editor]")];
  for (const editor of root instanceof Element && root.matches("[data-editor]") ? [root, ...inside] : inside) {
    if (wired.has(editor)) continue;
    wired.add(editor);
    wireMentions(editor, fieldOf(editor), apply);
    count(editor);
  }
}

export function wireEditor() {
  // before the keys of the page, which would take Escape and letters
  document.addEventListener("keydown", onKey, { capture: true });
  document.addEventListener("mousedown", (event) => {
    // a press on a tool leaves the selection in the text
    if (event.target.closest?.("[data-tool]")) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const tool = event.target.closest?.("[data-tool]");
    if (tool) return use(tool.closest("[data-editor]"), tool.dataset.tool);
    const view = event.target.closest?.("[data-editor-view]");
    if (!view) return;
    const editor = view.closest("[data-editor]");
    if (view.ariaPressed === "true") {
      showText(editor);
      fieldOf(editor).focus();
    } else {
      showPreview(editor);
    }
  });
  const changed = (event) => {
    const editor = event.target.closest?.("[data-editor]");
    if (editor) countSoon(editor);
  };
  document.addEventListener("input", changed);
  document.addEventListener("draft-restored", changed);
  // a browser cannot point at a field that is not shown
  document.addEventListener("invalid", (event) => {
    const editor = event.target.closest?.("[data-editor]");
    if (editor) showText(editor);
  }, { capture: true });
  wireAll(document);
  document.body.addEventListener("htmx:load", (event) => wireAll(event.target));
}
