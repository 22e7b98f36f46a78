// MIDI: a small label on each mapped control; and learning: choose a control here, then move one on the controller.
import { make, parameters, wire } from "./controls.js";

const desk = document.getElementById("desk"), button = document.getElementById("midi");
const note = document.getElementById("learning");
let on = false;         // learning: a click chooses a control to map
let waits = null;       // control that waits for a knob, as midi/learn has it
let bound = new Map();  // mapped controls, as midi/learn has them -> {control, waiting}
let messages = 0, timer = 0;

const command = (address, text) => { wire.send({ set: { [address]: text } }); setTimeout(wire.ask, 80); };
const named = (node) => node.dataset.learn ?? node.dataset.address;
const holder = (node) => node.closest("label") ?? (node.tagName === "SELECT" ? node.parentNode : node);
const bindable = (node) => !["vector", "text"].includes(parameters.get(node.dataset.address)?.type);

button.onclick = () => turn(!on);
function turn(to) {
  if (on === to) return;
  on = to;
  button.ariaPressed = on;
  document.body.classList.toggle("learn", on);
  if (!on && waits) { waits = null; command("midi/learn", "off"); }
  clearInterval(timer);
  if (on) timer = setInterval(() => wire.ask(), 250); // sooner than the next status
  wire.ask();
}

function caught(event) { // while learning, clicks move nothing
  if (!on || event.target.closest("header")) return;
  event.preventDefault();
  event.stopPropagation();
  if (event.type !== "click") return;
  const hit = event.target.closest("[data-learn], [data-address]")
    ?? event.target.closest("label")?.querySelector("[data-address]");
  if (hit && bindable(hit)) choose(named(hit));
}
for (const type of ["pointerdown", "mousedown", "click", "dblclick"]) desk.addEventListener(type, caught, true);

function choose(name) { // first click: map it; second click: remove its mapping
  if (waits === name && bound.has(name)) forget();
  else if (waits === name) command("midi/learn", waits = "off");
  else command("midi/learn", waits = name);
}

function forget() { if (waits) command("midi/forget", waits); }

document.addEventListener("keydown", (event) => {
  if (!on || !["Escape", "Delete", "Backspace"].includes(event.key)) return;
  event.preventDefault();
  event.stopPropagation();
  if (event.key === "Escape") turn(false);
  else forget();
}, true);

export function reportMidi(midi) {
  button.hidden = !midi;
  if (!midi) return turn(false);
  const { port, bindings, learning, error } = midi;
  bound = new Map(bindings.map((each) => [each.name, each]));
  waits = learning;
  button.title = [port ?? "no controller", error, "key ⎋ ends learning"].filter(Boolean).join("\n");
  button.classList.toggle("away", !port);
  button.classList.toggle("moving", midi.messages !== messages);
  messages = midi.messages;
  const again = bound.has(waits) ? "remove the mapping" : "cancel";
  const says = error ?? (!on ? "" : waits ? `${waits}: move a knob; click again to ${again}`
    : `${port ?? "no controller"}: click the control to map`);
  if (note.textContent !== says) note.textContent = note.title = says;
  note.classList.toggle("wrong", Boolean(error));
  layMidi();
}

export function layMidi() { // labels the mapped controls
  for (const node of desk.querySelectorAll("[data-learn], [data-address]")) {
    const each = bound.get(named(node)), around = holder(node);
    let word = around.querySelector(":scope > .cc");
    if (each && !word) around.append(word = make("i", { className: "cc" }));
    if (!each) word?.remove();
    else if (word.textContent !== each.control) word.textContent = each.control;
    word?.classList.toggle("apart", Boolean(each?.waiting));
    around.classList.toggle("waits", on && waits === named(node));
  }
}
