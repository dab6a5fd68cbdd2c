// A table that is wider than its place is shown as a list of its rows, each cell with the name of
// its column: else the last columns, which are often what matters, would be out of sight.

function label(table) {
  const names = Array.from(table.querySelectorAll("thead th"), (th) => th.textContent.trim());
  for (const row of table.querySelectorAll("tbody tr")) {
    Array.from(row.cells).forEach((cell, index) => {
      if (names[index]) cell.dataset.label = names[index];
      const content = document.createElement("div");
      content.className = "cell";
      content.append(...cell.childNodes);
      cell.append(content);
    });
  }
}

function fit(table) {
  table.classList.remove("as-list");
  table.classList.toggle("as-list", table.scrollWidth > table.clientWidth + 1);
}

// Long names of classes in titles are broken between their words.
function breakable(title) {
  for (const node of Array.from(title.childNodes)) {
    if (node.nodeType !== Node.TEXT_NODE) continue;
    const parts = node.textContent.split(/(?<=[a-z])(?=[A-Z])/);
    node.replaceWith(...parts.flatMap((part, i) => (i ? [document.createElement("wbr"), part] : [part])));
  }
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".bd-article h1").forEach(breakable);
  const tables = Array.from(document.querySelectorAll(".bd-article table.table"));
  tables.forEach(label);
  const fitAll = () => tables.forEach(fit);
  fitAll();
  window.addEventListener("resize", fitAll);
  document.fonts.ready.then(fitAll);
});
