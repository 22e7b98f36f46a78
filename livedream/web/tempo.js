// Tempo: a tap button with four beat lights, the clock source, and quantization.
import { choice, control, fill, hint, make, parameters, set, shown, toggle, wire } from "./controls.js";

const panel = document.getElementById("tempo"), pace = panel.querySelector(".pace"), rest = panel.querySelector(".rest");
const note = panel.querySelector(".note");
const BAR = 4, STEP = 0.02; // beats: in a bar; in a nudge
const PART = "tempo/";
let at = 0, beat = 0, bpm = 0; // at this performance.now() it was this beat, at this tempo
let timer = 0;

const later = () => setTimeout(() => wire.ask(), 80); // the change has been applied by then
const lights = Array.from({ length: BAR }, () => make("i", {}));
const tapper = make("button", { className: "tap" });
tapper.append(make("span", { textContent: "Tap" }), ...lights);
tapper.dataset.address = "tempo/tap";
tapper.onpointerdown = () => tap(); // a click would come only when the finger leaves
tapper.onclick = (event) => { if (!event.detail) tap(); }; // from the keyboard

export function tap() { if (parameters.has("tempo/tap")) set("tempo/tap", []); }

const nudges = [["‹", -STEP], ["›", STEP]].map(([textContent, step]) => {
  const node = make("button", { textContent, className: "step", ariaLabel: step < 0 ? "nudge back" : "nudge forward" });
  node.dataset.step = step;
  node.onclick = () => { set("tempo/nudge", step); later(); };
  return node;
});

function resync(each) {
  const node = make("button", { textContent: each.title, title: hint(each) });
  node.dataset.address = each.address;
  let done = false; // a mouse acts as it presses; a finger may be scrolling, and acts when it leaves
  const act = () => { set(each.address, []); later(); };
  node.onpointerdown = (event) => { done = event.pointerType === "mouse" && !event.button; if (done) act(); };
  node.onclick = (event) => { if (!done || !event.detail) act(); done = false; };
  return { node };
}

function grid(each) { // a narrow choice
  const made = choice(each);
  made.node.classList.add("short");
  return made;
}

export function layTempo() {
  const [taps, speed, ...others] = ["tap", "bpm", "resync", "nudge", "sync", "source", "quantize"]
    .map((each) => parameters.get(PART + each));
  panel.hidden = !taps;
  if (!taps) return;
  tapper.title = `${hint(taps)}\nkey t`;
  for (const each of nudges) each.title = hint(others[1]);
  const fader = control(speed), show = shown.get(speed.address);
  shown.set(speed.address, (value) => { if (Math.abs(value - bpm) > 0.2) later(); show(value); });
  fill(pace, [tapper, fader]);
  fill(rest, [...nudges, control(others[0], resync), control(others[2], toggle), control(others[3], grid),
    control(others[4], grid)]);
}

export function reportTempo(tempo) {
  if (!tempo) return;
  [at, beat, bpm] = [performance.now(), tempo.beat, tempo.bpm];
  const says = tempo.error ?? (tempo.source === "link" ? `Link · ${tempo.peers || "no"} other${tempo.peers === 1 ? "" : "s"}`
    : tempo.source === "midi" && !tempo.following ? "waiting for a MIDI clock" : "");
  if (note.textContent !== says) note.textContent = note.title = says;
  note.classList.toggle("wrong", Boolean(tempo.error));
  clearTimeout(timer);
  step();
}

function step() { // lights this beat, until the next
  const now = beat + (performance.now() - at) / 60000 * bpm, whole = Math.floor(now + 0.01);
  const lit = ((whole % BAR) + BAR) % BAR;
  lights.forEach((each, i) => each.classList.toggle("on", i === lit));
  tapper.dataset.beat = lit;
  if (bpm > 0 && !document.hidden) timer = setTimeout(step, Math.max(5, (whole + 1 - now) * 60000 / bpm));
}
