// Presets: a button for each stored moment, the morph to it, and buttons to store, undo and delete.
import { control, fill, hint, make, parameters, set, shown, toggle, values, wire } from "./controls.js";

const panel = document.getElementById("presets"), strip = panel.querySelector(".strip");
const way = panel.querySelector(".way"), form = panel.querySelector("form"), note = panel.querySelector(".note");
const field = form.querySelector("input"), store = form.querySelector("button");
const PATIENCE = 5000;   // milliseconds after which deleting is cancelled
const nodes = new Map(); // number -> its button
let kept = [];           // from the last status: {number, name}
let deleting = 0;        // a timer: the next preset that is clicked is deleted
let expecting = null;    // the preset that was clicked here, until the status confirms it: {name, since}
let following = 0;

// ---- the list of presets ----

export function layPresets() {
  const [recall, morph, beats, undo, remove] =
    ["recall", "morph", "beats", "undo", "delete"].map((each) => parameters.get(`preset/${each}`));
  panel.hidden = !recall;
  if (!recall) return;
  store.title = hint(parameters.get("preset/store"));
  strip.title = hint(recall);
  const fader = control(morph), show = shown.get(morph.address), output = fader.querySelector("output");
  const unit = () => { if (values["preset/beats"]) output.textContent = output.textContent.replace(/ s$/, " beats"); };
  shown.set(morph.address, (value) => { show(value); unit(); });
  fader.oninput = unit; // after the fader's own handler
  const inBeats = control(beats, (each) => named(toggle(each), "Beats"));
  const light = shown.get(beats.address);
  shown.set(beats.address, (value) => { light(value); shown.get(morph.address)(values[morph.address]); });
  fill(way, [fader, inBeats, form, control(undo, undoing), control(remove, deleter)]);
}

function named(made, text) { made.node.textContent = text; return made; }

function undoing(each) {
  const node = make("button", { textContent: "Undo", title: hint(each) });
  node.dataset.address = each.address;
  node.onclick = () => { set(each.address, []); expecting = null; soon(); };
  return { node };
}

function deleter(each) {
  const node = make("button", { textContent: "Delete", title: hint(each), ariaPressed: false });
  node.onclick = () => arm(!deleting);
  return { node };
}

function arm(on) {
  clearTimeout(deleting);
  deleting = on ? setTimeout(() => arm(false), PATIENCE) : 0;
  panel.classList.toggle("deleting", on);
  way.lastElementChild.ariaPressed = on;
}

export function reportPresets({ presets, preset = null, preset_part = null, preset_error = null }) {
  if (!presets) return;
  kept = presets;
  for (const number of [...nodes.keys()]) if (!kept.some((each) => each.number === number)) nodes.delete(number);
  fill(strip, kept.map(button));
  if (expecting && (preset === expecting.name || performance.now() - expecting.since > 1500)) expecting = null;
  light(expecting?.name ?? preset, expecting ? 0 : preset_part);
  const brief = (preset_error ?? "").replace(/^preset(s|\/\w+)?:? /, "");
  if (note.textContent !== brief) [note.textContent, note.title] = [brief, preset_error ?? ""];
  clearTimeout(following);
  if (preset_part !== null) following = setTimeout(wire.ask, 120); // shows the progress of the morph
}

function button({ number, name }) {
  if (!nodes.has(number)) {
    const node = make("button", { className: "preset" });
    node.append(make("i", { textContent: number }), make("span"));
    nodes.set(number, node);
  }
  const node = nodes.get(number), text = name === String(number) ? "" : name;
  if (node.lastElementChild.textContent !== text) node.lastElementChild.textContent = text;
  node.dataset.preset = name;
  node.ariaLabel = text ? `${number} ${text}` : name; // what is seen, for who speaks to the page
  node.onclick = () => {
    if (deleting) { arm(false); return command("preset/delete", name); }
    expecting = { name, since: performance.now() };
    light(name, 0);
    command("preset/recall", name);
  };
  return node;
}

function light(name, part) {
  for (const node of nodes.values()) {
    const on = node.dataset.preset === name;
    node.ariaPressed = on;
    node.style.setProperty("--part", on ? part ?? 1 : 0);
  }
}

// ---- storing one ----

form.onsubmit = (event) => {
  event.preventDefault();
  const taken = new Set(kept.map((each) => each.number));
  let free = 0;
  while (taken.has(free)) free++;
  command("preset/store", field.value.trim() || free);
  field.value = "";
  field.blur(); // keys are shortcuts of the instrument
};
field.onkeydown = (event) => {
  event.stopPropagation(); // letters typed here are no shortcuts
  if (event.key === "Escape") field.blur();
};

function command(address, text) { // sent at once: each of them counts
  wire.send({ set: { [address]: text } });
  soon();
}

function soon() { for (const wait of [90, 350]) setTimeout(wire.ask, wait); } // sooner than the next status
