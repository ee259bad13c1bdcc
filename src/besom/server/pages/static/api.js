/** What pages ask of the server and tell it. */

import { underWay } from "./early.js";
import { useEffect, useRef, useState } from "./vendor/preact.js";

const KEPT = 80;
const known = new Map();
const doors = new Set();

/** The server's refusal, in its own words; `status` is 0 where it was not reached. */
export class Refusal extends Error {
  constructor(status, { type = "ServerError", message = "", problems = [] } = {}) {
    super(problems.length > 1 ? `${message}\n${problems.join("\n")}` : message);
    Object.assign(this, { status, type });
  }
}

/** The answer to a GET: JSON, or text. What has not changed is the very same object as before. */
export async function ask(address, signal) {
  const response = await reached(taken(address) ?? fetch(address, { cache: "no-cache", signal }));
  const tag = response.headers.get("ETag");
  const before = known.get(address);
  if (tag && before?.tag === tag) {
    response.blob().catch(() => {}); // unread, it could keep a connection
    return before.data;
  }
  const isJson = response.headers.get("Content-Type")?.includes("json");
  const data = isJson ? await response.json() : await response.text();
  known.delete(address);
  known.set(address, { tag, data });
  if (known.size > KEPT) known.delete(known.keys().next().value);
  return data;
}

/** The answer to a POST of `body`. */
export async function tell(address, body) {
  const headers = { "Content-Type": "application/json" };
  const response = await reached(fetch(address, { method: "POST", headers, body: JSON.stringify(body) }));
  const text = await response.text();
  return text ? JSON.parse(text) : null;
}

/** Call `listener` whenever the server wants its token first. */
export function onLocked(listener) {
  doors.add(listener);
  return () => doors.delete(listener);
}

/**
 * The answer to a GET, asked again when `pulse` changes: {data, error, isOld}. While another address is asked, `data`
 * stays what it was, so that nothing flickers; `isOld` says so.
 */
export function useAnswer(address, pulse = 0) {
  const [state, set] = useState(() => ({ address, data: known.get(address)?.data }));
  const latest = useRef(address);
  latest.current = address;
  useEffect(() => {
    if (!address) return undefined;
    const control = new AbortController();
    ask(address, control.signal).then(
      (data) => set((was) => (was.address === address && was.data === data && !was.error ? was : { address, data })),
      (error) => {
        if (error.name !== "AbortError") set((was) => ({ ...was, address, error }));
      },
    );
    return () => latest.current !== address && control.abort();
  }, [address, pulse]);
  return { data: address ? state.data : undefined, error: state.error, isOld: state.address !== address };
}

async function reached(request) {
  let response;
  try {
    response = await request;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, { type: "Away", message: "The server does not answer." });
  }
  if (response.ok) return response;
  const said = await response.json().catch(() => ({}));
  if (response.status === 401) for (const listener of [...doors]) listener();
  throw new Refusal(response.status, said.error ?? { message: `The server answered ${response.status}.` });
}

function taken(address) {
  const request = underWay.get(address);
  underWay.delete(address);
  return request;
}
