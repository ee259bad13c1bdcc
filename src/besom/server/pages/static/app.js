/** The frame of all pages: where one is, whether the server is heard, and the page that the address names. */

import { html, render, useEffect, useRef, useState } from "./vendor/preact.js";
import { ask, onLocked } from "./api.js";
import { clock, useNow } from "./format.js";
import { onNews, useConnection, useNews, watch } from "./live.js";
import { Dialogs } from "./parts/dialog.js";
import { Icon } from "./parts/icon.js";
import { Skeleton, Trouble } from "./parts/states.js";
import { Toasts } from "./parts/toast.js";
import { Login, isInside, logOut, takeToken } from "./pages/login.js";
import { startRouting, useAddress } from "./router.js";
import { showShortcuts, useShortcuts } from "./shortcuts.js";
import { switchTheme, useTheme } from "./theme.js";

const PATIENCE_MS = 1500;
const MARK = new URL("./mark.svg", import.meta.url).href;
const NO_ANSWER = { status: 0 };
const pages = new Map();
const lost = new Set();

/** The page that a path names, and what it is of. */
function pageOf(path) {
  const [, room, id, part, trial, ...more] = path.split("/").map(decoded);
  if (more.length) return {};
  if (!room) return { file: "sweeps" };
  if ((room === "agents" || room === "compare") && !id) return { file: room };
  if (room === "sweeps" && id && part === "trials" && isNumber(trial)) return { file: "trial", sweep: id, trial };
  if (room === "sweeps" && id && !part) return { file: "sweep", sweep: id };
  return {};
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function isNumber(text) {
  return /^\d{1,9}$/.test(text);
}

/** A page's module: loaded when it is first shown, and again after a break where it did not come; {Page, isLost}. */
function usePage(file) {
  const [, redraw] = useState(0);
  const breaks = useNews("none");
  useEffect(() => {
    if (!file || pages.has(file)) return;
    const fail = () => {
      if (lost.has(file)) loadAnew(); // some browsers keep that an import failed for as long as the document lives
      lost.add(file);
    };
    import(`./pages/${file}.js`).then((module) => pages.set(file, module.default), fail)
      .then(() => redraw((count) => count + 1));
  }, [file, breaks]);
  return { Page: pages.get(file), isLost: lost.has(file) };
}

/** Load the document anew if the server answers; otherwise the browser would show a page of its own. */
function loadAnew() {
  ask("/healthz").then(() => location.reload(), () => {});
}

function App({ lock: first }) {
  const { path, params } = useAddress();
  const [lock, setLock] = useState(first);
  const isLocked = lock !== null;
  const { file, sweep = null, trial } = pageOf(path);
  const { Page, isLost } = usePage(file);
  useShortcuts();
  useArrival(path);
  useEffect(() => onLocked(() => setLock((before) => before ?? {})), []);
  const isReady = !file || Boolean(Page) || isLost; // before, nobody would hear the news
  useEffect(() => {
    if (!isLocked && isReady) watch(sweep);
  }, [sweep, isLocked, isReady]);
  const enter = () => (file ? setLock(null) : goOn());
  if (isLocked) return html`<${Login} enter=${enter} error=${lock.error} /><${Toasts} />`;
  const page = Page ? html`<${Page} key=${`${sweep}/${trial}`} sweep=${sweep} trial=${trial && Number(trial)}
    params=${params} />` : html`<div class="page">${isLost ? html`<${Trouble} isPage error=${NO_ANSWER}>
    <button type="button" onClick=${loadAnew}>Ask now</button><//>` : html`<${Skeleton} lines=${6} />`}</div>`;
  return html`
    <a class="skip" href="#main">To the content</a>
    <${Bar} file=${file} />
    <${Away} />
    <main id="main" tabindex="-1">
      ${file ? page : html`<div class="page">
      <${Trouble} isPage error=${{ status: 404, message: `There is no page at ${path}.` }}>
      <a class="button" href="/">All sweeps</a><//></div>`}</main>
    <${Dialogs} /><${Toasts} />`;
}

/** Another page has the focus from its beginning on, for keyboards and screen readers. */
function useArrival(path) {
  const before = useRef(path);
  useEffect(() => {
    if (before.current !== path) document.getElementById("main")?.focus({ preventScroll: true });
    before.current = path;
  }, [path]);
}

function Bar({ file }) {
  const theme = useTheme();
  const at = (name) => (file === name ? "page" : undefined);
  const other = theme === "dark" ? "Light colours" : "Dark colours";
  return html`<header class="bar">
    <a class="brand" href="/"><img src=${MARK} alt="" width="22" height="22" />besom</a>
    <nav aria-label="Pages"><a href="/" aria-current=${at("sweeps")}>Sweeps</a>
      <a href="/agents" aria-current=${at("agents")}>Agents</a></nav>
    <${Connection} />
    <button type="button" class="quiet" title="Keys (?)" aria-label="Keys" onClick=${showShortcuts}>
      <${Icon} name="keys" /></button>
    <button type="button" class="quiet" title="${other} (t)" aria-label=${other} onClick=${switchTheme}>
      <${Icon} name=${theme === "dark" ? "sun" : "moon"} /></button>
    ${isInside() && html`<button type="button" class="quiet" onClick=${logOut}>Log out</button>`}
  </header>`;
}

function Connection() {
  const state = useConnection();
  const words = { live: "live", away: "away", connecting: "…" };
  return html`<span class="connection ${state}" title="Whether the page hears of changes at once">${words[state]}
    </span>`;
}

/** Says that the server is away, once it has been for longer than a blink. */
function Away() {
  const state = useConnection();
  const [since, set] = useState(0);
  const now = useNow(1000);
  useEffect(() => onNews("state", (next) => set(next === "away" ? (before) => before || Date.now() : 0)), []);
  if (state !== "away" || !since || now - since < PATIENCE_MS) return null;
  return html`<p class="offline"
    role="status">The server has been away since ${clock(since)}. What you see is from before; the page goes on by itself as
    soon as it is back.</p>`;
}

/** Another address than a page's: the server shows it, or leads on from it, to who has come in. */
function goOn() {
  location.replace(location.pathname + location.search);
}

/**
 * What keeps the door shut: {error} of the link, where that is why; null where it is open. To who was outside, the
 * server shows this page at every address; to who is inside, only where there is nothing else.
 */
async function shut() {
  const { hash } = location;
  const error = await takeToken();
  if (error) return { error };
  if (pageOf(location.pathname).file) return null;
  try {
    await ask("/api/v1/overview");
    if (hash !== location.hash) goOn(); // by the token that it brought
  } catch {
    return {};
  }
  return null;
}

startRouting();
const lock = await shut();
render(html`<${App} lock=${lock} />`, document.getElementById("app"));
