/** Selected trials in pictures: they keep their looks, and everything else steps back. */

const FAINT = 0.1;

/** The traces, with all trials but the `selected` (a Set, or null for no selection) dimmed. */
export function highlighted(traces, selected) {
  const own = (trace) => trace.meta === "trials" && Array.isArray(trace.customdata);
  if (!selected) return traces.map((trace) => (own(trace) ? { ...trace, selectedpoints: null } : trace));
  const inFront = new Map(traces.filter((trace) => own(trace) &&
    isLine(trace)).map((trace) => [trace, only(trace, selected)]));
  const behind = traces.map((trace) => (own(trace) ? dimmed(trace, selected, inFront.get(trace)?.x.length) : trace));
  return [...behind, ...[...inFront.values()].filter((trace) => trace.x.length)];
}

/** Numbers of the trials that have a point inside `box` ({x: [low, high], y: [low, high]}). */
export function trialsInside(traces, box) {
  const found = new Set();
  for (const { meta, customdata, x, y } of traces) {
    if (meta !== "trials" || !x || !y) continue;
    customdata.forEach((trial, at) => {
      if (isBetween(x[at], box.x) && isBetween(y[at], box.y)) found.add(trial);
    });
  }
  return [...found].sort((one, other) => one - other);
}

function isBetween(value, [low, high]) {
  return typeof value === "number" && value >= low && value <= high;
}

function isLine(trace) {
  return (trace.type ?? "scatter") === "scatter" && (trace.mode ?? "lines").includes("lines");
}

function dimmed(trace, selected, hasFront) {
  if (isLine(trace)) return { ...trace, opacity: (trace.opacity ?? 1) * FAINT, hoverinfo: "skip", hovertemplate: null,
    ...(hasFront && { showlegend: false }) };
  const places = trace.customdata.flatMap((trial, at) => (selected.has(trial) ? [at] : []));
  return { ...trace, selectedpoints: places, unselected: { marker: { opacity: FAINT } } };
}

/** The lines of the selected trials alone, with a gap behind each. */
function only(trace, selected) {
  const count = trace.customdata.length;
  const kept = [];
  for (let at = 0; at < count; at += 1) {
    if (selected.has(trace.customdata[at])) kept.push(at);
    else if (kept.at(-1) !== undefined && kept.at(-1) !== -1) kept.push(-1);
  }
  const part = (value) => (Array.isArray(value) && value.length === count
    ? kept.map((at) => (at < 0 ? null : value[at])) : value);
  const parts = (record) => Object.fromEntries(Object.entries(record).map(([name, value]) => [name, part(value)]));
  const marker = trace.marker && parts(trace.marker);
  return { ...parts(trace), ...(marker && { marker }) };
}
