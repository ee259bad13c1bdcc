/** plotly.js, loaded once: by the page itself where its address tells that there will be a picture, else when asked for. */

const ADDRESS = new URL("../plotly-cartesian.min.js", import.meta.url).href;
let loading = null;

/** What draws pictures. */
export function plotly() {
  loading ??= new Promise((resolve, reject) => {
    const settle = () => {
      if (globalThis.Plotly) return resolve(globalThis.Plotly);
      loading = null; // the next who asks tries again
      return reject(new Error("The script that draws pictures did not load; reload the page."));
    };
    if (globalThis.Plotly) return settle();
    const own = document.readyState === "complete" ? null : document.getElementById("plotly");
    if (own) addEventListener("load", settle); // comes after the script did, or failed
    const script = own ?? Object.assign(document.createElement("script"), { src: ADDRESS, async: true });
    script.addEventListener("load", settle);
    script.addEventListener("error", settle);
    if (!own) document.head.append(script);
  });
  return loading;
}
