// The page: one WebSocket receives pictures (binary JPEG), values and status, and sends what is changed here.
import {
  change, control, fill, held, hint, make, menu, osc, parameters, set, shown, values, wire,
} from "./controls.js";
import { layEffects, reportEffects } from "./effects.js";
import { layInput, reportInput } from "./input.js";
import { layLayers } from "./layers.js";
import { layLooks, reportLooks } from "./looks.js";
import { layMidi, reportMidi } from "./midi.js";
import { layModulation, moveModulation, reportModulation } from "./modulation.js";
import { layOutputs, reportOutputs } from "./outputs.js";
import { layPresets, reportPresets } from "./presets.js";
import { layTempo, reportTempo, tap } from "./tempo.js";
import { layVote, reportVote } from "./vote.js";

const $ = (id) => document.getElementById(id);
const picture = $("picture"), paint = picture.getContext("2d", { alpha: false });
const glow = $("glow"), shine = glow.getContext("2d", { alpha: false, willReadFrequently: true });
shine.imageSmoothingQuality = "high";
const rows = new Map();       // prefix of a deck's addresses -> its row
let socket, wait = 500, dreamt = 0;
let deck = "";                // prefix of the deck whose controls are shown: "" or "b/"

// ---- connection ----

const SILENCE = 6000, GIVE_UP = 20000; // milliseconds without a word of the show: it is away; try again
let heard = 0;                // performance.now() of its last word
let role = "admin";           // what this page's token allows: "play" or "admin"

function connect() {
  const mine = socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
  let why = "";
  heard = performance.now();
  socket.binaryType = "blob";
  socket.onopen = () => { wait = 500; dreamt = 0; say("Waiting for the first picture…"); look(); };
  socket.onmessage = ({ data }) => {
    if (mine !== socket) return;
    heard = performance.now();
    if (typeof data !== "string") return receivePicture(data);
    const message = JSON.parse(data);
    if (message.full) why = message.full;
    else { online(true); receive(message); }
  };
  socket.onclose = () => { if (mine === socket) lost(why); };
}

function lost(why = "") {
  socket = null;
  document.body.classList.add("away");
  online(false);
  say(why || "Connection lost. Reconnecting…");
  setTimeout(connect, why ? 5000 : wait);
  wait = Math.min(wait * 1.6, 5000);
}

// While the show is away its controls are off: what is pressed would not be sent.
let connected = null;
function online(now) {
  if (now === connected) return;
  connected = now;
  for (const each of $("desk").children) each.inert = !now;
  $("desk").ariaBusy = !now;
  if (now) return;
  $("outputs").replaceChildren();
  $("figures").textContent = "not connected: controls are off";
}

setInterval(() => { // a cable that was pulled closes nothing
  const silent = performance.now() - heard;
  if (!socket || document.hidden || silent < SILENCE) return;
  online(false);
  if (silent < GIVE_UP) return;
  socket.close();
  lost();
}, 1000);

const send = (message) => connected && socket?.readyState === 1 && socket.send(JSON.stringify(message));
const ask = async () => { try { report(await (await fetch("/status")).json()); } catch { /* it is away */ } };
Object.assign(wire, { send, lay, ask });
const look = () => socket?.readyState === 1 && socket.send(JSON.stringify({ look: !document.hidden }));
document.addEventListener("visibilitychange", look);
if (new URLSearchParams(location.search).has("clean")) document.body.classList.add("wall", "clean");

function receive({ parameters: list, values: changed, status, meters, osc_prefix: prefix, role: given }) {
  if (given) { role = given; document.body.classList.toggle("guest", role !== "admin"); }
  if (prefix !== undefined) osc.prefix = prefix;
  if (list) build(list);
  for (const [address, value] of Object.entries(changed ?? {})) {
    values[address] = value;
    if (!held.has(address)) shown.get(address)?.(value);
  }
  if (status) report(status);
  if (meters) moveModulation(meters);
}

// ---- the picture: only the newest is ever decoded ----

