/** Addresses: what is shown is in them, so that they can be shared, reloaded and gone back to. */

import { useEffect, useState } from "./vendor/preact.js";

const PATIENCE_MS = 3000;
const listeners = new Set();
let depth = history.state?.depth ?? 0;
const scrolls = new Map();

/** The address as it is: its path and its parameters. */
export function address() {
  return { path: location.pathname, params: new URLSearchParams(location.search) };
}

/** An address with those parameters that have a value. */
export function href(path, params = {}) {
  const text = new URLSearchParams(Object.entries(params).filter(([, value]) => isSet(value))).toString();
  return text ? `${path}?${text}` : path;
}

/** The address of a sweep, or of one of its trials. */
export function sweepPath(id, trial) {
  const path = `/sweeps/${encodeURIComponent(id)}`;
  return trial === undefined ? path : `${path}/trials/${trial}`;
}

/** Show another address. */
export function go(to) {
  scrolls.set(depth, scrollY);
  depth += 1;
  history.pushState({ depth }, "", to);
  tell();
  scrollTo(0, 0);
}

/**
 * Set parameters of this address, or remove them with null; the page stays where it is scrolled to. Going back undoes
 * it, unless it is no step of its own, as while one types.
 */
export function change(changes, { isStep = true } = {}) {
  const { path, params } = address();
  for (const [name, value] of Object.entries(changes)) isSet(value) ? params.set(name, value) : params.delete(name);
  const to = href(path, Object.fromEntries(params));
  if (to === location.pathname + location.search) return;
  if (isStep) scrolls.set(depth, scrollY);
  if (isStep) depth += 1;
  history[isStep ? "pushState" : "replaceState"]({ depth }, "", to);
  tell();
}

/** The address, and again whenever it changes. */
export function useAddress() {
  const [now, set] = useState(address);
  useEffect(() => {
    const listener = () => set(address());
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, []);
  return now;
}

/** Let links between pages, and back and forward, change the address without loading anew. */
export function startRouting() {
  history.scrollRestoration = "manual";
  addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented || !isPlain(event, link)) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
  addEventListener("popstate", (event) => {
    scrolls.set(depth, scrollY);
    depth = event.state?.depth ?? 0;
    tell();
    restore(scrolls.get(depth) ?? 0, performance.now() + PATIENCE_MS);
  });
}

function isPlain(event, link) {
  const isOurs = link.origin === location.origin && !/^\/(api|static)\//.test(link.pathname);
  const isHere = link.hash && link.pathname === location.pathname;
  const isKeyed = event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
  return isOurs && !isHere && !isKeyed && !link.target && !link.download;
}

/** Scroll back to where a page was left, as soon as it is long enough again. */
function restore(top, deadline) {
  const here = depth;
  const room = document.documentElement.scrollHeight - innerHeight;
  if (room >= top || performance.now() > deadline) scrollTo(0, top);
  else requestAnimationFrame(() => here === depth && restore(top, deadline));
}

function tell() {
  for (const listener of [...listeners]) listener();
}

function isSet(value) {
  return value !== null && value !== undefined && value !== "";
}
