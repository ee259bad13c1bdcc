/** What a person can do to a sweep or trial, as far as its state allows, each after a question. */

import { html, useState } from "../vendor/preact.js";
import { ask, tell } from "../api.js";
import { number } from "../format.js";
import { sweepPath } from "../router.js";
import { AddConfiguration } from "./configuration.js";
import { copy } from "./copy.js";
import { confirm, Form, openDialog } from "./dialog.js";
import { Icon } from "./icon.js";
import { Menu } from "./menu.js";
import { say } from "./toast.js";

const UNITS = { trials: "Trials", epochs: "Epochs", hours: "Hours", gpu_hours: "GPU-hours" };
const FORMATS = { yaml: "YAML", args: "Arguments", hydra: "Hydra overrides", json: "JSON",
  env: "Environment variables" };
const OPEN = ["running", "paused", "stopping"];

/** Send a sweep a command, and say that it was taken; the sweep as it is then. */
export async function command(sweep, verb, more, done) {
  const after = await tell(`/api/v1${sweepPath(sweep)}/commands`, { verb, ...more });
  say(done);
  return after;
}

/** The buttons of a sweep. */
export function SweepActions({ overview, view }) {
  const { id, name, state } = overview;
  const isOpen = OPEN.includes(state);
  const plain = (verb, title, text, label, done, isGrave) => () =>
    confirm({ title, text, verb: label, isGrave, run: () => command(id, verb, {}, done) });
  const pause = plain("pause", `Pause ${name}?`,
    "Runs that are under way go on to their end; no new ones begin until it is resumed.", "Pause", "Paused.");
  const budget = (goesOn) => () =>
    openDialog((close) => html`<${Budget} overview=${overview} goesOn=${goesOn} close=${close} />`);
  const resume = state === "finished" && spentUnits(overview).length ? budget(true)
    : plain("resume", `Resume ${name}?`, "Agents get runs again.", "Resume", "Resumed.");
  const stop = overview.counts.running > 0
    ? plain("stop", `Stop ${name}?`, "Runs that are under way go on to their end; then the sweep is finished.",
      "Stop", "It ends with the runs under way.")
    : plain("stop", `Stop ${name}?`, "No run is under way: the sweep is finished at once.", "Stop", "Stopped.");
  const cancel = plain("cancel", `Cancel ${name}?`,
    "Its runs end now and lose what they have not saved. A cancelled sweep cannot go on.", "Cancel the sweep",
    "Cancelled.", true);
  const items = [
    { label: "Change the budget", run: budget(false), isOffered: state !== "cancelled" },
    { label: "Stop", note: "after the runs under way", run: stop, isOffered: ["running", "paused"].includes(state) },
    { label: "Cancel", note: "and end its runs now", run: cancel, isGrave: true, isOffered: isOpen },
  ].filter((item) => item.isOffered);
  const add = () => openDialog((close) =>
    html`<${AddConfiguration} overview=${overview} parameters=${view?.parameters ?? []} close=${close} />`);
  return html`<div class="actions">
    ${state === "running" && html`<button type="button" onClick=${pause}><${Icon} name="paused" />Pause</button>`}
    ${["paused", "stopping", "finished"].includes(state) &&
      html`<button type="button" onClick=${resume}><${Icon} name="running" />Resume</button>`}
    ${isOpen && view?.parameters?.length > 0 &&
      html`<button type="button" onClick=${add}><${Icon} name="plus" />Add configuration</button>`}
    ${overview.best_trial !== null &&
      html`<${CopyConfiguration} sweep=${id} formats=${view?.best_formats} label="Copy best" />`}
    ${items.length > 0 && html`<${Menu} icon="more" title="More actions" kind="square" items=${items} />`}
  </div>`;
}

