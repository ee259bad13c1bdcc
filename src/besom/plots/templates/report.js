"use strict";

/* Pictures: drawn in the theme that the reader's system asks for, and in the light one on paper. */
const colors = JSON.parse(document.getElementById("colors").textContent);
const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
const isNarrow = window.matchMedia("(max-width: 719px)");
const paperWidth = 680;

function figureOf(id, dark) {
  const text = document.getElementById(id).textContent;
  const exchanged = (color) => (Object.hasOwn(colors, color) ? colors[color] : color);
  return JSON.parse(text, (key, value) => {
    if (dark && key === "colorscale") return value.map(([at, color]) => [at, exchanged(color)]);
    return dark && /color$/.test(key) ? exchanged(value) : value;
  });
}

function draw(dark, width) {
  for (const place of document.querySelectorAll(".picture")) {
    const figure = figureOf(place.dataset.figure, dark);
    const narrow = place.dataset.figure.replace("figure-", "narrow-");
    if (width) Object.assign(figure.layout, { width });
    else if (isNarrow.matches && document.getElementById(narrow)) figure.layout = figureOf(narrow, dark).layout;
    else if (isNarrow.matches) figure.layout.height = Math.min(figure.layout.height, 340);
    Plotly.react(place, figure.data, figure.layout, { displayModeBar: false, responsive: !width });
  }
}

draw(prefersDark.matches);
for (const query of [prefersDark, isNarrow]) query.addEventListener("change", () => draw(prefersDark.matches));
window.addEventListener("beforeprint", () => draw(false, paperWidth));
window.addEventListener("afterprint", () => draw(prefersDark.matches));

/* Copying, also where the clipboard is not open to pages from disk. */
for (const button of document.querySelectorAll(".copy")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = button.closest("figure").querySelector("pre");
    try {
      await navigator.clipboard.writeText(source.textContent);
    } catch {
      window.getSelection().selectAllChildren(source);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1600);
  });
}

/* Sorting: numbers by size, words by alphabet, empty cells last either way. */
for (const [at, heading] of [...document.querySelectorAll("#trials th")].entries()) {
  heading.addEventListener("click", () => {
    const up = heading.getAttribute("aria-sort") !== "ascending";
    for (const other of heading.parentElement.children) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", up ? "ascending" : "descending");
    const body = document.querySelector("#trials tbody");
    const key = (row) => row.children[at].dataset.key;
    const compare = (a, b) => {
      if (!a || !b) return (a ? 0 : 1) - (b ? 0 : 1);
      const order = isNaN(a) || isNaN(b) ? a.localeCompare(b) : Number(a) - Number(b);
      return up ? order : -order;
    };
    body.append(...[...body.rows].sort((a, b) => compare(key(a), key(b))));
  });
}
