// The looks over the mixed picture.
import { chain } from "./chain.js";

const looks = chain(document.getElementById("looks"), "look");

export function layLooks() { looks.lay(); }

export function reportLooks(list = [], error = null) {
  looks.report(list.map((each) => ({ item: each.name, error: each.error })), error);
}
