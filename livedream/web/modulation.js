// Modulation: a line for each slot in use, with the curve of its source; and the input level.
import { change, choice, control, fill, hint, make, parameters, set, toggle, upper, values, wire } from "./controls.js";

const panel = document.getElementById("modulation"), list = panel.querySelector("ol"), add = panel.querySelector(".add");
const ears = panel.querySelector(".ears"), note = panel.querySelector(".note");
const SLOTS = 8, PAST = 44;                      // PAST: points of a curve
const WAVES = ["sine", "triangle", "saw", "square", "random"];
const STAGES = ["attack", "decay", "sustain", "release"];
const PARTS = {                                  // settings of each source
  wave: ["rate", "beats", "phase", "offset", "trigger"], envelope: [...STAGES, "offset", "trigger", "gate"],
  onset: [...STAGES, "offset", "trigger"], beat: ["rate", "phase", ...STAGES, "offset"], level: ["offset"],
};
const slots = new Map();                         // number -> its row
const opened = new Set();                        // slots that were added here and have no source yet
let accent = "#8f7bff", onsets = 0;
let laid = "";                                   // sources and targets of the present layout

// ---- the list of slots ----

const own = (n, what) => `mod/${n}/${what}`;
const source = (n) => parameters.get(own(n, "source"))?.choices[values[own(n, "source")]] ?? "off";
const numbers = () => Array.from({ length: SLOTS }, (_, i) => i + 1).filter((n) => parameters.has(own(n, "source")));

export function layModulation() {
  const all = numbers();
  panel.hidden = !all.length;
  if (!all.length) return;
  const used = all.filter((n) => source(n) !== "off" || values[own(n, "target")] || opened.has(n));
  for (const n of used) if (!slots.has(n)) slots.set(n, slot(n));
  for (const n of used) slots.get(n).lay();
  fill(list, used.map((n) => slots.get(n).node));
  const free = all.find((n) => !used.includes(n));
  add.hidden = free === undefined;
  add.onclick = () => { opened.add(free); wire.lay(); slots.get(free).show(true); };
  laid = chosen();
  const hears = ["gain", "threshold", "attack", "release"].map((each) => parameters.get(`audio/${each}`)).filter(Boolean);
  fill(tuning, hears.map((each) => control(each)));
}

// ---- one slot ----

function slot(n) {
  const node = make("li", { className: "slot" }), row = make("div", { className: "line" });
  const body = make("div", { className: "body", hidden: true }), inputs = make("div", { className: "inputs" });
  const feet = make("div", { className: "feet" }), more = make("button", { className: "more", ariaExpanded: false });
  const curve = make("canvas", { width: 88, height: 52 }), ink = curve.getContext("2d"), past = [];
  node.dataset.slot = n;
  more.ariaLabel = `settings of slot ${n}`;
  curve.title = `slot ${n}`;
  const show = (open) => { body.hidden = !open; more.ariaExpanded = open; };
  more.onclick = () => show(body.hidden);
  feet.append(make("button", { textContent: "Remove", onclick: () => {
    opened.delete(n);
    change(own(n, "source"), 0);
    change(own(n, "target"), 0);
    wire.lay();
  } }));
  body.append(inputs, feet);
  node.append(row, body);

  function lay() {
    const kind = source(n), wave = WAVES.includes(kind);
    const parts = PARTS[wave ? "wave" : kind] ?? (kind === "off" ? [] : PARTS.level);
    fill(row, [curve, control(parameters.get(own(n, "source")), from), control(parameters.get(own(n, "target")), to),
      control(parameters.get(own(n, "depth"))), more]);
    fill(inputs, parts.map((each) => control(parameters.get(own(n, each)), each === "beats" ? toggle : undefined)));
    node.classList.toggle("still", kind === "off" || !values[own(n, "target")]);
  }
  function move(level) { // -1..1 for a wave, 0..1 for all others
    const wave = WAVES.includes(source(n));
    past.push(wave ? (level + 1) / 2 : level);
    if (past.length > PAST) past.shift();
    const { width, height } = curve, y = (at) => height - 7 - at * (height - 14), x = (i) => width - 8 - (past.length - 1 - i) * 2;
    ink.clearRect(0, 0, width, height);
    ink.lineWidth = 2.5;
    ink.lineJoin = "round";
    const fade = ink.createLinearGradient(0, 0, width, 0);
    fade.addColorStop(0, "transparent");
    fade.addColorStop(1, accent);
    ink.strokeStyle = fade;
    ink.beginPath();
    past.forEach((at, i) => ink.lineTo(x(i), y(at)));
    ink.stroke();
    ink.fillStyle = "#fff";
    ink.beginPath();
    ink.arc(width - 8, y(past.at(-1)), 4.5, 0, 7);
    ink.fill();
  }
  return { node, lay, move, show };
}

