/**
 * Forms that send a file and may wait long for the answer.
 *   form[data-sending]             while it is under way, the button that was pressed shows it
 *   input[data-most]               bytes that its file may have; `data-too-large` says what is said of a larger one, before
 *                                  it is sent: the server would hang up on it half-way
 */

export function wireSending() {
  document.addEventListener("change", ({ target }) => {
    if (!target.matches?.("input[type=file][data-most]")) return;
    const isTooLarge = [...target.files].some((file) => file.size > Number(target.dataset.most));
    target.setCustomValidity(isTooLarge ? target.dataset.tooLarge : "");
    if (isTooLarge) target.reportValidity();
  });
  document.addEventListener("htmx:beforeRequest", ({ target, detail }) => {
    if (!target.matches("form[data-sending]")) return;
    detail.requestConfig.triggeringEvent?.submitter?.setAttribute("aria-busy", "true");
  });
  document.addEventListener("htmx:afterRequest", ({ target }) => {
    if (!target.matches("form[data-sending]")) return;
    for (const button of target.querySelectorAll("button[aria-busy]")) button.removeAttribute("aria-busy");
  });
}
