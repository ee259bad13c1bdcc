/** The table of a sweep's trials: pages of it from the server, with columns to choose, sorted and filtered there. */

import { html, useLayoutEffect, useRef } from "../vendor/preact.js";
import { useAnswer } from "../api.js";
import { counted, number } from "../format.js";
import { change, go, href, sweepPath } from "../router.js";
import { Icon } from "./icon.js";
import { Menu } from "./menu.js";
import { Pill } from "./pill.js";
import { Search } from "./search.js";
import { Skeleton, Trouble } from "./states.js";

const ROWS = 100;
const METRIC = "metric:";
const tops = new Map(); // how far down a table was read, for who comes back to it

/** What the address asks of the table. Ids of columns may have commas, which are written as %2C in it. */
function queryOf(params) {
  const page = Math.max(1, Number(params.get("page")) || 1);
  return { page, sort: params.get("sort"), isDown: params.get("descending") === "1", text: params.get("text") ?? "",
    where: params.get("where"), columns: params.get("columns")?.split(",").map(unescaped) };
}

function escaped(id) {
  return id.replaceAll("%", "%25").replaceAll(",", "%2C");
}

function unescaped(part) {
  return part.replaceAll("%2C", ",").replaceAll("%25", "%");
}

/** The metrics that have a column in sight: the server reads no others. */
function metricsOf(query) {
  const names = (query.columns ?? []).filter((id) => id.startsWith(METRIC)).map((id) => id.slice(METRIC.length));
  return names.length ? JSON.stringify(names) : null;
}

/** The page of trials that the address asks for: {data, error, isOld, query}; not asked for before `isOn`. */
export function useTrials(sweep, params, pulse, isOn) {
  const query = queryOf(params);
  const wanted = { sort: query.sort, descending: query.sort ? Number(query.isDown) : null, where: query.where,
    text: query.text, first: (query.page - 1) * ROWS, limit: ROWS, metrics: metricsOf(query) };
  return { ...useAnswer(isOn ? href(`/api/v1${sweepPath(sweep)}/table`, wanted) : null, pulse), query };
}

/**
 * The table, and what is chosen in it; where nothing is, the best trials by the sweep's `goal` come first, those under
 * way behind them. `isRunning` says whether there are any of these.
 */
export function Trials({ sweep, goal, isRunning, data, error, isOld, query }) {
  const [place, keep] = useTop(`${sweep} ${JSON.stringify({ ...query, columns: null })}`, Boolean(data));
  if (!data) return error ? html`<${Trouble} error=${error} />` : html`<${Skeleton} lines=${8} />`;
  const shown = query.columns ?? data.columns.filter((column) => column.is_shown).map((column) => column.id);
  const isThere = ({ id }) => id === "trial" || shown.includes(id);
  const places = data.columns.map((column, at) => ({ ...column, at })).filter(isThere);
  return html`
    <div class="tablebar">
      <${Search} label="Filter trials" value=${query.text}
        onChange=${(text) => change({ text, page: null }, { isStep: false })} />
      <p class="count" aria-live="polite">${data.matching === data.total ? "" : `${number(data.matching)} of `}
        ${counted(data.total, "trial")}</p>
      <${Parameters} columns=${data.columns} shown=${shown} />
      <${Menu} label="Columns" title="Columns of the table"><${Columns} columns=${data.columns} shown=${shown} /><//>
    </div>
    ${error && html`<${Trouble} error=${error} />`}
    <div ref=${place} onScroll=${keep} class="scroll table ${isOld ? "old" : ""}" tabindex="0" role="group"
      aria-label="Trials">
      <table>
        <thead><tr>
          ${places.map((column) => html`<${Heading} key=${column.id} column=${column} query=${query} goal=${goal}
            isRunning=${isRunning} />`)}
        </tr></thead>
        <tbody>
          ${data.rows.map((row) => html`<${Row} key=${row.trial} sweep=${sweep} row=${row} places=${places} />`)}
        </tbody>
      </table>
      ${!data.rows.length && html`<p class="nothing">
        ${data.total ? "No trial fits the filter." : "No trial has begun yet."}</p>`}
    </div>
    ${data.matching > ROWS && html`<${Pages} query=${query} count=${data.matching} />`}`;
}

/** [a ref for the table's box, what to call when it scrolls]: other rows are shown from the top, known ones as left. */
function useTop(rows, isThere) {
  const place = useRef();
  useLayoutEffect(() => {
    if (isThere) place.current.scrollTop = tops.get(rows) ?? 0;
  }, [rows, isThere]);
  return [place, () => tops.set(rows, place.current.scrollTop)];
}

