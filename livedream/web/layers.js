// The layers of a dream that draws several: opacity, delay and mute of each.
import { control, fill, lamp, make, parameters } from "./controls.js";

const panel = document.getElementById("layers");
const rows = new Map(); // deck and name -> its row

export function layLayers(deck) {
  const own = [...parameters.values()].filter((each) => each.heading === "layer" && each.deck === deck);
  const nodes = [...new Set(own.map((each) => each.item))].map((name) => {
    const key = `${deck}${name}`, [gain, offset, mute] = own.filter((each) => each.item === name);
    if (!rows.has(key)) rows.set(key, make("div", { className: "layer" }));
    const light = (each) => lamp(each, `show ${gain.title}`);
    fill(rows.get(key), [control(gain), control(offset), control(mute, light)]);
    return rows.get(key);
  });
  fill(panel, [panel.firstElementChild, ...nodes]);
  panel.hidden = !nodes.length;
}
