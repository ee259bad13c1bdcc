/** Small drawings of one stroke; they only stand beside words or in buttons that have a name. */

import { html } from "../vendor/preact.js";

const PATHS = {
  sun: "M8 4.8a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 0 0 0-6.4M8 1v1.4M8 13.6V15M1 8h1.4M13.6 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  moon: "M13.6 9.6A6 6 0 0 1 6.4 2.4a6 6 0 1 0 7.2 7.2",
  close: "M4 4l8 8M12 4l-8 8",
  down: "M4 6.5l4 4 4-4",
  left: "M9.5 4l-4 4 4 4",
  right: "M6.5 4l4 4-4 4",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.5 10.5L14 14",
  copy: "M5.5 5.5V3a.8.8 0 0 1 .8-.8H13a.8.8 0 0 1 .8.8v6.7a.8.8 0 0 1-.8.8h-2.5M3 5.5h6.7a.8.8 0 0 1 .8.8V13a.8.8 0 0 1-.8.8H3a.8.8 0 0 1-.8-.8V6.3A.8.8 0 0 1 3 5.5",
  enlarge: "M9.5 2.5h4v4M6.5 13.5h-4v-4M13.5 2.5L9.5 6.5M2.5 13.5l4-4",
  reset: "M2.5 8a5.5 5.5 0 1 0 1.8-4.1M2.3 2.2v2.6h2.6",
  box: "M2.5 5V3.3a.8.8 0 0 1 .8-.8H5M11 2.5h1.7a.8.8 0 0 1 .8.8V5M13.5 11v1.7a.8.8 0 0 1-.8.8H11M5 13.5H3.3a.8.8 0 0 1-.8-.8V11",
  zoom: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.5 10.5L14 14M5 7h4M7 5v4",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  plus: "M8 3v10M3 8h10",
  keys: "M2 4.5h12v7H2zM4.5 7h.01M7 7h.01M9.5 7h.01M12 7h.01M5 9.5h6",
  key: "M5.5 7a3 3 0 1 0 0 2M5.5 8H14v2.5M11 8v2",
  finished: "M3.5 8.5l3 3 6-7",
  failed: "M4.5 4.5l7 7M11.5 4.5l-7 7",
  stopped: "M5 5h6v6H5z",
  paused: "M6 4.5v7M10 4.5v7",
  waiting: "M8 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8",
  running: "M5.5 4l6 4-6 4z",
  cancelled: "M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3M4.5 4.5l7 7",
  lost: "M6 6.2a2 2 0 1 1 2.6 1.9c-.4.2-.6.5-.6.9v.5M8 12h.01",
};

/** The icon of that name. */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
}