/** How many parameters have a column in sight, where not all have one. */
function Parameters({ columns, shown }) {
  const parameters = columns.filter(({ id }) => id.startsWith("parameter:"));
  const seen = parameters.filter(({ id }) => shown.includes(id)).length;
  if (seen === parameters.length) return null;
  return html`<p class="count">${number(seen)} of ${counted(parameters.length, "parameter")}</p>`;
}

const USUAL = { sort: null, isDown: false };

/** The orders that clicks on a column's heading go through, each with the words for it; the usual one is among them. */
function ordersOf({ id }, goal, isRunning) {
  const isBestDown = goal === "maximize";
  if (id !== "value") return [[{ sort: id, isDown: false }, "Smallest first"], [{ sort: id, isDown: true },
    "Largest first"], [USUAL, "Best trials first"]];
  const best = isRunning ? [[{ sort: id, isDown: isBestDown }, "Best first, trials under way in their place"]] : [];
  return [[USUAL, "Best first"], ...best, [{ sort: id, isDown: !isBestDown }, "Worst first"]];
}

function Heading({ column, query, goal, isRunning }) {
  const isSorted = (query.sort ?? "value") === column.id;
  const isDown = query.sort ? query.isDown : goal === "maximize";
  const order = isSorted ? (isDown ? "descending" : "ascending") : undefined;
  const orders = ordersOf(column, goal, isRunning);
  const at = isSorted ? orders.findIndex(([each]) => each.sort === query.sort && (!query.sort || each.isDown === isDown))
    : -1;
  const [next, words] = orders[(at + 1) % orders.length];
  const show = () => change({ sort: next.sort, descending: next.isDown ? "1" : null, page: null });
  return html`<th scope="col" class=${column.is_number ? "n" : ""} aria-sort=${order}>
    <button type="button" title="${column.title}: ${words}" onClick=${show}><span>${column.title}</span></button></th>`;
}

function Row({ sweep, row, places }) {
  const to = sweepPath(sweep, row.trial);
  const open = (event) => {
    const isText = String(getSelection()) !== "" || event.target.closest("a, button");
    if (!isText && event.button === 0) event.metaKey || event.ctrlKey ? window.open(to) : go(to);
  };
  const name = row.is_best ? "Best trial so far" : undefined;
  return html`<tr data-row class="${row.state} ${row.is_best ? "top" : ""}" onClick=${open}>
    ${places.map(({ id, at, is_number: isNumber }) => {
      const { text } = row.cells[at];
      if (id === "trial") return html`<td class="n">
        <a href=${to} aria-label="Trial ${text}${name ? `, ${name}` : ""}">
        ${name && html`<span class="best-mark" title=${name}></span>`}${text}</a></td>`;
      if (id === "state") return html`<td><${Pill} state=${row.state} />${row.unranked &&
        html` <small>${row.unranked}</small>`}</td>`;
      if (id === "value" && row.unranked) return html`<td class="n none" title=${row.unranked}>${text}</td>`;
      return html`<td class=${isNumber ? "n" : ""} title=${text.length > 24 ? text : undefined}>${text}</td>`;
    })}
  </tr>`;
}

function Columns({ columns, shown }) {
  const toggle = (id, isOn) => {
    const next = columns.map((column) => column.id).filter((each) => (each === id ? isOn : shown.includes(each)));
    const usual = columns.filter((column) => column.is_shown).map((column) => column.id);
    change({ columns: next.join() === usual.join() ? null : next.map(escaped).join() || "trial" });
  };
  return html`<fieldset class="choices"><legend>Columns</legend>
    ${columns.filter(({ id }) => id !== "trial").map(({ id, title }) =>
      html`<label><input type="checkbox" checked=${shown.includes(id)}
      onChange=${(event) => toggle(id, event.target.checked)} />${title}</label>`)}
    <button type="button" onClick=${() => change({ columns: null })}>As usual</button>
  </fieldset>`;
}

function Pages({ query, count }) {
  const last = Math.ceil(count / ROWS);
  const first = (query.page - 1) * ROWS;
  const to = (page) => {
    tops.clear(); // also a page that was seen begins at its top
    change({ page: page === 1 ? null : page });
  };
  return html`<nav class="pages" aria-label="Pages of the table">
    <span>${number(first + 1)} – ${number(Math.min(count, first + ROWS))} of ${number(count)}</span>
    <button type="button" class="square" aria-label="Page before" disabled=${query.page <= 1}
      onClick=${() => to(query.page - 1)}><${Icon} name="left" /></button>
    <button type="button" class="square" aria-label="Next page" disabled=${query.page >= last}
      onClick=${() => to(query.page + 1)}><${Icon} name="right" /></button>
  </nav>`;
}
