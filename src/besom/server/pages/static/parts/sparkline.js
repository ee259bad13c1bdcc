/** The best value so far, as a line without axes. */

import { html } from "../vendor/preact.js";

const WIDTH = 120;
const HEIGHT = 28;

/** A line through the values, the last one marked. */
export function Sparkline({ values, label }) {
  const known = values.filter((value) => value !== null);
  if (!known.length) return html`<span class="sparkline none"></span>`;
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const x = (at) => (values.length > 1 ? 3 + ((WIDTH - 6) * at) / (values.length - 1) : WIDTH - 3);
  const y = (value) => (high > low ? HEIGHT - 4 - ((HEIGHT - 8) * (value - low)) / (high - low) : HEIGHT / 2);
  const points = values.flatMap((value, at) => (value === null ? [] : [[x(at), y(value)]]));
  const path = points.map(([left, top], at) => (at ? `H${left.toFixed(1)}V${top.toFixed(1)}`
    : `M${left.toFixed(1)} ${top.toFixed(1)}`)).join("");
  const [left, top] = points.at(-1);
  return html`<svg class="sparkline" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${label}>
    <path d=${path} /><circle cx=${left} cy=${top} r="2.6" />
  </svg>`;
}
