// The live picture that comes in: how much of it is seen, how it is placed, and what is said of its source.
import { choice, control, fill, parameters, toggle } from "./controls.js";

const panel = document.getElementById("input"), note = panel.querySelector(".note");
const ORDER = ["mix", "pull", "delay", "fit", "mirror", "freeze"]; // what is not named comes last
const MAKERS = { bool: toggle, choice };

export function layInput(deck) {
  const rank = (each) => ORDER.indexOf(each.address.split("/").pop()) >>> 0;
  const members = [...parameters.values()].filter((each) => each.heading === "input" && !each.hidden && (each.deck ?? deck) === deck);
  members.sort((a, b) => rank(a) - rank(b));
  fill(panel, [panel.firstElementChild, note, ...members.map((each) => control(each, MAKERS[each.type]))]);
  panel.hidden = !members.length;
}

export function reportInput(input) {
  if (!input) return;
  const { name, state, error, size, fps } = input, well = state === "up";
  const says = well ? [name, `${Math.round(fps)} fps`, size?.join("x")] : [name, state, error?.replace(`${name}: `, "")];
  const text = says.filter(Boolean).join(" · ");
  if (note.textContent !== text) note.textContent = note.title = text;
  note.classList.toggle("wrong", state === "retrying" || state === "failed");
}
