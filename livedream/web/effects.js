// The effects of the shown deck: networks that its picture goes through before the mix.
import { chain } from "./chain.js";

const effects = chain(document.getElementById("effects"), "effect", (item, wet) => wet.title);
let shown = "", last = []; // prefix of the deck, and the decks of the last status

export function layEffects(deck) {
  effects.lay(shown = deck);
  reportEffects(last);
}

export function reportEffects(decks) {
  last = decks;
  const { effects: list = [], effect_error: error = null } = decks[shown ? 1 : 0] ?? {};
  effects.report(list.map((each) => ({ item: String(each.number), error: each.error, says: says(each) })), error);
}

function says({ state, fps }) { // "12 fps", or why there is none yet
  return [state, Number.isFinite(fps) && `${fps.toFixed(fps < 10 ? 1 : 0)} fps`].filter(Boolean).join(" · ");
}
