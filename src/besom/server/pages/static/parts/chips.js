/** The conditions that select trials: each can be removed, and new ones be set without a picture. */

import { html, useState } from "../vendor/preact.js";
import { added, inWords, range, without, written } from "../pictures/conditions.js";
import { counted, number } from "../format.js";
import { change } from "../router.js";
import { Form, openDialog } from "./dialog.js";
import { Icon } from "./icon.js";

const STATES = ["finished", "stopped", "failed", "running", "paused", "waiting"];

/** Look only at trials for which these conditions hold. */
export function look(conditions) {
  change({ where: written(conditions), page: null });
}

/** The conditions in words, and how many trials they select. */
export function Chips({ conditions, columns = [], selection }) {
  const titles = Object.fromEntries(columns.map(({ id, title }) => [id, title]));
  return html`<div class="chips" role="group" aria-label="Selected trials">
    ${conditions.map((condition) => {
      const [what, words] = inWords(condition, titles);
      return html`<span class="chip" key=${condition[0]}><b>${what}</b> ${words}
        <button type="button" class="quiet" aria-label="Remove the condition on ${what}"
          onClick=${() => look(without(conditions, condition[0]))}><${Icon} name="close" /></button></span>`;
    })}
    <button type="button" class="quiet" onClick=${() => look([])}>Clear</button>
    <span class="count" aria-live="polite">${selection ? `${counted(selection.count, "trial")} selected` : ""}</span>
  </div>`;
}

/** A button that opens a form for a condition: what pictures are brushed for, without a picture. */
export function AddCondition({ conditions, columns = [], parameters }) {
  const open = () => openDialog((close) =>
    html`<${Condition} columns=${columns} parameters=${parameters} conditions=${conditions} close=${close} />`);
  return html`<button type="button" class="quiet" onClick=${open}><${Icon} name="plus" />Condition</button>`;
}

function Condition({ columns, parameters, conditions, close }) {
  const [id, choose] = useState(columns.find((column) => column.id === "value")?.id ?? columns[0]?.id);
  const column = columns.find((each) => each.id === id);
  const parameter = parameters.find(({ name }) => `parameter:${name}` === id);
  const levels = id === "state" ? STATES : parameter?.levels;
  const send = (fields) => look(added(conditions, [read(column, levels, fields)]));
  return html`<${Form} title="Look only at trials with" verb="Select" run=${send} close=${close}>
    <label>Column<select value=${id} onChange=${(event) => choose(event.target.value)}>
      ${columns.map((each) => html`<option value=${each.id}>${each.title}</option>`)}</select></label>
    <div key=${id} class="fields">${valueFields(column, levels, parameter)}</div>
  <//>`;
}

function valueFields(column, levels, parameter) {
  if (levels) return html`<fieldset class="choices"><legend>One of</legend>
    ${levels.map((level, at) =>
    html`<label><input type="checkbox" name="level" value=${at} />${String(level)}</label>`)}</fieldset>`;
  if (!column?.is_number) return html`<label>One of<input name="text" placeholder="values, with commas between" />
    </label>`;
  const hint = (value) => (typeof value === "number" ? number(value) : "no limit");
  return html`<label>At least<input name="low" inputmode="decimal" placeholder=${hint(parameter?.low)} /></label>
    <label>At most<input name="high" inputmode="decimal" placeholder=${hint(parameter?.high)} /></label>`;
}

function read(column, levels, fields) {
  const need = (law) => {
    throw new Error(`${column.title}: ${law}`);
  };
  if (levels) {
    const chosen = fields.getAll("level").map((at) => levels[Number(at)]);
    return chosen.length ? [column.id, chosen] : need("needs a value, got none; tick one.");
  }
  if (!column.is_number) {
    const chosen = String(fields.get("text")).split(",").map((part) => part.trim()).filter(Boolean);
    return chosen.length ? [column.id, chosen] : need("needs a value, got none; write one.");
  }
  const [low, high] = ["low",
    "high"].map((name) => (String(fields.get(name)).trim() === "" ? null : Number(fields.get(name))));
  if (Number.isNaN(low) || Number.isNaN(high)) need("needs numbers; correct them.");
  return low === null && high === null ? need("needs a limit, got none; set one of them.")
    : range(column.id, low, high);
}