let newest = null, decoding = false;
async function receivePicture(blob) {
  if (newest) send({ shown: 1 }); // skipped
  newest = blob;
  if (decoding) return;
  decoding = true;
  while (newest) {
    const blob = newest;
    newest = null;
    try {
      const bitmap = await createImageBitmap(blob);
      draw(bitmap);
      bitmap.close();
    } catch { /* cut short: the next one comes soon */ }
    send({ shown: 1 });
  }
  decoding = false;
}

function draw(bitmap) {
  if (picture.width !== bitmap.width || picture.height !== bitmap.height) {
    [picture.width, picture.height] = [bitmap.width, bitmap.height];
    document.documentElement.style.setProperty("--aspect", bitmap.width / bitmap.height);
  }
  paint.drawImage(bitmap, 0, 0);
  shine.globalAlpha = dreamt ? 0.2 : 1; // the glow follows the picture slowly
  if (dreamt++ % 2 === 0) shine.drawImage(bitmap, 0, 0, glow.width, glow.height);
  if (dreamt % 15 === 1) tint();
  if (dreamt === 1) { say(""); document.body.classList.remove("away"); }
}

function tint() { // the accent colour: the picture's dominant hue, at a readable lightness
  const { data } = shine.getImageData(0, 0, glow.width, glow.height);
  const bins = Array.from({ length: 12 }, () => [0, 0, 0, 0]); // red, green, blue, weight for each twelfth of the colour circle
  for (let i = 0; i < data.length; i += 4) {
    const r = data[i], g = data[i + 1], b = data[i + 2], high = Math.max(r, g, b), colour = high - Math.min(r, g, b);
    if (colour < 16) continue;
    const hue = (high === r ? (g - b) / colour + 6 : high === g ? (b - r) / colour + 2 : (r - g) / colour + 4) % 6;
    const bin = bins[Math.floor(hue * 2) % 12], weight = colour * colour;
    bin[0] += r * weight; bin[1] += g * weight; bin[2] += b * weight; bin[3] += weight;
  }
  const [r, g, b, weight] = bins.reduce((most, each) => (each[3] > most[3] ? each : most));
  if (!weight) return;
  const low = Math.min(r, g, b), high = Math.max(r, g, b);
  const [x, y, z] = [r, g, b].map((each) => Math.round(90 + (165 * (each - low)) / (high - low)));
  document.documentElement.style.setProperty("--accent", `rgb(${x} ${y} ${z})`);
}

function say(text) { $("message").textContent = text; }

// ---- the desk, made from the parameter table ----

const PANELS = ["motion", "history", "knobs", "more", "master"]; // panels of faders; headings without a panel go to "more"
// Headings with a panel of their own.
const OWN = ["mix", "input", "effect", "look", "layer", "output", "window", "preset", "tempo", "midi", "mod", "audio", "vote"];
const KINDS = ["float", "int", "bool", "trigger"]; // types that panels of faders show
const here = (each) => each.deck === null || each.deck === deck;

function build(list) {
  parameters.clear(); shown.clear();
  for (const each of list) { parameters.set(each.address, each); values[each.address] = each.value; }
  if (!parameters.has(`${deck}player/speed`)) deck = "";
  lay();
}

function lay() { // lays out the controls of the shown deck
  const shownHere = [...parameters.values()].filter(here), groups = Object.fromEntries(PANELS.map((id) => [id, []]));
  for (const each of shownHere) {
    if (each.hidden || each.pinned || !KINDS.includes(each.type) || OWN.includes(each.heading)) continue;
    groups[PANELS.includes(each.heading) ? each.heading : "more"].push(each);
  }
  for (const [id, members] of Object.entries(groups)) {
    fill($(id), [$(id).firstElementChild, ...members.map((each) => control(each))]);
    $(id).hidden = !members.length;
  }
  fill($("buttons"), shownHere.filter((each) => each.pinned).map((each) => control(each)));
  buildDecks();
  buildScenes();
  layLayers(deck);
  layInput(deck);
  layEffects(deck);
  layLooks();
  layTempo();
  layPresets();
  layVote(deck);
  layMidi();
  layModulation();
  layOutputs();
  if (role !== "admin") lock();
  for (const each of held) if (!shown.has(each)) held.delete(each);
  for (const [address, show] of shown) if (!held.has(address)) show(values[address]);
}

