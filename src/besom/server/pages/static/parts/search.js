/** A field that filters while one types. */

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { Icon } from "./icon.js";

const PAUSE_MS = 200;

/** The field; `onChange` gets its text at each pause. */
export function Search({ label, value, onChange }) {
  const [text, set] = useState(value);
  const told = useRef(value);
  useEffect(() => {
    if (value !== told.current) set(value);
    told.current = value;
  }, [value]);
  useEffect(() => {
    if (text === told.current) return undefined;
    const timer = setTimeout(() => {
      told.current = text;
      onChange(text);
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return html`<label class="search"><${Icon} name="search" /><span class="hidden">${label}</span>
    <input type="search" placeholder=${label} value=${text} onInput=${(event) => set(event.target.value)}
      spellcheck=${false} autocomplete="off" /><kbd>/</kbd></label>`;
}
