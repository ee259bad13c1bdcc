/** News from the server, as it comes: one connection for the page, opened again whenever it breaks. */

import { useEffect, useState } from "./vendor/preact.js";

const RETRY_MS = 2000;
const listeners = new Map();
let source = null;
let watched = null;
let timer = 0;
let state = "connecting";

/** Call `listener` with each piece of news of a kind: overview, sweep, agents; "again" after a break; "state". */
export function onNews(kind, listener) {
  const those = listeners.get(kind) ?? listeners.set(kind, new Set()).get(kind);
  those.add(listener);
  return () => those.delete(listener);
}

/** Listen, also to what happens in this sweep. */
export function watch(sweep) {
  if (source && watched === sweep) return;
  watched = sweep;
  open();
}

/** Hear no more, until `watch`. */
export function unwatch() {
  clearTimeout(timer);
  source?.close();
  source = null;
}

/** Whether the page hears the server: connecting, live or away. */
export function useConnection() {
  const [now, set] = useState(state);
  useEffect(() => onNews("state", set), []);
  return now;
}

/** A number that grows with each piece of news of the kind that `isMine` accepts, and after a break. */
export function useNews(kind, isMine = () => true, key = "") {
  const [count, set] = useState(0);
  useEffect(() => {
    const grow = () => set((before) => before + 1);
    const stops = [onNews(kind, (news) => isMine(news) && grow()), onNews("again", grow)];
    return () => stops.forEach((stop) => stop());
  }, [kind, key]);
  return count;
}

/** What changes whenever the sweep does, as far as that is news to who has its version `first`. */
export function useVersion(sweep, first) {
  const breaks = useNews("none");
  const [told, set] = useState(null);
  useEffect(() => onNews("sweep", ({ id, version }) => id === sweep && set(version)), [sweep]);
  const isNews = told !== null && first !== undefined && (breaks > 0 || told > first); // it is counted anew after a break
  return isNews ? `${breaks}/${told}` : `${breaks}/`;
}

/** `value`, but it changes at most every `ms`, and not while nobody looks. */
export function usePaced(value, ms) {
  const [shown, set] = useState({ value, at: 0 });
  useEffect(() => {
    if (value === shown.value) return undefined;
    const show = () => {
      if (!document.hidden) set({ value, at: performance.now() });
    };
    const waiting = setTimeout(show, Math.max(0, shown.at + ms - performance.now()));
    document.addEventListener("visibilitychange", show);
    return () => {
      clearTimeout(waiting);
      document.removeEventListener("visibilitychange", show);
    };
  }, [value, shown, ms]);
  return shown.value;
}

function open() {
  unwatch();
  if (document.hidden) return; // browsers have few connections to a server, and other tabs want some
  source = new EventSource(watched ? `/api/v1/news?sweep=${encodeURIComponent(watched)}` : "/api/v1/news");
  source.onopen = () => {
    const wasAway = state === "away";
    become("live");
    if (wasAway) emit("again");
  };
  source.onerror = () => {
    become("away");
    if (source?.readyState !== EventSource.CLOSED) return; // it tries again by itself
    clearTimeout(timer);
    timer = setTimeout(open, RETRY_MS);
  };
  for (const kind of ["overview", "sweep", "agents"]) {
    source.addEventListener(kind, (event) => emit(kind, event.data ? JSON.parse(event.data) : null));
  }
}

function become(next) {
  if (next === state) return;
  state = next;
  emit("state", next);
}

function emit(kind, news) {
  for (const listener of [...(listeners.get(kind) ?? [])]) listener(news);
}

document.addEventListener("visibilitychange", () => {
  if (!source && document.hidden) return;
  if (document.hidden) return unwatch();
  open();
  emit("again");
});
