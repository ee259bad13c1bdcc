/** A picture on a page: its title and note, what can be done with it, and the figure as soon as it comes into sight. */

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { useAnswer } from "../api.js";
import { Dialog } from "../parts/dialog.js";
import { Icon } from "../parts/icon.js";
import { Skeleton, Trouble } from "../parts/states.js";
import { complain } from "../parts/toast.js";
import { href } from "../router.js";
import { useLook } from "../theme.js";
import { Drawing } from "./drawing.js";
import { plotly } from "./plotly.js";
import { letOthers, useTurn } from "./turns.js";

const NEAR = "400px";
const hasFinePointer = matchMedia("(pointer: fine)");

/**
 * A picture from the server.
 *
 * `path` is where it comes from and `choices` how it is wanted; it is asked again when `pulse` changes. `merge` may make
 * one figure of it and what else the page knows. `isFirst` says that it goes before all others of the page. `selected`,
 * `conditions`, `brush` and `openTrial` are as in `Drawing`; `children` are what the reader can choose, or make it of
 * the picture as it came. `show` is told
 * of each picture that comes.
 */
export function Picture({ name, title, path, choices, pulse, merge, kind = "", isFirst, show, children, ...drawing }) {
  const [place, isNear] = useSight(isFirst ? letOthers : null);
  const look = useLook();
  const isOn = useTurn(isFirst);
  const { data, error, isOld } = useAnswer(isNear && isOn ? pictureAddress(path, choices, look) : null, pulse);
  useEffect(() => {
    if (isFirst && (error || (data && !data.figure))) letOthers();
  }, [isFirst, error, data]);
  const [isLarge, setLarge] = useState(false);
  const [mode, setMode] = useState("select");
  const [turn, setTurn] = useState(0);
  const element = useRef();
  const [problem, setProblem] = useState(null);
  const picture = usePicture(data, merge);
  useEffect(() => picture && show?.(picture), [picture]);
  const shown = picture?.title ?? title;
  const canBrush = Boolean(drawing.brush && hasFinePointer.matches && canSelect(picture));
  const drag = hasFinePointer.matches && (canBrush ? mode : "zoom");
  const props = { ...drawing, picture, mode: drag, turn };
  const tools = picture?.figure && html`<${Tools} name=${fileName(path, name)} element=${element} mode=${mode}
    canBrush=${canBrush} setMode=${setMode} reset=${() => setTurn(turn + 1)} isLarge=${isLarge} setLarge=${setLarge} />`;

  return html`<section ref=${place} class="picture ${kind}" id=${name} aria-label=${shown} aria-busy=${isOld || !data}>
    <header><h2>${shown}</h2>${tools}${typeof children === "function" ? children(picture) : children}</header>
    ${picture?.note && html`<p class="note">${picture.note}</p>`}
    ${error && !picture && html`<${Trouble} error=${error} />`}
    ${problem && html`<${Trouble} error=${problem} />`}
    ${!picture && !error && html`<${Skeleton} tall />`}
    ${picture?.figure && html`<div class="scroll ${isOld ? "old" : ""}"
      tabindex=${kind.includes("broad") ? 0 : undefined} role="group" aria-label=${shown}>
      <${Drawing} ...${props} handle=${(it) => (element.current = it)} onDrawn=${setProblem} /></div>`}
    ${isLarge && html`<${Large} title=${shown} note=${picture.note} close=${() => setLarge(false)} ...${props}
      mode=${canSelect(picture) && drawing.brush ? mode : "zoom"} />`}
  </section>`;
}

/** Where a picture comes from. */
export function pictureAddress(path, choices, look) {
  return href(path, { ...choices, ...look });
}

/** Figures are drawn anew only where they, or the words on them, are new. */
function usePicture(data, merge) {
  const kept = useRef({});
  if (!data) return null;
  const merged = merge ? merge(data) : data;
  const { figure, note } = kept.current;
  if (figure !== merged.figure || note !== merged.note) kept.current = merged;
  return kept.current;
}

function canSelect(picture) {
  const meta = picture?.figure?.layout.meta;
  return Boolean(meta && !meta.axes && picture.figure.data.some((trace) => trace.meta === "trials"));
}

/** The place to watch, and whether it has come near the window; once near, it stays so. `miss` is told that it is not. */
function useSight(miss) {
  const place = useRef();
  const [isNear, set] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) set(true);
      else miss?.();
    }, { rootMargin: NEAR });
    observer.observe(place.current);
    const all = () => set(true);
    addEventListener("beforeprint", all);
    return () => {
      observer.disconnect();
      removeEventListener("beforeprint", all);
    };
  }, []);
  return [place, isNear];
}

function Tools({ name, element, mode, canBrush, setMode, reset, isLarge, setLarge }) {
  const tool = (icon, label, run, isOn) =>
    html`<button type="button" class="quiet" title=${label} aria-label=${label} aria-pressed=${isOn} onClick=${run}>
    <${Icon} name=${icon} /></button>`;
  return html`<div class="tools">
    ${canBrush && tool("box", "A drag selects trials", () => setMode("select"), mode === "select")}
    ${canBrush && tool("zoom", "A drag zooms", () => setMode("zoom"), mode === "zoom")}
    ${tool("reset", "Show all again", reset)}
    <button type="button" class="quiet" title="Save as PNG"
      onClick=${() => save(element.current, name, "png")}>PNG</button>
    <button type="button" class="quiet" title="Save as SVG"
      onClick=${() => save(element.current, name, "svg")}>SVG</button>
    ${tool("enlarge", "Enlarge", () => setLarge(!isLarge))}
  </div>`;
}

function Large({ title, note, close, ...drawing }) {
  const [height, set] = useState(innerHeight - 150);
  useEffect(() => {
    const fit = () => set(innerHeight - 150);
    addEventListener("resize", fit);
    return () => removeEventListener("resize", fit);
  }, []);
  return html`<${Dialog} close=${close} kind="large" label=${title}>
    <header><h2>${title}</h2>
      <button type="button" class="quiet" aria-label="Close" onClick=${close}><${Icon} name="close" /></button></header>
    ${note && html`<p class="note">${note}</p>`}
    <${Drawing} ...${drawing} height=${height} />
  <//>`;
}

/** What a saved picture is called: by its sweep, its trial, and what it shows. */
function fileName(path, name) {
  const [, sweep, trial] = path.match(/\/sweeps\/([^/]+)(?:\/trials\/(\d+))?/) ?? [];
  return ["besom", sweep && decodeURIComponent(sweep), trial && `trial-${trial}`, name].filter(Boolean).join("-");
}

/** Save what is drawn, as large as on the page; pixels twice as fine. */
async function save(element, name, format) {
  try {
    const Plotly = await plotly();
    const { clientWidth: width, clientHeight: height } = element;
    await Plotly.downloadImage(element,
      { format, width, height, scale: format === "png" ? 2 : 1, filename: name });
  } catch (error) {
    complain(error instanceof Error ? error : new Error(String(error)));
  }
}
