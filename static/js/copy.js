/**
 * `data-copy="text"` copies the text, `data-copy-link` the address it names (or that of the page), and a toast says so.
 * `data-copied` is what the toast says.
 */
import { showToast } from "./toast.js";

/** The clipboard needs a secure page; over plain HTTP the old way still works. @param {string} text */
async function write(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (!done) throw new Error("copy refused");
}

export function wireCopy() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-copy-link]");
    if (!button) return;
    event.preventDefault();
    const isLink = button.hasAttribute("data-copy-link");
    const address = button.dataset.copyLink || button.getAttribute("href") || location.href;
    const text = isLink ? new URL(address, location.href).href : button.dataset.copy;
    try {
      await write(text);
      showToast(button.dataset.copied ?? (isLink ? "Link copied" : "Copied"), { kind: "success" });
    } catch {
      showToast(`Copying was refused by the browser. Here it is: ${text}`, { kind: "warning" });
    }
  });
}
