/** The form for a configuration to try next: what is left blank is drawn by the search. */

import { html, useState } from "../vendor/preact.js";
import { ask } from "../api.js";
import { number } from "../format.js";
import { sweepPath } from "../router.js";
import { command } from "./actions.js";
import { Form } from "./dialog.js";
import { complain } from "./toast.js";

const STEPS = 1000;
const OUTSIDE = "outside the sweep's range: it will be tried all the same";

/** The form; it may begin with the incumbent's values. */
export function AddConfiguration({ overview, parameters, close }) {
  const [values, set] = useState({});
  const put = (name, value) => set((before) => ({ ...before, [name]: value }));
  const fill = async () => {
    try {
      const best = flat(JSON.parse(await ask(`/api/v1${sweepPath(overview.id)}/best/json`)));
      set(Object.fromEntries(parameters.filter(({ name }) => name in best).map((parameter) => [parameter.name,
        asText(parameter, best[parameter.name])])));
    } catch (error) {
      complain(error);
    }
  };
  const run = async () => {
    const config = Object.fromEntries(parameters.flatMap((parameter) => {
      const value = parsed(parameter, values[parameter.name] ?? "");
      return value === undefined ? [] : [[parameter.name, value]];
    }));
    await command(overview.id, "enqueue", { config }, "It is tried next.");
  };
  return html`<${Form} title="Try a configuration next" verb="Add" run=${run} close=${close}>
    <p>What is left blank is drawn by the search. ${overview.best_trial !== null &&
      html`<button type="button" class="link" onClick=${fill}>Begin with the best, trial ${overview.best_trial}
      </button>`}</p>
    <div class="fields">${parameters.map((parameter) =>
      html`<${Field} key=${parameter.name} parameter=${parameter} text=${values[parameter.name] ?? ""} put=${put} />`)}
      </div>
  <//>`;
}

function Field({ parameter, text, put }) {
  const { name, levels, low, high, is_log: isLog } = parameter;
  if (levels) {
    return html`<label>${name}<select value=${text} onChange=${(event) => put(name, event.target.value)}>
      <option value="">drawn by the search</option>
      ${levels.map((level, at) =>
        html`<option value=${String(at)}>${typeof level === "string" ? level : JSON.stringify(level)}</option>`)}
    </select></label>`;
  }
  const hasRange = low !== null && high !== null && high > low;
  const words = hasRange ? `${number(low)} to ${number(high)}${isLog ? ", log" : ""}` : "";
  const inside = (value) => Math.max(low, Math.min(high, Number(value.toPrecision(4))));
  const slide = (event) => put(name, String(inside(fromPart(parameter, event.target.value / STEPS))));
  return html`<label>${name}
    <span class="slide">
      <input type="text" inputmode="decimal" placeholder="drawn by the search" value=${text}
        onInput=${(event) => put(name, event.target.value)} />
      ${hasRange && html`<input type="range" class=${text === "" ? "unset" : ""} aria-label="${name}, from ${words}"
        min="0" max=${STEPS} value=${text === "" ? STEPS / 2 : STEPS * toPart(parameter, Number(text))}
        onInput=${slide} />`}
    </span><small>${words}</small>
    <small class="caution" aria-live="polite">${isOutside(parameter, text) && OUTSIDE}</small></label>`;
}

function isOutside({ low, high }, text) {
  const value = text.trim() === "" ? NaN : Number(text);
  return (low !== null && value < low) || (high !== null && value > high);
}

function fromPart({ low, high, is_log: isLog, is_integer: isInteger }, part) {
  const value = isLog ? low * (high / low) ** part : low + (high - low) * part;
  return isInteger ? Math.round(value) : value;
}

function toPart({ low, high, is_log: isLog }, value) {
  const part = isLog ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return Number.isFinite(part) ? Math.max(0, Math.min(1, part)) : 0.5;
}

/** The value that a field's text stands for; undefined where it is blank. */
function parsed({ name, levels, is_integer: isInteger }, text) {
  if (text === "") return undefined;
  if (levels) return levels[Number(text)];
  const value = Number(text);
  if (isInteger ? !Number.isInteger(value) : !Number.isFinite(value)) {
    const kind = isInteger ? "whole number" : "number";
    throw new Error(`${name}: needs a ${kind}, got “${text}”; correct it, or leave it blank.`);
  }
  return value;
}

function asText({ levels }, value) {
  if (!levels) return String(value);
  const at = levels.findIndex((level) => JSON.stringify(level) === JSON.stringify(value));
  return at < 0 ? "" : String(at);
}

function flat(config, before = "") {
  return Object.fromEntries(Object.entries(config).flatMap(([name, value]) => (value && typeof value === "object" &&
    !Array.isArray(value)
    ? Object.entries(flat(value, `${before}${name}.`))
    : [[before + name, value]])));
}
