// The layers of a dream that draws several: how much of each is seen, how late it is, and whether at all.
import { bare, control, fill, lamp, make, parameters, upper } from "./controls.js";

const panel = document.getElementById("layers");
const rows = new Map(); // prefix and name -> its row

export function layLayers(deck) {
  const wanted = [...parameters.keys()].filter((each) => each.startsWith(`${deck}layer/`) && each.endsWith("/gain"));
  const nodes = wanted.map((gain) => {
    const own = (what) => parameters.get(gain.replace(/gain$/, what));
    if (!rows.has(gain)) rows.set(gain, make("div", { className: "layer" }));
    const light = (each) => lamp(each, `${upper(bare(gain).split("/")[1])} is seen`);
    fill(rows.get(gain), [control(own("gain")), control(own("offset")), control(own("mute"), light)]);
    return rows.get(gain);
  });
  fill(panel, [panel.firstElementChild, ...nodes]);
  panel.hidden = !nodes.length;
}
