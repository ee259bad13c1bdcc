/** What cannot wait for the page's other modules: its colours, their addresses, and the first requests. */

import { plotly } from "./pictures/plotly.js";

const PICTURES = ["pictures/picture", "pictures/drawing", "pictures/axes", "pictures/conditions", "pictures/selection",
  "pictures/turns"];
const ACTIONS = ["parts/actions", "parts/configuration", "parts/menu", "parts/copy", "parts/pill"];
const MODULES = {
  __proto__: null, // a room is named by anybody
  "": ["pages/sweeps", "parts/choice", "parts/copy", "parts/pill", "parts/progress", "parts/search", "parts/sparkline"],
  agents: ["pages/agents", "parts/copy", "parts/pill"],
  compare: ["pages/compare", "parts/choice", "parts/pill", "parts/progress", ...PICTURES],
  sweep: ["pages/sweep", "pages/pictures", "parts/chips", "parts/choice", "parts/output", "parts/progress", "parts/search",
    "parts/table", ...ACTIONS, ...PICTURES],
  trial: ["pages/trial", "pages/runs", "parts/output", "parts/settings", "parts/why", ...ACTIONS, ...PICTURES],
};

const chosen = localStorage.getItem("theme");
if (chosen) document.documentElement.dataset.theme = chosen;

const isDark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
const params = new URLSearchParams(location.search);
const [, room, sweep, , trial] = location.pathname.split("/");

/** Requests under way, by address: `ask` takes them from here. */
export const underWay = new Map(addresses().map((address) => [address, begin(address)]));

for (const name of MODULES[room === "sweeps" ? (trial ? "trial" : "sweep") : room] ?? []) preload(name);
if (room === "sweeps" || room === "compare") plotly().catch(() => {}); // who draws sees the error

function addresses() {
  if (location.hash.startsWith("#token=")) return []; // not let in yet
  if (!room) return ["/api/v1/overview"];
  if (room === "agents") return ["/api/v1/agents/view"];
  if (room !== "sweeps" || !sweep) return [];
  const root = `/api/v1/sweeps/${sweep}`;
  if (trial) return /^\d+$/.test(trial) ? [`${root}/trials/${trial}/card`] : [];
  return params.has("tab") ? [`${root}/view`] : [`${root}/view`, historyAddress(root)];
}

function historyAddress(root) {
  const wanted = new URLSearchParams(params.has("x") ? { x: params.get("x") } : {});
  wanted.set("theme", isDark ? "dark" : "light");
  if (matchMedia("(max-width: 640px)").matches) wanted.set("narrow", "1");
  return `${root}/pictures/history?${wanted}`;
}

/** The answer, read to its end even if nobody takes it: unread, it could keep a connection. */
function begin(address) {
  const response = fetch(address, { cache: "no-cache" })
    .then(async (answer) => new Response(await answer.blob(), answer));
  response.catch(() => {}); // who takes it sees the error
  return response;
}

function preload(name) {
  const href = new URL(`./${name}.js`, import.meta.url).href;
  document.head.append(Object.assign(document.createElement("link"), { rel: "modulepreload", href }));
}
