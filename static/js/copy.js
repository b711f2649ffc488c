/**
 * `data-copy="text"` copies the text, `data-copy-link` the address it names (or that of the page), and a toast says so.
 * `data-copied` is what the toast says. Where the browser refuses, the text stands selected in a field to be copied.
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

/** The text in a field, selected, for the reader's own hands. @param {string} text @param {string} title */
function showField(text, title) {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.innerHTML =
    '<div class="dialog-head"><h2></h2></div><div class="dialog-body"><input class="copy-field" readonly>' +
    '<div class="dialog-actions"><button class="button button-secondary" type="button" data-dialog-close>Close</button></div></div>';
  dialog.querySelector("h2").textContent = title;
  dialog.setAttribute("aria-label", title);
  const field = dialog.querySelector("input");
  field.value = text;
  field.setAttribute("aria-label", title);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  field.select();
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
      showField(text, isLink ? "Copy this link" : "Copy this text");
    }
  });
}