function lock() { // what this page's token does not allow
  for (const node of $("desk").querySelectorAll("[data-address]")) {
    if (!parameters.get(node.dataset.address)?.admin) continue;
    [node.disabled, node.title] = [true, "Needs the address for everything, which livedream printed at its start"];
  }
}

const mixer = make("div", { className: "mix" });

function buildDecks() {
  const prefixes = ["", "b/"].filter((each) => parameters.has(`${each}dream/load`));
  const mix = ["mix/crossfade", "mix/mode"].map((each) => parameters.get(each)).filter(Boolean);
  fill(mixer, mix.map((each) => control(each)));
  for (const prefix of prefixes) {
    if (!rows.has(prefix)) rows.set(prefix, deckRow(prefix));
    const { tab, select } = rows.get(prefix), { choices, doc, address } = parameters.get(`${prefix}dream/load`);
    tab.hidden = prefixes.length < 2;
    tab.setAttribute("aria-pressed", prefix === deck);
    select.title = `${doc}\nOSC ${osc.prefix}/${address}`;
    if (choices.join("\n") !== [...select.options].map((each) => each.text).join("\n"))
      select.replaceChildren(...choices.map((each) => new Option(each)));
    shown.set(address, (value) => { select.selectedIndex = value; });
  }
  const [first, ...others] = prefixes.map((each) => rows.get(each).node);
  fill($("decks"), [...(first ? [first] : []), ...(mix.length ? [mixer] : []), ...others]);
  $("decks").hidden = !prefixes.length;
}

function deckRow(prefix) {
  const node = make("div", { className: "deck" }), letter = prefix ? "B" : "A";
  const tab = make("button", { textContent: letter, title: `show the controls of deck ${letter} (key D)`, className: "tab" });
  const select = make("select", {}), note = make("p", { className: "note" });
  const reload = make("button", { textContent: "File changed — reload", hidden: true, className: "reload" });
  select.setAttribute("aria-label", `dream of deck ${letter}`);
  select.dataset.address = `${prefix}dream/load`;
  tab.onclick = () => { deck = prefix; lay(); };
  select.onchange = () => {
    note.textContent = `Loading ${select.value}…`;
    set(`${prefix}dream/load`, select.value);
    select.blur(); // keys are shortcuts of the instrument
  };
  reload.onclick = () => { reload.hidden = true; set(`${prefix}dream/reload`, []); };
  node.append(tab, select, note, reload);
  return { node, tab, select, note, reload, sha: "" };
}

function buildScenes() {
  const scene = parameters.get(`${deck}dream/scene`), names = scene?.choices ?? [];
  const photo = `${deck}dream/photo`, [, ...photos] = parameters.get(photo)?.choices ?? []; // the first is none of them
  menu(document.querySelector("#scenes .photo"), photo, photos);
  $("scenes").hidden = !names.length && !photos.length;
  const nodes = names.map((name, i) => {
    const node = document.createElement("button"), text = document.createElement("span"), image = new Image();
    node.className = "scene"; node.title = hint(scene); text.textContent = name;
    image.alt = ""; image.loading = "lazy"; image.onerror = () => image.remove();
    image.src = `/${deck}scene/${i}.jpg?dream=${rows.get(deck)?.sha ?? ""}`;
    node.append(image, text);
    node.onclick = () => jump(i);
    node.dataset.learn = `${deck}dream/scene${parameters.has(`${deck}dream/scene_jump`) ? "_jump" : ""} ${i}`;
    return node;
  });
  document.querySelector("#scenes .strip").replaceChildren(...nodes);
  shown.set(`${deck}dream/scene`, (value) => nodes.forEach((node, i) => node.setAttribute("aria-pressed", i === value)));
}

function jump(i) {
  if (i >= (parameters.get(`${deck}dream/scene`)?.choices.length ?? 0)) return;
  shown.get(`${deck}dream/scene`)(i);
  set(`${deck}dream/scene${parameters.has(`${deck}dream/scene_jump`) ? "_jump" : ""}`, i);
}

// ---- the status line ----

const number = (value, unit, digits = 0) => (Number.isFinite(value) ? [`${value.toFixed(digits)} ${unit}`] : []);

