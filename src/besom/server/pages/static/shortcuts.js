/** Keys: `?` tells of them all. */

import { html, useEffect } from "./vendor/preact.js";
import { Form, openDialog } from "./parts/dialog.js";
import { go } from "./router.js";
import { switchTheme } from "./theme.js";

const ALL = [
  ["g s", "Sweeps"],
  ["g a", "Agents"],
  ["/", "Filter; Esc leaves it"],
  ["j", "Next trial or row"],
  ["k", "Previous trial or row"],
  ["Enter", "Open the row"],
  ["t", "Light or dark"],
  ["Esc", "Close what is open"],
  ["?", "These keys"],
];
const FOLLOWS_MS = 1200;
let before = { key: "", at: 0 };

/** Let keys act while no field has the focus. */
export function useShortcuts() {
  useEffect(() => {
    const listener = (event) => {
      if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
      if (event.key === "Escape" && leaveFilter(event.target)) event.preventDefault();
      if (isBusy(event.target)) return;
      const last = event.timeStamp - before.at < FOLLOWS_MS ? before.key : "";
      before = { key: event.key, at: event.timeStamp };
      if (act(event.key, last)) event.preventDefault();
    };
    addEventListener("keydown", listener);
    return () => removeEventListener("keydown", listener);
  }, []);
}

/** Show what keys there are. */
export function showShortcuts() {
  openDialog((close) => html`<${Form} title="Keys" verb="Close" close=${close}>
    <dl class="keys">${ALL.map(([keys, words]) =>
      html`<div><dt>${keys.split(" ").map((key) => html`<kbd>${key}</kbd>`)}</dt><dd>${words}</dd></div>`)}</dl>
  <//>`);
}

function act(key, last) {
  if (last === "g" && key === "s") go("/");
  else if (last === "g" && key === "a") go("/agents");
  else if (key === "t") switchTheme();
  else if (key === "?") showShortcuts();
  else if (key === "/") return focusFilter();
  else if (key === "j" || key === "k") return step(key === "j" ? 1 : -1);
  else return false;
  return true;
}

function focusFilter() {
  const field = document.querySelector("input[type=search]");
  field?.focus();
  return Boolean(field);
}

/** From the filter to the table, which stays filtered. */
function leaveFilter(field) {
  const table = field.matches?.("input[type=search]") && document.querySelector("main .scroll.table");
  table?.focus?.();
  return Boolean(table);
}

/** To the next trial's page where there is one, or down the rows of a table. */
function step(by) {
  const link = document.querySelector(by > 0 ? "a[rel=next]" : "a[rel=prev]");
  if (link) {
    go(link.pathname + link.search);
    return true;
  }
  const rows = [...document.querySelectorAll("main [data-row] a")];
  const at = rows.indexOf(document.activeElement);
  const to = rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + by))];
  to?.focus();
  return Boolean(to);
}

function isBusy(target) {
  return target.closest?.("input:not([type=checkbox]), select, textarea, dialog, [contenteditable]") !== null;
}
