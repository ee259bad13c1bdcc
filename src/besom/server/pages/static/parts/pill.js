/** States, with a mark and a word each, so that no colour alone tells them apart. */

import { html } from "../vendor/preact.js";
import { Icon } from "./icon.js";

const MARKS = { stopping: "stopped", alive: "finished", away: "lost", ended: "stopped", "set aside": "paused" };

/** A state of a sweep, trial, run or agent; `mark` is another state, whose looks it has. */
export function Pill({ state, mark = state }) {
  return html`<span class="pill ${mark}"><${Icon} name=${MARKS[mark] ?? mark} />${state}</span>`;
}

/** A sweep's state; one that ended with nothing but failures does not look like a success. */
export function SweepPill({ overview }) {
  const { state, counts, best_trial: best } = overview;
  const isVain = state === "finished" && best === null && counts.failed > 0;
  return html`<${Pill} state=${state} mark=${isVain ? "failed" : state} />`;
}
