// The page: one WebSocket brings pictures (binary JPEG), values and status, and takes back what is moved here.
const $ = (id) => document.getElementById(id);
const picture = $("picture"), paint = picture.getContext("2d", { alpha: false });
const glow = $("glow"), shine = glow.getContext("2d", { alpha: false, willReadFrequently: true });
shine.imageSmoothingQuality = "high";
const parameters = new Map(); // address -> what /parameters says of it
const shown = new Map();      // address -> function(value) that shows a value
const held = new Set();       // addresses that a finger is on: their echo waits
const values = {};
let socket, unsent = {}, timer = 0, wait = 500, dreamt = 0, sha = "";

// ---- the wire ----

function connect() {
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
  socket.binaryType = "blob";
  socket.onopen = () => { wait = 500; dreamt = 0; say("waiting for the first picture …"); look(); };
  socket.onmessage = ({ data }) => (typeof data === "string" ? heard(JSON.parse(data)) : arrived(data));
  socket.onclose = () => {
    document.body.classList.add("away");
    say("the dream is out of reach — trying again …");
    setTimeout(connect, wait);
    wait = Math.min(wait * 1.6, 5000);
  };
}
const send = (message) => socket?.readyState === 1 && socket.send(JSON.stringify(message));
const look = () => send({ look: !document.hidden });
document.addEventListener("visibilitychange", look);

function set(address, value) { // the latest of each address, at most sixty times a second
  unsent[address] = value;
  timer ||= setTimeout(() => { send({ set: unsent }); unsent = {}; timer = 0; }, 16);
}

function heard({ parameters: list, values: changed, status }) {
  if (list) build(list);
  for (const [address, value] of Object.entries(changed ?? {})) {
    values[address] = value;
    if (!held.has(address)) shown.get(address)?.(value);
  }
  if (status) report(status);
}

// ---- the picture: only the newest is ever decoded ----

let newest = null, decoding = false;
async function arrived(blob) {
  if (newest) send({ shown: 1 }); // passed over
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
  shine.globalAlpha = dreamt ? 0.2 : 1; // the room follows the picture slowly
  if (dreamt++ % 2 === 0) shine.drawImage(bitmap, 0, 0, glow.width, glow.height);
  if (dreamt % 15 === 1) tint();
  if (dreamt === 1) { say(""); document.body.classList.remove("away"); }
}

