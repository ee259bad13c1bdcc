/** What a run printed, as it comes: text only, however it was coloured or overwritten in a terminal. */

import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/preact.js";
import { ask } from "../api.js";
import { bytes } from "../format.js";
import { copy } from "./copy.js";
import { Icon } from "./icon.js";

const LAST_BYTES = 200_000;
const MOST_LINES = 5000;
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[PX^_][^\u001b]*(?:\u001b\\)?|[ -/]*[0-~])/g;
// With what would turn the text round.
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const encoder = new TextEncoder();

/** A terminal's text as it would stand there: without escapes, and lines as they were last written over. */
export function readable(text) {
  const lines = text.replace(ESCAPES, "").replaceAll("\r\n", "\n").split("\n");
  return lines.slice(-MOST_LINES).map((line) => overwritten(line).replace(CONTROLS, "")).join("\n");
}

/** The output of a run, asked on when `pulse` changes; it follows the end while one is there. */
export function Output({ run, pulse }) {
  const { text, error, from } = useOutput(run, pulse);
  const place = useRef();
  const isAtEnd = useRef(true);
  const [isWrapped, wrap] = useState(false);
  const shown = readable(text);
  useLayoutEffect(() => {
    if (isAtEnd.current && place.current) place.current.scrollTop = place.current.scrollHeight;
  }, [shown, isWrapped]);
  const scrolled = ({ target }) => {
    isAtEnd.current = target.scrollHeight - target.scrollTop - target.clientHeight < 24;
  };
  return html`<figure class="paste output">
    <figcaption><span>${run.state === "running" ? "live" : bytes(run.output_bytes)}
      ${from > 0 && ` · the last ${bytes(LAST_BYTES)}`}</span>
      <span class="tools"><button type="button" class="quiet" aria-pressed=${isWrapped}
        onClick=${() => wrap(!isWrapped)}>Wrap</button>
      <button type="button" class="quiet" onClick=${() => copy("Output", shown)}><${Icon} name="copy" />Copy</button>
        </span></figcaption>
    <pre ref=${place} tabindex="0" aria-label="Output" class=${isWrapped ? "wrapped" : ""} onScroll=${scrolled}>
      ${error ? error.message : shown || (run.state === "running" ? "Nothing was printed yet." : "Nothing was printed.")}</pre>
  </figure>`;
}

function useOutput(run, pulse) {
  const first = useRef(Math.max(0, run.output_bytes - LAST_BYTES));
  const next = useRef(first.current);
  const isAsking = useRef(false);
  const [state, set] = useState({ text: "" });
  useEffect(() => {
    if (isAsking.current) return;
    isAsking.current = true;
    ask(`/api/v1/runs/${encodeURIComponent(run.id)}/output?offset=${next.current}`)
      .then((more) => {
        next.current += encoder.encode(more).length;
        if (more) set((before) => ({ text: before.text + more }));
      }, (error) => set((before) => ({ ...before, error })))
      .finally(() => {
        isAsking.current = false;
      });
  }, [run.id, run.output_bytes, run.state, pulse]);
  return { ...state, from: first.current };
}

/** A line after its carriage returns: later text lies over earlier. */
function overwritten(line) {
  if (!line.includes("\r")) return line;
  return line.split("\r").reduce((below, over) => over + below.slice(over.length));
}