function report(status) {
  const { fps = {}, ms = {}, outputs = [], decks = [], errors } = status;
  const dropped = outputs.reduce((sum, each) => sum + (each.dropped ?? 0), 0);
  $("figures").textContent = [
    ...number(fps.fresh ?? fps.sent, "fps"), ...number(ms.latency_p50, "ms"), `${dropped} dropped`,
    ...(status.battery && !status.battery.plugged ? [`on battery, ${status.battery.percent ?? "?"} %`] : []),
    ...(status.state && status.state !== "playing" ? [status.state] : []),
  ].join("  ·  ");
  $("outputs").replaceChildren(...outputs.map(({ name, kind, state, error }) => {
    const node = document.createElement("span");
    node.className = `output ${state}`;
    node.title = `${kind}: ${state}`;
    const well = state === "up" || state === "starting";
    node.append(make("span", { textContent: well ? name : error || `${name}: ${state}` }));
    return node;
  }));
  $("dream").textContent = decks.map((each) => each.dream ?? "").join("  ×  ");
  reportTempo(status.tempo);
  reportModulation(status.audio);
  reportPresets(status);
  reportVote(status.vote);
  reportMidi(status.midi);
  reportInput(status.input);
  reportEffects(status);
  document.querySelector("#scenes .note").textContent = status.photo_error ?? "";
  reportLooks(status.looks, status.look_error);
  reportOutputs(outputs, status);
  decks.forEach((each, i) => reportDeck(i ? "b/" : "", each));
  if (!dreamt && !outputs.some((each) => each.kind === "page")) say("No picture: add the output “page” under Outputs");
  if (Array.isArray(errors) && errors.length) $("figures").title = errors.join("\n");
}

function reportDeck(prefix, { sha256, loading, load_error, error, changed, memories }) {
  const row = rows.get(prefix);
  if (!row) return;
  const held = memories ? `keeps ${memories} pictures of its footage` : "";
  row.note.textContent = loading ? `Loading ${loading}…` : load_error ?? error ?? held;
  row.note.title = row.note.textContent;
  row.note.classList.toggle("wrong", !loading && Boolean(load_error ?? error));
  row.reload.hidden = !changed || Boolean(loading);
  if (sha256 === row.sha) return;
  row.sha = sha256;
  if (prefix !== deck) return;
  buildScenes();
  shown.get(`${deck}dream/scene`)(values[`${deck}dream/scene`]);
}

// ---- full screen and keys ----

let idle = 0;
function wall(on) {
  document.body.classList.toggle("wall", on); // on phones without full screen this is all there is
  if (on) document.documentElement.requestFullscreen?.().catch(() => {});
  else if (document.fullscreenElement) document.exitFullscreen();
  stir();
}
function stir() {
  document.body.classList.remove("idle");
  clearTimeout(idle);
  idle = setTimeout(() => document.body.classList.add("idle"), 1500);
}
picture.ondblclick = () => wall(!document.body.classList.contains("wall"));
document.onpointermove = stir;
document.onfullscreenchange = () => { if (!document.fullscreenElement) document.body.classList.remove("wall"); };
const flip = (address) => parameters.has(address) && change(address, !values[address]);
const KEYS = {
  f: () => wall(!document.body.classList.contains("wall")), Escape: () => wall(false),
  " ": () => flip(`${deck}player/freeze`), h: () => flip("master/hold"), b: () => flip("master/blackout"),
  r: () => set(`${deck}player/reseed`, []), t: tap, p: () => set("master/panic", []),
  d: () => { if (parameters.has("mix/crossfade")) { deck = deck ? "" : "b/"; lay(); } },
};
document.onkeydown = (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key === " " && event.target.tagName === "BUTTON") return; // the browser presses that button
  if (event.target.tagName === "SELECT") return; // the browser chooses by first letters
  if (!connected && !["f", "Escape"].includes(event.key)) return;
  const act = KEYS[event.key] ?? (/^[1-9]$/.test(event.key) ? () => jump(event.key - 1) : null);
  if (act) { event.preventDefault(); act(); }
};

new ResizeObserver(() => { // in the narrow layout it stays above the desk
  document.documentElement.style.setProperty("--covered", `${$("stage").offsetHeight}px`);
}).observe($("stage"));

online(false);
connect();
