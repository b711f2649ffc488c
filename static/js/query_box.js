/**
 * Completion in the search box (`form[data-query-box]`): GET data-complete-url?q=text&at=cursor, answer = the HTML of
 * `incidents/completions.html`. A combobox of the ARIA Authoring Practices over a text of which one part is completed:
 * the arrows choose, Tab and Enter take what is chosen, Escape closes. Nothing is chosen by itself, so that Enter
 * searches for what was typed.
 * `data-error-start` and `data-error-end` name the characters that were not understood: they are selected.
 */

const DELAY = 120;
let made = 0;

class QueryBox {
  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.form = form;
    this.input = form.querySelector(".search-input");
    this.options = [];
    this.active = -1;
    this.timer = 0;
    this.request = null;
    this.makeList();
    this.listen();
    this.showError();
  }

  makeList() {
    made += 1;
    this.list = document.createElement("div");
    this.list.className = "combobox-list query-list";
    this.list.id = `query-list-${made}`;
    this.list.role = "listbox";
    this.list.ariaLabel = "Completions";
    this.list.popover = "manual";
    this.form.append(this.list);
    this.input.role = "combobox";
    this.input.ariaAutoComplete = "list";
    this.input.ariaExpanded = "false";
    this.input.setAttribute("aria-controls", this.list.id);
  }

  listen() {
    this.input.addEventListener("input", () => this.load(false));
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    this.input.addEventListener("blur", () => this.close());
    this.form.addEventListener("submit", () => this.close());
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.take(option);
    });
    addEventListener("resize", () => this.place());
    addEventListener("scroll", () => this.place(), { capture: true, passive: true });
  }

  get open() {
    return this.list.matches(":popover-open");
  }

  onKey(event) {
    const { key } = event;
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    const chosen = this.open ? this.options[this.active] : undefined;
    if (key === "ArrowDown" || key === "ArrowUp") {
      event.preventDefault();
      if (this.open) this.step(key === "ArrowDown" ? 1 : -1);
      else this.load(true, 0);
    } else if ((key === "Enter" || (key === "Tab" && !event.shiftKey)) && chosen) {
      event.preventDefault();
      this.take(chosen);
    } else if (key === "Enter") {
      this.close();
    } else if (key === "Escape" && this.open) {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    } else if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(key)) {
      this.close();
    }
  }

  /** @param {boolean} called whether somebody asked to see the options, rather than typed */
  load(called, delay = DELAY) {
    clearTimeout(this.timer);
    this.request?.abort();
    this.timer = setTimeout(() => this.ask(called), delay);
  }

  async ask(called) {
    this.request = new AbortController();
    const text = this.input.value;
    const at = this.input.selectionStart ?? text.length;
    const address = new URL(this.form.dataset.completeUrl, location.href);
    // the server counts characters, JavaScript counts halves of some
    address.searchParams.set("q", text);
    address.searchParams.set("at", String([...text.slice(0, at)].length));
    try {
      const answer = await fetch(address, { signal: this.request.signal, headers: { Accept: "text/html" } });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const html = await answer.text();
      if (this.input.value === text && document.activeElement === this.input) this.show(html, called);
    } catch (error) {
      if (error.name !== "AbortError") this.close();
    }
  }

  /** @param {string} html rendered and escaped by our server */
  show(html, called) {
    this.list.innerHTML = html;
    this.found = this.list.querySelector("[data-start]");
    this.options = [...this.list.querySelectorAll("[role=option]")];
    this.options.forEach((option, index) => (option.id = `${this.list.id}-${index}`));
    if (!this.options.length || (this.found.hasAttribute("data-quiet") && !called)) {
      this.close();
      return;
    }
    if (!this.open) this.list.showPopover();
    this.input.ariaExpanded = "true";
    this.setActive(called ? 0 : -1);
    this.place();
  }

  place() {
    if (!this.open) return;
    const box = this.input.closest(".search").getBoundingClientRect();
    this.list.style.left = `${Math.max(8, box.left)}px`;
    this.list.style.top = `${box.bottom + 4}px`;
    this.list.style.width = `${Math.min(box.width, 560)}px`;
    this.list.style.maxHeight = `${Math.max(120, Math.min(340, innerHeight - box.bottom - 16))}px`;
  }

  step(by) {
    const count = this.options.length;
    // one step beyond either end is the text itself
    this.setActive(((this.active + 1 + by + count + 1) % (count + 1)) - 1);
  }

  setActive(index) {
    for (const option of this.options) {
      delete option.dataset.active;
      option.ariaSelected = "false";
    }
    this.active = index;
    const option = this.options[index];
    if (!option) {
      this.input.removeAttribute("aria-activedescendant");
      return;
    }
    option.dataset.active = "";
    option.ariaSelected = "true";
    option.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", option.id);
  }

  /** Put the option in the place of what was typed; after a field its values are offered. */
  take(option) {
    const characters = [...this.input.value];
    const { start, end } = this.found.dataset;
    const goesOn = this.found.hasAttribute("data-goes-on");
    const before = characters.slice(0, Number(start)).join("") + option.dataset.insert;
    this.input.value = before + characters.slice(Number(end)).join("");
    this.input.setSelectionRange(before.length, before.length);
    this.close();
    this.input.focus();
    if (goesOn) this.load(false, 0);
  }

  close() {
    clearTimeout(this.timer);
    this.request?.abort();
    if (this.open) this.list.hidePopover();
    this.input.ariaExpanded = "false";
    this.input.removeAttribute("aria-activedescendant");
    this.options = [];
    this.active = -1;
  }

  showError() {
    const { errorStart, errorEnd } = this.form.dataset;
    if (errorStart === undefined) return;
    const characters = [...this.input.value];
    const start = characters.slice(0, Number(errorStart)).join("").length;
    const end = characters.slice(0, Number(errorEnd)).join("").length;
    this.input.focus();
    this.input.setSelectionRange(start, end);
  }
}

/** @type {WeakSet<Element>} */
const wired = new WeakSet();

function wireAll(root) {
  for (const form of root.querySelectorAll("form[data-query-box]")) {
    if (wired.has(form)) continue;
    wired.add(form);
    new QueryBox(form);
  }
}

export function wireQueryBox() {
  wireAll(document);
  document.body.addEventListener("htmx:load", (event) => wireAll(event.target.parentElement ?? document));
}