function from(each) { // the source; its settings follow it
  const made = choice(each);
  made.node.querySelector("select").ariaLabel = "modulation source";
  return { node: made.node, show: (value) => { made.show(value); again(); } };
}

function to(each) { // the target, grouped by heading
  const node = make("label", { className: "choice", title: hint(each) });
  const select = make("select", { ariaLabel: "modulation target" }), groups = new Map();
  select.dataset.address = each.address;
  for (const address of each.choices) {
    const [name, title] = placed(address), option = new Option(title, address);
    if (name && !groups.has(name)) groups.set(name, make("optgroup", { label: name }));
    (name ? groups.get(name) : select).append(option);
  }
  select.append(...groups.values());
  select.onchange = () => { set(each.address, select.value); select.blur(); };
  node.append(make("span"), select);
  return { node, show: (value) => { select.value = each.choices[value]; again(); } };
}

const HEADINGS = { mod: "Modulation", layer: "Layers" }; // any other shows its own name

function placed(address) { // its group in the list, and its name there
  const [whole, index] = parameters.has(address) ? [address, ""] : address.match(/^(.*)(\/\d+)$/)?.slice(1) ?? ["", ""];
  const each = parameters.get(whole);
  if (!each) return ["", "Nothing"];
  const { heading, item, title, deck } = each, owner = heading === "mod" ? `Slot ${item}` : item && upper(item);
  const name = owner && owner !== title ? `${owner} ${title.toLowerCase()}` : title;
  const place = heading === "look" ? upper(item) : HEADINGS[heading] ?? upper(heading);
  return [`${deck ? "Deck B · " : ""}${place}`, name + index.replace("/", " ")];
}

const chosen = () => numbers().flatMap((n) => [values[own(n, "source")], values[own(n, "target")]]).join();
function again() { // lays out again when a source or a target has changed
  if (laid === chosen()) return;
  laid = chosen();
  setTimeout(wire.lay, 0);
}

// ---- the input level, and the sources now ----

const bars = ["level", "low", "mid", "high"].map((name) => make("i", { className: `bar ${name}`, title: name }));
const flash = make("b", { title: "onset" });
const tuning = make("div", { className: "inputs", hidden: true });
const more = make("button", { className: "more", ariaLabel: "audio settings", ariaExpanded: false });
const device = make("span");
more.onclick = () => { tuning.hidden = !tuning.hidden; more.ariaExpanded = !tuning.hidden; };
const meters = make("div", { className: "meters" });
meters.append(...bars);
const heard = make("div", { className: "heard" });
heard.append(flash, device, meters, more);
ears.append(heard, tuning);

export function moveModulation({ mod, audio }) {
  accent = getComputedStyle(document.documentElement).getPropertyValue("--accent") || accent;
  mod?.forEach((level, i) => { if (source(i + 1) !== "off") slots.get(i + 1)?.move(level); });
  if (!audio) return;
  audio.slice(0, 4).forEach((each, i) => bars[i].style.setProperty("--at", Math.sqrt(each))); // square root: closer to perceived loudness
  if (audio[4] === onsets) return;
  onsets = audio[4];
  flash.getAnimations().forEach((each) => each.cancel());
  flash.animate({ opacity: [1, 0.16], boxShadow: ["0 0 12px 2px var(--accent)", "none"] }, { duration: 320, easing: "ease-out" });
}

export function reportModulation(audio) {
  ears.hidden = !audio;
  const error = audio?.error ?? "";
  if (note.textContent !== error) note.textContent = error;
  if (audio && device.textContent !== audio.device) [device.textContent, device.title] = [audio.device, audio.device];
}
