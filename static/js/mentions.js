/**
 * Type-ahead of people and teams in an editor: after `@`, the server's options (`components/combobox_options.html`) stand
 * at the caret; arrows choose, Enter or Tab takes one, Escape leaves. The text area is a combobox as long as they stand.
 */

const DELAY = 120;
const CALL = /(?:^|[^\w@/.-])@([\w.-]{0,60})$/;
let made = 0;

/** @param {HTMLElement} editor @param {HTMLTextAreaElement} field @param {Function} apply does an edit in the field */
export function wireMentions(editor, field, apply) {
  if (editor.dataset.mentionsUrl) new Mentions(editor, field, apply);
}

class Mentions {
  constructor(editor, field, apply) {
    made += 1;
    Object.assign(this, { editor, field, apply, options: [], active: -1, timer: 0, request: null });
    this.list = document.createElement("div");
    this.list.className = "combobox-list";
    this.list.id = `mentions-${made}`;
    this.list.role = "listbox";
    this.list.ariaLabel = "People and teams";
    this.list.popover = "manual";
    editor.append(this.list);
    field.addEventListener("input", (event) => event.isComposing || this.look());
    field.addEventListener("click", () => this.close());
    field.addEventListener("blur", () => this.close());
    field.addEventListener("keydown", (event) => this.onKey(event));
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.take(option);
    });
  }

  get open() {
    return this.list.matches(":popover-open");
  }

  /** What has been typed of a name right before the caret; nothing where no name is begun. */
  get begun() {
    const { selectionStart, selectionEnd, value } = this.field;
    if (selectionStart !== selectionEnd) return null;
    return value.slice(Math.max(0, selectionStart - 64), selectionStart).match(CALL)?.[1] ?? null;
  }

  look() {
    clearTimeout(this.timer);
    if (this.begun === null) return this.close();
    this.timer = setTimeout(() => this.ask(), DELAY);
  }

  async ask() {
    const text = this.begun;
    if (text === null) return;
    this.request?.abort();
    this.request = new AbortController();
    try {
      const address = new URL(this.editor.dataset.mentionsUrl, location.href);
      address.searchParams.set("q", text);
      const answer = await fetch(address, { signal: this.request.signal, headers: { "HX-Request": "true" } });
      // no suggestions are no reason to disturb who writes
      if (!answer.ok || answer.redirected) return this.close();
      const html = await answer.text();
      if (this.begun === text && document.activeElement === this.field) this.show(html);
    } catch {
      this.close();
    }
  }

  /** @param {string} html rendered and escaped by our server */
  show(html) {
    this.list.innerHTML = html;
    this.options = [...this.list.querySelectorAll("[role=option]:not([aria-disabled])")];
    if (this.options.length === 0) return this.close();
    // a page that was brought up to date has no list of ours
    if (!this.list.isConnected) this.editor.append(this.list);
    this.options.forEach((option, index) => (option.id = `${this.list.id}-${index}`));
    if (!this.open) this.list.showPopover();
    this.field.role = "combobox";
    this.field.ariaAutoComplete = "list";
    this.field.ariaExpanded = "true";
    this.field.setAttribute("aria-controls", this.list.id);
    this.place();
    this.setActive(0);
  }

  /** Below the line of the caret, or above it where there is no room. */
  place() {
    const box = this.field.getBoundingClientRect();
    const caret = caretIn(this.field);
    const top = Math.min(box.top + caret.top, box.bottom);
    const style = this.list.style;
    const below = innerHeight - top - caret.height - 12;
    const up = below < 160 && top > below;
    style.minWidth = "220px";
    style.left = `${Math.max(8, Math.min(box.left + caret.left, innerWidth - 300))}px`;
    style.maxHeight = `${Math.min(260, up ? top - 12 : below)}px`;
    style.top = up ? "auto" : `${top + caret.height + 2}px`;
    style.bottom = up ? `${innerHeight - top + 4}px` : "auto";
  }

  setActive(index) {
    for (const option of this.options) delete option.dataset.active;
    this.active = (index + this.options.length) % this.options.length;
    const option = this.options[this.active];
    option.dataset.active = "";
    option.scrollIntoView({ block: "nearest" });
    this.field.setAttribute("aria-activedescendant", option.id);
  }

  onKey(event) {
    if (!this.open || event.isComposing) return;
    const { key } = event;
    if (key === "ArrowDown" || key === "ArrowUp") this.setActive(this.active + (key === "ArrowDown" ? 1 : -1));
    else if ((key === "Enter" && !event.ctrlKey && !event.metaKey) || key === "Tab") this.take(this.options[this.active]);
    else if (key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  take(option) {
    const begun = this.begun;
    this.close();
    if (begun === null) return;
    const at = this.field.selectionStart;
    const text = `@${option.dataset.value} `;
    const from = at - begun.length - 1;
    this.apply(this.field, { from, to: at, text, start: from + text.length, end: from + text.length });
    clearTimeout(this.timer);
  }

  close() {
    clearTimeout(this.timer);
    this.request?.abort();
    if (!this.open) return;
    this.list.hidePopover();
    for (const name of ["role", "aria-autocomplete", "aria-expanded", "aria-controls", "aria-activedescendant"]) {
      this.field.removeAttribute(name);
    }
    this.options = [];
  }
}

const COPIED = ["fontFamily", "fontSize", "fontWeight", "letterSpacing", "lineHeight", "padding", "borderWidth", "tabSize"];

/** Where the caret of a text area stands, from its top left: a copy of its text is laid out alike and measured. */
function caretIn(field) {
  const style = getComputedStyle(field);
  const copy = document.createElement("div");
  for (const name of COPIED) copy.style[name] = style[name];
  Object.assign(copy.style, { position: "absolute", visibility: "hidden", whiteSpace: "pre-wrap", overflowWrap: "anywhere" });
  copy.style.width = `${field.clientWidth}px`;
  copy.textContent = field.value.slice(0, field.selectionStart);
  const mark = document.createElement("span");
  mark.textContent = "\u200b";
  copy.append(mark);
  document.body.append(copy);
  const found = { top: mark.offsetTop - field.scrollTop, left: mark.offsetLeft, height: mark.offsetHeight };
  copy.remove();
  return found;
}
