/**
 * Asks before what cannot be undone, in our own dialog. HTMX: `hx-confirm="Delete view “Mine”?"`. Plain forms:
 * `data-confirm="…"` on the form. `data-confirm-label` names the button, a verb ("Delete view").
 */

/**
 * @param {string} question
 * @param {string} label
 * @returns {Promise<boolean>}
 */
export function ask(question, label = "Confirm") {
  const dialog = document.getElementById("confirm");
  if (!(dialog instanceof HTMLDialogElement)) return Promise.resolve(window.confirm(question));
  dialog.querySelector("#confirm-text").textContent = question;
  dialog.querySelector("[data-confirm-button]").textContent = label;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "confirm"), { once: true });
  });
}

export function wireConfirm() {
  document.body.addEventListener("htmx:confirm", (event) => {
    const { question, issueRequest, elt } = event.detail;
    if (!question) return;
    event.preventDefault();
    ask(question, elt.dataset.confirmLabel).then((yes) => yes && issueRequest(true));
  });

  const agreed = new WeakSet();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset?.confirm || agreed.has(form)) return;
    event.preventDefault();
    ask(form.dataset.confirm, form.dataset.confirmLabel).then((yes) => {
      if (!yes) return;
      agreed.add(form);
      form.requestSubmit(event.submitter ?? undefined);
      agreed.delete(form);
    });
  });
}
