/** States, with a mark and a word each, so that no colour alone tells them apart. */

import { html } from "../vendor/preact.js";
import { Icon } from "./icon.js";

const MARKS = { stopping: "stopped", alive: "finished", away: "lost", ended: "stopped", "set aside": "paused" };

/** A state of a sweep, trial, run or agent. */
export function Pill({ state }) {
  return html`<span class="pill ${state}"><${Icon} name=${MARKS[state] ?? state} />${state}</span>`;
}