function tint() { // the accent: the hue that most of the picture's colour has, in a lightness that can be read
  const { data } = shine.getImageData(0, 0, glow.width, glow.height);
  const bins = Array.from({ length: 12 }, () => [0, 0, 0, 0]); // red, green, blue, weight of each twelfth of the circle
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

const MOTION = ["player/speed", "dream/temperature", "player/glide", "dream/feedback"];
const BUTTONS = ["player/freeze", "player/reseed", "master/hold", "master/blackout"];
const HIDDEN = /^dream\/(scene|latent|load)(\/|$)|^player\/seed$|^status\//;

function build(list) {
  parameters.clear(); shown.clear(); held.clear();
  for (const each of list) { parameters.set(each.address, each); values[each.address] = each.value; }
  const groups = { motion: [], knobs: [], more: [], master: [] };
  for (const each of list) {
    const { address, type } = each;
    if (HIDDEN.test(address) || type === "vector" || type === "choice" || BUTTONS.includes(address)) continue;
    const group = MOTION.includes(address) ? "motion" : address.startsWith("dream/knob/") ? "knobs"
      : address.startsWith("master/") ? "master" : "more";
    groups[group].push(each);
  }
  groups.motion.sort((a, b) => MOTION.indexOf(a.address) - MOTION.indexOf(b.address));
  for (const [id, members] of Object.entries(groups)) {
    $(id).replaceChildren($(id).firstElementChild, ...members.map(control));
    $(id).hidden = !members.length;
  }
  $("buttons").replaceChildren(...BUTTONS.flatMap((each) => parameters.has(each) ? [control(parameters.get(each))] : []));
  buildScenes();
  for (const [address, show] of shown) show(values[address]);
}

const control = (each) => (each.type === "bool" || each.type === "trigger" ? button(each) : fader(each));
const hint = (each) => `${each.doc}${each.doc ? "\n" : ""}OSC /livedream/${each.address}`;

function title({ address, doc }) {
  const last = address.split("/").pop();
  if (!address.startsWith("dream/knob/")) return last[0].toUpperCase() + last.slice(1).replaceAll("_", " ");
  const label = doc.includes(": ") && doc.split(": ")[0];
  return label ? `${last} ${label}` : `Knob ${last}`;
}

function button(each) {
  const node = Object.assign(document.createElement("button"), { textContent: title(each), title: hint(each) });
  if (each.type === "trigger") node.onclick = () => set(each.address, []);
  else {
    node.onclick = () => change(each.address, !values[each.address]);
    shown.set(each.address, (value) => node.setAttribute("aria-pressed", Boolean(value)));
  }
  return node;
}

function change(address, value) { values[address] = value; shown.get(address)?.(value); set(address, value); }

function fader(each) {
  const { address, low, high, type } = each, span = high - low;
  const normal = Array.isArray(each.default) ? each.default[0] : each.default;
  // A range whose normal value lies far down (speed, glide) is bent, so that the fader's middle is where one plays.
  const part = (normal - low) / span;
  const bend = part > 0 && part < 0.25 ? Math.min(Math.log(part) / Math.log(0.5), 5) : 1;
  const place = (value) => Math.max(0, (value - low) / span) ** (1 / bend);
  const zero = low < 0 && high > 0 ? place(0) : 0;

  const node = document.createElement("label"), name = document.createElement("span");
  const output = document.createElement("output"), input = document.createElement("input");
  node.className = "fader"; node.title = hint(each); name.textContent = title(each);
  Object.assign(input, { type: "range", min: 0, max: 1, step: type === "int" ? 1 / span : 0.001 });
  input.setAttribute("aria-label", title(each)); input.dataset.address = address;
  node.append(name, output, input);

  const show = (value) => {
    const at = place(value);
    input.value = at;
    node.style.setProperty("--at", at);
    node.style.setProperty("--from", Math.min(at, zero));
    node.style.setProperty("--to", Math.max(at, zero));
    output.textContent = type === "int" ? value : value.toFixed(value < 10 ? 2 : 1) + (each.unit === "s" ? " s" : "");
  };
  shown.set(address, show);
  input.oninput = () => {
    let at = input.valueAsNumber;
    if (Math.abs(at - place(normal)) < 0.012 && matchMedia("(pointer: fine)").matches) at = place(normal); // a notch
    const value = low + span * at ** bend;
    values[address] = type === "int" ? Math.round(value) : at === place(normal) ? normal : value;
    show(values[address]);
    set(address, values[address]);
  };
  const release = () => { if (held.delete(address)) show(values[address]); };
  input.onpointerdown = () => held.add(address);
  input.onpointerup = input.onpointercancel = input.onblur = release;
  input.ondblclick = () => change(address, normal);
  return node;
}

function buildScenes() {
  const scene = parameters.get("dream/scene"), names = scene?.choices ?? [];
  $("scenes").hidden = !names.length;
  const nodes = names.map((name, i) => {
    const node = document.createElement("button"), text = document.createElement("span"), image = new Image();
    node.className = "scene"; node.title = hint(scene); text.textContent = name;
    image.alt = ""; image.loading = "lazy"; image.onerror = () => image.remove();
    image.src = `/scene/${i}.jpg?dream=${sha}`;
    node.append(image, text);
    node.onclick = () => jump(i);
    return node;
  });
  document.querySelector("#scenes .strip").replaceChildren(...nodes);
  shown.set("dream/scene", (value) => nodes.forEach((node, i) => node.setAttribute("aria-pressed", i === value)));
}

function jump(i) {
  if (i >= (parameters.get("dream/scene")?.choices.length ?? 0)) return;
  shown.get("dream/scene")(i);
  set(parameters.has("dream/scene/jump") ? "dream/scene/jump" : "dream/scene", i);
}

// ---- the status line ----

const number = (value, unit, digits = 0) => (Number.isFinite(value) ? [`${value.toFixed(digits)} ${unit}`] : []);

function report(status) {
  const { fps = {}, ms = {}, outputs = [], decks = [], errors } = status;
  const dropped = outputs.reduce((sum, each) => sum + (each.dropped ?? 0), 0);
  $("figures").textContent = [
    ...number(fps.fresh ?? fps.sent, "fps"), ...number(ms.latency_p50, "ms"), `${dropped} dropped`,
    ...(status.state && status.state !== "playing" ? [status.state] : []),
  ].join("  ·  ");
  $("outputs").replaceChildren(...outputs.map(({ name, kind, state, error }) => {
    const node = document.createElement("span");
    node.className = `output ${state}`;
    node.title = `${kind}: ${state}`;
    node.textContent = state === "up" || state === "starting" ? name : error || `${name}: ${state}`;
    return node;
  }));
  const deck = decks[0] ?? {};
  $("dream").textContent = deck.dream ? deck.dream.split(/[\\/]/).pop().replace(/\.onnx$/, "") : "";
  if (deck.sha256 && deck.sha256 !== sha) { sha = deck.sha256; buildScenes(); shown.get("dream/scene")(values["dream/scene"]); }
  if (!dreamt && !outputs.some((each) => each.kind === "page")) say("no picture here: start livedream with --out page");
  if (Array.isArray(errors) && errors.length) $("figures").title = errors.join("\n");
}

// ---- full screen and keys ----

let idle = 0;
function wall(on) {
  document.body.classList.toggle("wall", on); // by itself this is the full screen of phones that allow no other
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
const toggle = (address) => parameters.has(address) && change(address, !values[address]);
const KEYS = {
  f: () => wall(!document.body.classList.contains("wall")), Escape: () => wall(false),
  " ": () => toggle("player/freeze"), h: () => toggle("master/hold"), b: () => toggle("master/blackout"),
  r: () => set("player/reseed", []),
};
document.onkeydown = (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key === " " && event.target.tagName === "BUTTON") return; // presses that button
  const act = KEYS[event.key] ?? (/^[1-9]$/.test(event.key) ? () => jump(event.key - 1) : null);
  if (act) { event.preventDefault(); act(); }
};

connect();
