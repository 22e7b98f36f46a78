// The effects of the shown deck: networks that its picture goes through before the mix.
import { chain } from "./chain.js";

const effects = chain(document.getElementById("effects"), "effect", (item, wet) => wet.title);
let shown = "", last = {}; // prefix of the deck, and the last status

export function layEffects(deck) {
  effects.lay(shown = deck);
  reportEffects(last);
}

export function reportEffects(status) {
  last = status;
  const here = (status.effects ?? []).filter((each) => each.deck === (shown ? "b" : "a"));
  const states = here.map((each) => ({ item: String(each.n), error: each.error, says: says(each) }));
  effects.report(states, status.effect_error, status.effect_loading ? `Loading ${status.effect_loading}…` : "");
}

function says({ state, fps, ms, size }) { // what stands under its fader
  if (state === "bypassed") return state;
  const own = [`${fps < 10 ? fps.toFixed(1) : Math.round(fps)} fps`, `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`];
  return [...(state === "behind" ? [state] : []), ...own, size.join("x")].join(" · ");
}
