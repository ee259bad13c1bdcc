/** The door: where the server wants its token, before anything else is shown. */

import { html, useState } from "../vendor/preact.js";
import { tell } from "../api.js";
import { underWay } from "../early.js";
import { complain } from "../parts/toast.js";

const FRAGMENT = "#token=";
const MARK = new URL("../mark.svg", import.meta.url).href;
const NOT_OURS = "The token in this link is not this server's; paste the one that `besom server` prints.";

/** Take a token from the address and hand it in; the address keeps nothing of it. Why it did not open, or null. */
export async function takeToken() {
  if (!location.hash.startsWith(FRAGMENT)) return null;
  const token = location.hash.slice(FRAGMENT.length);
  history.replaceState(history.state, "", location.pathname + location.search);
  try {
    await enterWith(decodeURIComponent(token));
    return null;
  } catch (error) {
    return error.status === 401 || error instanceof URIError ? new Error(NOT_OURS) : error;
  }
}

/** Leave: this browser needs the token again. */
export async function logOut() {
  try {
    await tell("/logout", {});
    localStorage.removeItem("entered");
    location.assign("/");
  } catch (error) {
    complain(error);
  }
}

/** Whether this browser came in by a token. */
export function isInside() {
  return localStorage.getItem("entered") !== null;
}

/** A field for the token; `error` is why a link did not open. */
export function Login({ enter, error: first }) {
  const [state, set] = useState({ error: first });
  const send = async (event) => {
    event.preventDefault();
    set({ isBusy: true });
    try {
      await enterWith(new FormData(event.target).get("token").trim());
      enter();
    } catch (error) {
      set({ error });
    }
  };
  return html`<main class="login" id="main">
    <form class="card" onSubmit=${send}>
      <h1><img src=${MARK} alt="" width="28" height="28" />besom</h1>
      <p>This server wants its token. <code>besom server</code> printed it when it started, in a link that opens this page.</p>
      <label>Token<input name="token" type="password" autocomplete="current-password" required autofocus
        aria-describedby="refusal" /></label>
      <p class="refusal" id="refusal" role="alert">${state.error?.message}</p>
      <button type="submit" class="main" disabled=${state.isBusy}>Open</button>
    </form>
  </main>`;
}

async function enterWith(token) {
  await tell("/login", { token });
  localStorage.setItem("entered", "yes");
  underWay.clear(); // answered before the door was open
}