/** The buttons of a trial. */
export function TrialActions({ sweep, sweepState, trial, formats }) {
  const { number, state } = trial;
  const stop = () => confirm({ title: `Stop trial ${number}?`,
    text: "Its run ends now. It can be brought back from its checkpoint, if it has one.", verb: "Stop the trial",
    run: () => command(sweep, "stop_trial", { trial: number }, `Trial ${number} is stopped.`) });
  const text = sweepState === "running" ? "It goes on from its checkpoint, if it has one, and no rule stops it again."
    : "The sweep goes on for it. No rule stops the trial again.";
  const bring = () => confirm({ title: `Bring trial ${number} back?`, text, verb: "Bring it back",
    run: () => command(sweep, "resume_trial", { trial: number }, `Trial ${number} goes on.`) });
  return html`<div class="actions">
    ${["waiting", "running", "paused"].includes(state) && sweepState !== "cancelled" &&
      html`<button type="button" onClick=${stop}><${Icon} name="stopped" />Stop</button>`}
    ${["stopped", "paused", "failed"].includes(state) && sweepState !== "cancelled" &&
      html`<button type="button" onClick=${bring}><${Icon} name="running" />Bring back</button>`}
    <${CopyConfiguration} sweep=${sweep} trial=${number} formats=${formats} label="Copy configuration" />
  </div>`;
}

/** A menu that copies a configuration: the incumbent's, or a trial's. */
export function CopyConfiguration({ sweep, trial, formats = Object.keys(FORMATS), label }) {
  const of = trial === undefined ? "" : `?trial=${trial}`;
  const items = formats.map((format) => ({
    label: FORMATS[format] ?? format,
    run: () => copy(`Configuration as ${FORMATS[format] ?? format}`,
      ask(`/api/v1${sweepPath(sweep)}/best/${format}${of}`)),
  }));
  return html`<${Menu} label=${html`<${Icon} name="copy" />${label}`} title=${label} items=${items} />`;
}

/** What it may spend; with `goesOn`, of a sweep that has spent it and is to go on. */
function Budget({ overview, goesOn, close }) {
  const { id, name, state, spent, budget, method } = overview;
  const [amounts, set] = useState({});
  const units = Object.keys(UNITS);
  const before = (unit) => String(budget[unit] ?? "");
  const changed = units.filter((unit) => (amounts[unit] ?? before(unit)) !== before(unit));
  const next = Object.fromEntries(units.map((unit) => [unit, limitOf(amounts[unit] ?? before(unit))]));
  const short = spentUnits({ budget: next, spent });
  const isForNoise = method === "bayes" && units.every((unit) => next[unit] === null);
  const run = async () => {
    if (goesOn && short.length) {
      throw new Error(`${UNITS[short[0]]}: set more than the ${number(spent[short[0]], 3)} spent.`);
    }
    if (!changed.length) throw new Error("Nothing has changed; set another amount.");
    const wanted = Object.fromEntries(changed.map((unit) => [unit, next[unit]]));
    const after = await command(id, "set_budget", { budget: wanted }, "The budget is changed.");
    if (goesOn && after.state === "finished") await command(id, "resume", {}, "Resumed.");
  };
  return html`<${Form} title=${goesOn ? `Resume ${name}` : `Budget of ${name}`} verb=${goesOn ? "Resume" : "Change"}
    run=${run} close=${close}>
    <p>${goesOn && "It has spent its budget; with more of it, agents get runs again. "}
      What it may spend in all, from its start. An empty field is no limit.</p>
    <div class="fields">${units.map((unit) => html`<label>${UNITS[unit]}
      <input type="number" min=${unit === "trials" ? 1 : 0} step=${unit === "trials" ? 1 : "any"}
        inputmode="decimal" placeholder="no limit" value=${amounts[unit] ?? before(unit)}
        onInput=${(event) => set({ ...amounts, [unit]: event.target.value })} />
      <small>${number(spent[unit] ?? 0, 3)} spent</small>
      <small class="caution" aria-live="polite">${short.includes(unit) && (OPEN.includes(state)
        ? "spent already: the sweep ends" : "spent: with more, it goes on")}</small></label>`)}</div>
    ${isForNoise && html`<p class="note">Without any limit bayes ends once it expects to gain no more than the noise.</p>`}
  <//>`;
}

/** Units whose limit is spent. */
function spentUnits({ budget, spent }) {
  return Object.keys(UNITS).filter((unit) => (budget[unit] ?? null) !== null && (spent[unit] ?? 0) >= budget[unit]);
}

function limitOf(text) {
  return text === "" ? null : Number(text);
}
