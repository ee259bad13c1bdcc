/** A host that gets no further runs of a sweep: why, and the way back. */

import { html } from "../vendor/preact.js";
import { Ago } from "../format.js";
import { command } from "./actions.js";
import { confirm } from "./dialog.js";
import { Icon } from "./icon.js";

/** A note on one such host; `inSweep` names the sweep too, where the page is not of it. */
export function SetAside({ aside, inSweep = false }) {
  const { sweep, sweep_name: name, host, at, text, causes } = aside;
  const back = () => confirm({ title: `Put ${host} back?`, verb: "Put back",
    text: `It gets runs of ${name} again. What has failed on it so far is not held against it any more.`,
    run: () => command(sweep, "resume_host", { host }, `${host} gets runs again.`) });
  return html`<div class="notice aside" role="note">
    <p><b>${host}</b> was set aside${inSweep && html` in <b>${name}</b>`} <${Ago} at=${at} />: ${text}.</p>
    ${causes.length > 0 && html`<ul>${causes.map((cause) => html`<li><code>${cause}</code></li>`)}</ul>`}
    <button type="button" onClick=${back}><${Icon} name="reset" />Put back</button>
  </div>`;
}
