/** What a person can do to a sweep or trial, as far as its state allows, each after a question. */

import { html, useState } from "../vendor/preact.js";
import { ask, tell } from "../api.js";
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

/** Send a sweep a command, and say that it was taken. */
export async function command(sweep, verb, more, done) {
  await tell(`/api/v1${sweepPath(sweep)}/commands`, { verb, ...more });
  say(done);
}

/** The buttons of a sweep. */
export function SweepActions({ overview, view }) {
  const { id, name, state } = overview;
  const isOpen = OPEN.includes(state);
  const plain = (verb, title, text, label, done, isGrave) => () =>
    confirm({ title, text, verb: label, isGrave, run: () => command(id, verb, {}, done) });
  const pause = plain("pause", `Pause ${name}?`,
    "Runs that are under way go on to their end; no new ones begin until it is resumed.", "Pause", "Paused.");
  const resume = plain("resume", `Resume ${name}?`, "Agents get runs again.", "Resume", "Resumed.");
  const stop = plain("stop", `Stop ${name}?`, "Runs that are under way go on to their end; then the sweep is finished.",
    "Stop", "It ends with the runs under way.");
  const cancel = plain("cancel", `Cancel ${name}?`,
    "Its runs end now and lose what they have not saved. A cancelled sweep cannot go on.", "Cancel the sweep",
    "Cancelled.", true);
  const items = [
    { label: "Change the budget",
      run: () => openDialog((close) => html`<${Budget} overview=${overview} close=${close} />`),
      isOffered: state !== "cancelled" },
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

function Budget({ overview, close }) {
  const [amounts, set] = useState({});
  const units = Object.keys(UNITS);
  const changed = Object.entries(amounts).filter(([unit, text]) => text !== "" &&
    Number(text) !== overview.budget[unit]);
  const run = async () => {
    if (!changed.length) throw new Error("Nothing has changed; set another amount.");
    await command(overview.id, "set_budget",
      { budget: Object.fromEntries(changed.map(([unit, text]) => [unit, Number(text)])) }, "The budget is changed.");
  };
  const round = (value) => (value === undefined ? "nothing" : Number(value.toPrecision(4)));
  return html`<${Form} title="Budget of ${overview.name}" verb="Change" run=${run} close=${close}>
    <p>What it may spend in all, from its start. An empty field changes nothing.</p>
    <div class="fields">${units.map((unit) => html`<label>${UNITS[unit]}
      <input type="number" min="0" step="any" inputmode="decimal" value=${amounts[unit] ?? overview.budget[unit] ?? ""}
        onInput=${(event) => set({ ...amounts, [unit]: event.target.value })} />
      <small>${round(overview.spent[unit])} spent</small></label>`)}</div>
  <//>`;
}
