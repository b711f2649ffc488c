/**
 * Type-ahead over options that the server renders: GET data-url?q=text&chosen=…, answer = the HTML of
 * `components/combobox_options.html`. Follows the combobox pattern of the ARIA Authoring Practices (list box, manual
 * choice). Before this code runs it is a plain text field of the same name, so nothing is lost without it.
 *   data-multiple  each choice becomes a checked box of that name; Backspace takes the last one away
 *   data-create    the last option creates what was typed
 * Fires `change` on the combobox element (bubbling) when its value changes.
 */

const DELAY = 140;
let made = 0;

/** @type {WeakMap<Element, Combobox>} */
const comboboxes = new WeakMap();

/** What runs a combobox element. @param {Element | null} root */
export const comboboxOf = (root) => (root ? comboboxes.get(root) : undefined);

class Combobox {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.input = root.querySelector(".combobox-input");
    this.name = root.dataset.name;
    this.multiple = root.hasAttribute("data-multiple");
    this.create = root.hasAttribute("data-create");
    this.options = [];
    this.active = -1;
    this.timer = 0;
    this.request = null;
    this.typed = false;
    /** @type {Promise<void> | null} an answer that is waited for, to take its first option */
    this.awaited = null;
    /** @type {string | null} options that came while one of the present ones was being pressed */
    this.held = null;
    this.pressed = false;
    comboboxes.set(root, this);
    this.takeOverValue();
    this.makeList();
    this.listen();
  }

  /** The name moves from the text field to what is really chosen. */
  takeOverValue() {
    this.input.removeAttribute("name");
    if (this.multiple) return;
    this.hidden = document.createElement("input");
    this.hidden.type = "hidden";
    this.hidden.name = this.name;
    this.hidden.value = this.input.value;
    this.root.append(this.hidden);
    this.label = this.input.dataset.label ?? this.input.value;
    this.input.value = this.label;
    this.cross = this.root.querySelector(".combobox-clear");
    if (!this.cross) return;
    this.cross.hidden = !this.hidden.value;
    // who uses keys empties the field; Tab goes on to the next one
    this.cross.tabIndex = -1;
  }

  makeList() {
    made += 1;
    this.list = document.createElement("div");
    this.list.className = "combobox-list";
    this.list.id = `combobox-list-${made}`;
    this.list.role = "listbox";
    this.list.popover = "manual";
    const label = document.querySelector(`label[for="${CSS.escape(this.input.id)}"]`);
    this.list.ariaLabel = label?.textContent.trim() ?? "Options";
    if (this.multiple) this.list.ariaMultiSelectable = "true";
    this.root.append(this.list);
    this.input.role = "combobox";
    this.input.ariaAutoComplete = "list";
    this.input.ariaExpanded = "false";
    this.input.setAttribute("aria-controls", this.list.id);
  }

  listen() {
    this.input.addEventListener("input", () => {
      this.typed = true;
      this.input.setCustomValidity("");
      this.load();
    });
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    this.input.addEventListener("click", () => this.load(0));
    this.input.addEventListener("blur", () => this.leave());
    this.list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      this.press();
    });
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]:not([aria-disabled])");
      if (option) this.choose(option);
    });
    this.root.addEventListener("click", (event) => {
      if (event.target === this.root) this.input.focus();
    });
    this.cross?.addEventListener("click", () => {
      this.clear();
      this.input.focus();
    });
    // a box that is no longer checked is a value taken away
    this.root.addEventListener("change", (event) => {
      if (!event.target.matches(".combobox-check")) return;
      event.stopPropagation();
      event.target.closest(".combobox-chosen").remove();
      this.changed();
      this.input.focus();
    });
    addEventListener("scroll", () => this.place(), { capture: true, passive: true });
    addEventListener("resize", () => this.place());
  }

  /** Until the click that ends it, a press keeps the options as they are: it is for the one that was under it. */
  press() {
    this.pressed = true;
    const release = () => {
      for (const kind of ["pointerup", "pointercancel"]) removeEventListener(kind, release, true);
      setTimeout(() => {
        this.pressed = false;
        if (this.held !== null) this.show(this.held);
      });
    };
    for (const kind of ["pointerup", "pointercancel"]) addEventListener(kind, release, true);
  }

  get open() {
    return this.list.matches(":popover-open");
  }

  get values() {
    if (!this.multiple) return this.hidden.value ? [this.hidden.value] : [];
    return [...this.root.querySelectorAll(".combobox-check:checked")].map((box) => box.value);
  }

  onKey(event) {
    const { key } = event;
    if (event.isComposing) return;
    if (key === "ArrowDown" || key === "ArrowUp") {
      event.preventDefault();
      if (!this.open) this.load(0);
      else if (event.altKey && key === "ArrowUp") this.close();
      else this.step(key === "ArrowDown" ? 1 : -1);
    } else if (key === "Enter" && this.isHalfSaid && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      this.takeFirst();
    } else if (key === "Enter" && this.open && this.options[this.active]) {
      event.preventDefault();
      this.choose(this.options[this.active]);
    } else if (key === "Enter" && this.multiple && this.input.value.trim() && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
    } else if (key === "Escape") {
      if (!this.open) return;
      this.close();
      if (!this.multiple) this.takeBack();
      event.preventDefault();
      event.stopPropagation();
    } else if (key === "Tab" && this.isHalfSaid && !this.multiple) {
      this.takeFirst();
    } else if (key === "Tab" && this.open && this.typed && this.options[this.active]) {
      this.choose(this.options[this.active]);
    } else if (key === "Backspace" && this.multiple && !this.input.value) {
      const last = [...this.root.querySelectorAll(".combobox-chosen")].at(-1);
      if (!last) return;
      last.remove();
      this.changed();
    }
  }

  /** Whether a name was typed of which no options are shown yet; those of another text are none. */
  get isHalfSaid() {
    const text = this.input.value.trim();
    return !this.create && this.typed && text !== "" && !(this.open && this.shownFor === text);
  }

  /** Typed faster than the options came: wait for them and take the first, as if it had been chosen. */
  takeFirst() {
    const text = this.input.value;
    this.close();
    this.typed = false;
    this.awaited = this.fetchFirst(text.trim())
      .then((option) => {
        if (option) this.choose(option);
        else this.input.setCustomValidity(`Nothing fits “${text.trim()}”. Choose from the list, or empty the field.`);
      })
      .catch(() => this.input.setCustomValidity("Suggestions cannot be loaded. Try again in a moment."))
      .finally(() => {
        this.awaited = null;
      });
    return this.awaited;
  }

  async fetchFirst(text) {
    const list = document.createElement("template");
    list.innerHTML = await this.fetchOptions(text);
    return list.content.querySelector("[role=option]:not([aria-disabled])");
  }

  /** Before its form is sent: what was typed counts. @returns {Promise<void> | null} what has to be waited for */
  settle() {
    if (this.awaited || !this.typed) return this.awaited;
    if (this.multiple) {
      if (this.create && this.input.value.trim()) this.keepTyped();
      return null;
    }
    if (this.isHalfSaid) return this.takeFirst();
    if (this.open && this.options[this.active]) this.choose(this.options[this.active]);
    return null;
  }

  /** Be as if these had been chosen. @param {{value: string, label: string}[]} items */
  set(items) {
    if (this.multiple) {
      for (const chosen of this.root.querySelectorAll(".combobox-chosen")) chosen.remove();
      for (const { value, label } of items) {
        const option = document.createElement("div");
        Object.assign(option.dataset, { value, label });
        this.add(option);
      }
    } else {
      this.hidden.value = items[0]?.value ?? "";
      this.label = this.input.value = items[0]?.label ?? "";
    }
    this.changed();
  }

  load(delay = DELAY) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), delay);
  }

  async ask() {
    const text = this.typed ? this.input.value.trim() : "";
    try {
      const options = await this.fetchOptions(text);
      this.shownFor = text;
      this.show(options);
    } catch (error) {
      if (error.name === "AbortError") return;
      const signedOut = "You are signed out. Save to sign in again; what you typed is kept.";
      this.say(error.message === "redirected" ? signedOut : "Suggestions cannot be loaded. Try again in a moment.");
    }
  }

  async fetchOptions(text) {
    this.request?.abort();
    this.request = new AbortController();
    const address = new URL(this.root.dataset.url, location.href);
    address.searchParams.set("q", text);
    for (const value of this.multiple ? this.values : []) address.searchParams.append("chosen", value);
    const answer = await fetch(address, { signal: this.request.signal, headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) throw new Error(answer.redirected ? "redirected" : String(answer.status));
    return answer.text();
  }

  say(text) {
    const note = document.createElement("div");
    note.className = "combobox-empty";
    note.role = "option";
    note.ariaDisabled = "true";
    note.textContent = text;
    this.show(note.outerHTML);
  }

  /** @param {string} html rendered and escaped by our server */
  show(html) {
    this.held = null;
    if (document.activeElement !== this.input) return;
    if (this.pressed) {
      this.held = html;
      return;
    }
    this.list.innerHTML = html;
    const values = new Set(this.values);
    this.options = [...this.list.querySelectorAll("[role=option]:not([aria-disabled])")];
    this.options.forEach((option, index) => {
      option.id = `${this.list.id}-${index}`;
      option.ariaSelected = String(values.has(option.dataset.value));
    });
    if (!this.open) this.list.showPopover();
    this.input.ariaExpanded = "true";
    this.place();
    this.setActive(this.typed && this.options.length ? 0 : -1);
  }

  /** Below the field, above it where there is no room below. */
  place() {
    if (!this.open) return;
    const box = this.root.getBoundingClientRect();
    const below = innerHeight - box.bottom - 12;
    const above = box.top - 12;
    const up = below < 180 && above > below;
    const style = this.list.style;
    style.width = `${Math.max(box.width, 220)}px`;
    style.left = `${Math.max(8, Math.min(box.left, innerWidth - Math.max(box.width, 220) - 8))}px`;
    style.maxHeight = `${Math.min(300, up ? above : below)}px`;
    style.top = up ? "auto" : `${box.bottom + 4}px`;
    style.bottom = up ? `${innerHeight - box.top + 4}px` : "auto";
  }

  step(by) {
    if (!this.options.length) return;
    this.setActive((this.active + by + this.options.length) % this.options.length);
  }

  setActive(index) {
    for (const option of this.options) delete option.dataset.active;
    this.active = index;
    const option = this.options[index];
    if (!option) {
      this.input.removeAttribute("aria-activedescendant");
      return;
    }
    option.dataset.active = "";
    option.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", option.id);
  }

  choose(option) {
    const { value, label } = option.dataset;
    this.typed = false;
    if (this.multiple) {
      const there = [...this.root.querySelectorAll(".combobox-check")].find((box) => box.value === value);
      if (there) there.closest(".combobox-chosen").remove();
      else this.add(option);
      this.input.value = "";
      // typing or a click brings the list back; open, it would lie over the button that comes next
      this.close();
      this.changed();
      return;
    }
    this.hidden.value = value;
    this.label = label;
    this.input.value = label;
    this.input.setCustomValidity("");
    this.close();
    this.changed();
  }

  /** A chosen value is a check box with the mark of the option; unchecking it takes the value away. */
  add(option) {
    const chosen = document.createElement("label");
    chosen.className = "combobox-chosen";
    const box = document.createElement("input");
    Object.assign(box, { className: "combobox-check", type: "checkbox", name: this.name, checked: true });
    box.value = option.dataset.value;
    const mark = option.querySelector(".tag, .person")?.cloneNode(true) ?? document.createElement("span");
    if (!mark.firstChild) {
      mark.textContent = option.dataset.label;
      if (this.root.classList.contains("tag-input")) mark.className = "tag tag-custom";
    }
    const cross = document.createElement("span");
    cross.className = "combobox-cross";
    cross.ariaHidden = "true";
    cross.textContent = "×";
    chosen.append(box, mark, cross);
    this.input.before(chosen);
  }

  clear() {
    this.hidden.value = "";
    this.label = "";
    this.input.value = "";
    this.changed();
  }

  close() {
    clearTimeout(this.timer);
    if (!this.awaited) this.request?.abort();
    if (this.open) this.list.hidePopover();
    this.input.ariaExpanded = "false";
    this.input.removeAttribute("aria-activedescendant");
    this.options = [];
    this.active = -1;
    this.held = null;
  }

  /** Typed but not chosen: nothing half said is sent. An emptied field means nobody. */
  leave() {
    this.close();
    if (this.multiple) {
      if (this.create && this.input.value.trim()) this.keepTyped();
      return;
    }
    this.takeBack();
  }

  /** The name stands again that was chosen before something else was typed. */
  takeBack() {
    if (!this.typed) return;
    this.typed = false;
    if (this.input.value.trim() === "") this.clear();
    else this.input.value = this.label;
  }

  /** What was typed as a new tag and left behind counts as chosen. */
  keepTyped() {
    const value = this.input.value.trim();
    const same = this.values.some((one) => one.toLowerCase() === value.toLowerCase());
    if (!same) {
      const option = document.createElement("div");
      Object.assign(option.dataset, { value, label: value });
      this.add(option);
      this.changed();
    }
    this.input.value = "";
    this.typed = false;
  }

  changed() {
    this.typed = false;
    if (this.cross) this.cross.hidden = !this.hidden.value;
    this.root.dispatchEvent(new Event("change", { bubbles: true }));
    this.place();
  }
}

/** @type {WeakSet<Element>} */
const wired = new WeakSet();

function wireAll(root) {
  for (const element of root.querySelectorAll("[data-combobox]")) {
    if (wired.has(element)) continue;
    wired.add(element);
    new Combobox(element);
  }
}

/** A form waits for the options of what was typed last. */
function settleForm(event) {
  const fields = [...event.target.querySelectorAll("[data-combobox]")].map(comboboxOf);
  const awaited = fields.map((field) => field?.settle()).filter(Boolean);
  if (awaited.length === 0) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const form = event.target;
  Promise.all(awaited).then(() => form.isConnected && form.requestSubmit());
}

export function wireCombobox() {
  document.addEventListener("submit", settleForm, { capture: true });
  wireAll(document);
  document.body.addEventListener("htmx:load", (event) => wireAll(event.target.parentElement ?? document));
}
