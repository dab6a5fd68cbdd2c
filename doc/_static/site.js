// A table that is wider than its place is shown as a list of its rows, each cell with the name of
// its column: else the last columns, which are often what matters, would be out of sight.

function label(table) {
  // Names may be broken after an underscore: a space without width allows it.
  const names = Array.from(table.querySelectorAll("thead th"), (th) =>
    th.textContent.trim().replaceAll("_", "_\u200b"));
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

// Text of many short lines beside the first column is as hard to read as text out of sight.
function isCramped(cell) {
  return cell.previousElementSibling && cell.clientWidth < 130 && cell.clientHeight > 120;
}

function fit(table) {
  table.classList.remove("as-list");
  const isTooWide = table.scrollWidth > table.clientWidth + 1;
  table.classList.toggle("as-list", isTooWide || Array.from(table.querySelectorAll("td")).some(isCramped));
}

// Where a long name may be broken: between the words of a class, and in a call.
const WORDS = /(?<=[a-z])(?=[A-Z])/;
const CALL = /(?<=[(=,/]|\.(?=[A-Za-z]{3}))(?=[^)])/;

function breakable(element, at) {
  for (const node of Array.from(element.childNodes)) {
    if (node.nodeType !== Node.TEXT_NODE) continue;
    const parts = node.textContent.split(at);
    node.replaceWith(...parts.flatMap((part, i) => (i ? [document.createElement("wbr"), part] : [part])));
  }
}

function breakCode(word) {
  if (word.textContent.startsWith("--")) word.classList.add("option");
  const inTable = word.closest("td");
  if (word.textContent.length < (inTable ? 20 : 32)) return;
  breakable(word, CALL);
  if (inTable) breakable(word, WORDS);
}

// A figure opens alone on a click: on a phone, where its text is small, it can be enlarged.
function linkToItself(figure) {
  const link = document.createElement("a");
  link.href = figure.src;
  link.title = "Open the figure";
  figure.replaceWith(link);
  link.append(figure);
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".bd-article :is(p > img, img.sphx-glr-single-img)").forEach(linkToItself);
  document.querySelectorAll(".bd-article h1").forEach((title) => breakable(title, WORDS));
  document.querySelectorAll(".bd-article :is(p, li, td) code .pre").forEach(breakCode);
  const tables = Array.from(document.querySelectorAll(".bd-article table.table"));
  tables.forEach(label);
  const fitAll = () => tables.forEach(fit);
  fitAll();
  window.addEventListener("resize", fitAll);
  document.fonts.ready.then(fitAll);
});
