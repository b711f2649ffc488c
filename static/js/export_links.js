/**
 * While rows are selected, the links of the menu Export (`data-export`, the address of the whole list) take out these
 * rows alone, and say so.
 */
export function wireExportLinks() {
  document.addEventListener("watchfloor:selection", (event) => {
    const ids = event.detail.everything ? [] : event.detail.ids;
    for (const link of document.querySelectorAll("a[data-export]")) {
      const address = new URL(link.dataset.export, location.href);
      if (ids.length) address.searchParams.set("incident", ids.join(","));
      link.href = address.pathname + address.search;
      const words = link.querySelector("span");
      words.dataset.plain ??= words.textContent;
      words.textContent = ids.length ? `${words.dataset.plain}: ${ids.length} selected` : words.dataset.plain;
    }
  });
}
