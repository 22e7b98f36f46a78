// Controls: one for each parameter, made from its entry in /parameters.
import { grab } from "./grab.js";

export const parameters = new Map(); // address -> its entry in /parameters
export const shown = new Map();      // address -> function(value) that shows a value
export const held = new Set();       // addresses under a finger: their echo waits
export const values = {};
// Set by the page: sends messages to the show; lays the desk out again; fetches the status at once.
export const wire = { send() {}, lay() {}, ask() {} };
const made = new Map(); // address -> {key, node, show}: a fader under a finger survives a change of dream
let unsent = {}, timer = 0;

export function set(address, value) { // sends the latest value of each address, at most 60 times a second
  unsent[address] = value;
  timer ||= setTimeout(() => { wire.send({ set: unsent }); unsent = {}; timer = 0; }, 16);
}

export function change(address, value) { values[address] = value; shown.get(address)?.(value); set(address, value); }

export const make = (tag, properties = {}) => Object.assign(document.createElement(tag), properties);
export const osc = { prefix: "/livedream" }; // prefix of the show's OSC addresses
export const hint = (each) => `${each.doc}${each.doc ? "\n" : ""}OSC ${osc.prefix}/${each.address}`;

export function fill(parent, nodes) { // nodes that are there already, under a finger or focused stay untouched
  const wanted = new Set(nodes);
  for (const each of [...parent.children]) if (!wanted.has(each)) each.remove();
  if (!nodes.length) return;
  const fingers = [...held].map((each) => made.get(each)?.node).filter(Boolean);
  const touched = nodes.findIndex((node) => fingers.some((each) => node.contains(each)));
  const still = Math.max(0, touched >= 0 ? touched : nodes.findIndex((node) => node.contains(document.activeElement)));
  if (nodes[still].parentNode !== parent) parent.append(nodes[still]);
  for (let i = still - 1; i >= 0; i--)
    if (nodes[i + 1].previousElementSibling !== nodes[i]) nodes[i + 1].before(nodes[i]);
  for (let i = still + 1; i < nodes.length; i++)
    if (nodes[i - 1].nextElementSibling !== nodes[i]) nodes[i - 1].after(nodes[i]);
}

const MAKERS = { float: fader, int: fader, bool: button, trigger: button, choice, vector };

export function control(each, maker = MAKERS[each.type]) {
  const { value, ...rest } = each, key = JSON.stringify(rest);
  let kept = made.get(each.address);
  if (kept?.key !== key && !(kept && held.has(each.address))) { // else it is made again when the finger leaves
    kept = { key, ...maker(each) };
    made.set(each.address, kept);
  }
  if (kept.show) shown.set(each.address, kept.show);
  return kept.node;
}

export const upper = (text) => text[0].toUpperCase() + text.slice(1).replaceAll(/[_-]/g, " ");

// Lets a pointer move a control: its echo waits meanwhile. at, go: as of grab.
function draggable(node, address, at, go) {
  let before;
  const begin = () => { held.add(address); before = values[address]; };
  const end = (kept) => {
    held.delete(address);
    if (!kept) change(address, before);
    shown.get(address)?.(values[address]);
    const { value, ...rest } = parameters.get(address) ?? {};
    if (made.get(address)?.key !== JSON.stringify(rest)) wire.lay();
  };
  grab(node, { at, go, begin, end });
}

function button(each) {
  const node = make("button", { textContent: each.title, title: hint(each) });
  node.dataset.address = each.address;
  if (each.type === "trigger") {
    node.onclick = () => set(each.address, []);
    return { node };
  }
  node.onclick = () => change(each.address, !values[each.address]);
  return { node, show: (value) => node.setAttribute("aria-pressed", Boolean(value)) };
}

export function toggle(each) { // a switch in a row of faders
  const node = make("button", { className: "switch", textContent: each.title, title: hint(each), role: "switch" });
  node.dataset.address = each.address;
  node.onclick = () => change(each.address, !values[each.address]);
  return { node, show: (value) => { node.ariaChecked = Boolean(value); } };
}

export function lamp(each, label) { // lit while its thing is on: neither bypassed nor muted
  const node = make("button", { className: "lamp", title: hint(each), role: "switch", ariaLabel: label });
  node.dataset.address = each.address;
  node.onclick = () => change(each.address, !values[each.address]);
  return { node, show: (value) => { node.ariaChecked = !value; } };
}

export function choice(each) {
  const node = make("label", { className: "choice", title: hint(each) });
  const select = make("select", { ariaLabel: each.title });
  select.dataset.address = each.address;
  select.append(...each.choices.map((text) => new Option(text)));
  select.onchange = () => {
    change(each.address, select.selectedIndex);
    select.blur(); // keys are shortcuts of the instrument
  };
  node.append(make("span", { textContent: each.title }), select);
  return { node, show: (value) => { select.selectedIndex = value; } };
}

// A list of names to choose one from under its title, which is sent; it stays ready for the next.
export function menu(select, address, names, chosen = () => {}) {
  if (names.join("\n") !== [...select.options].slice(1).map((each) => each.value).join("\n")) {
    const first = new Option(select.title);
    first.disabled = first.hidden = true;
    select.replaceChildren(first, ...names.map((each) => new Option(upper(each), each)));
    select.selectedIndex = 0;
  }
  select.hidden = !names.length;
  select.dataset.address = address;
  select.onchange = () => {
    chosen();
    set(address, select.value);
    select.selectedIndex = 0;
    select.blur(); // keys are shortcuts of the instrument
  };
}

function slider(name, address, tip) { // a bar that can be grabbed anywhere
  const node = make("label", { className: "fader", title: tip });
  const output = make("output"), input = make("input", { type: "range", min: 0, max: 1, step: 0.001, ariaLabel: name });
  input.dataset.address = address;
  node.append(make("span", { textContent: name }), output, input);
  let place = 0;
  const go = (at) => { input.value = at; input.dispatchEvent(new Event("input", { bubbles: true })); };
  draggable(node, address, () => [place, 0], go);
  const show = (at, text, zero = 0) => {
    input.value = place = at;
    node.style.setProperty("--at", at);
    node.style.setProperty("--from", Math.min(at, zero));
    node.style.setProperty("--to", Math.max(at, zero));
    output.textContent = text;
  };
  return { node, input, show };
}

const LOG = 1000; // with the "log" curve the middle of a fader is at 3 % of the range
const CURVES = { // between a fader's travel and a part of the range, both 0..1
  linear: { travel: (part) => part, part: (travel) => travel },
  log: { travel: (part) => Math.log1p(part * (LOG - 1)) / Math.log(LOG), part: (travel) => (LOG ** travel - 1) / (LOG - 1) },
};

function fader(each) {
  const { address, low, high, type } = each, span = high - low || 1, normal = each.default;
  const curve = CURVES[each.curve], place = (value) => curve.travel(Math.max(0, (value - low) / span));
  const zero = low < 0 && high > 0 ? place(0) : 0;
  const { node, input, show: paint } = slider(each.title, address, hint(each));
  if (type === "int") input.step = 1 / span;

  const show = (value) => paint(
    place(value), type === "int" ? value : value.toFixed(value < 10 ? 2 : 1) + (each.unit === "s" ? " s" : ""), zero);
  input.oninput = () => {
    let at = input.valueAsNumber;
    if (Math.abs(at - place(normal)) < 0.012 && matchMedia("(pointer: fine)").matches) at = place(normal); // snaps to the default
    const value = low + span * curve.part(at);
    values[address] = type === "int" ? Math.round(value) : at === place(normal) ? normal : value;
    show(values[address]);
    set(address, values[address]);
  };
  node.ondblclick = () => change(address, normal);
  return { node, show };
}

// ---- several numbers: a colour, a point of the picture, or a fader for each ----

function vector(each) {
  if (each.parts.join("") === "rgba") return colour(each);
  return each.length === 2 ? point(each) : faders(each);
}

function faders(each) {
  const { address, low, high, parts, length } = each, span = high - low || 1;
  const node = make("div", { className: "faders", role: "group", ariaLabel: each.title, title: hint(each) });
  const elements = [...parameters.values()].filter((one) => one.vector === address);
  const all = Array.from({ length }, (_, i) => {
    const name = parts[i] ? upper(parts[i]) : `${each.title} ${i}`;
    const { node: one, input, show } = slider(name, address, hint(elements[i] ?? each));
    if (elements[i]) input.dataset.address = elements[i].address; // so that MIDI learns it alone
    input.oninput = () => {
      const value = [...values[address]];
      value[i] = low + span * input.valueAsNumber;
      values[address] = value;
      tell(value);
      set(address, value);
    };
    one.ondblclick = () => change(address, values[address].map((now, k) => (k === i ? normal(k) : now)));
    node.append(one);
    return show;
  });
  const normal = (i) => (Array.isArray(each.default) ? each.default[i] : each.default);
  const zero = low < 0 && high > 0 ? -low / span : 0;
  const tell = (value) => all.forEach((show, i) => show((value[i] - low) / span, value[i].toFixed(2), zero));
  return { node, show: tell };
}

function pad(name, address, moved) { // x and y in 0..1, from the lower left corner
  const node = make("div", { className: "pad", tabIndex: 0, role: "application", ariaLabel: name });
  node.dataset.address = address;
  let x = 0, y = 0;
  const show = (...at) => {
    [x, y] = at;
    node.style.setProperty("--x", x);
    node.style.setProperty("--y", 1 - y);
  };
  const go = (...at) => { show(...at.map((each) => Math.min(1, Math.max(0, each)))); moved(x, y); };
  draggable(node, address, () => [x, y], go);
  node.onkeydown = (event) => {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!steps) return;
    event.preventDefault();
    go(x + steps[0] * 0.02, y + steps[1] * 0.02);
  };
  return { node, show };
}

function point(each) {
  const { address, low, high } = each, span = high - low || 1, output = make("output");
  const node = make("div", { className: "point", title: hint(each) });
  const name = make("div", { className: "name" });
  const tell = (value) => { output.textContent = value.map((one) => one.toFixed(2)).join("  "); };
  const { node: area, show } = pad(each.title, address, (x, y) => {
    values[address] = [low + span * x, low + span * y];
    tell(values[address]);
    set(address, values[address]);
  });
  area.ondblclick = () => change(address, each.default);
  name.append(make("span", { textContent: each.title }), output);
  node.append(name, area);
  return { node, show: (value) => { show(...value.map((one) => (one - low) / span)); tell(value); } };
}

const rgb = (h, s, v) => [5, 3, 1].map((n) => {
  const k = (n + h * 6) % 6;
  return v - v * s * Math.max(0, Math.min(k, 4 - k, 1));
});
const css = (colour) => `rgb(${colour.map((each) => Math.round(each * 255)).join(" ")})`;

function colour(each) { // a swatch with a mixer of its own: the system's is a white window in the dark
  const { address } = each, name = each.title;
  let h = 0, s = 0, v = 0, a = 1;
  const moved = () => {
    values[address] = [...rgb(h, s, v), a];
    paint();
    set(address, values[address]);
  };
  const node = make("div", { className: "colour" });
  const bar = make("button", { className: "swatch", title: hint(each), ariaExpanded: false });
  const code = make("output"), mixer = make("div", { className: "mixer", hidden: true });
  const area = pad(`${name}: saturation and light`, address, (x, y) => { [s, v] = [x, y]; moved(); });
  const hue = slider("Hue", address, hint(each)), alpha = slider("Alpha", address, hint(each));
  hue.node.classList.add("hue");
  hue.input.oninput = () => { h = Math.min(hue.input.valueAsNumber, 0.9999); moved(); };
  alpha.input.oninput = () => { a = alpha.input.valueAsNumber; moved(); };
  bar.onclick = () => { mixer.hidden = !mixer.hidden; bar.ariaExpanded = !mixer.hidden; };
  bar.ondblclick = () => change(address, each.default);
  bar.append(make("span", { textContent: name }), code);
  mixer.append(area.node, hue.node, alpha.node);
  node.append(bar, mixer);

  function paint() {
    const now = rgb(h, s, v);
    area.show(s, v);
    hue.show(h, `${Math.round(h * 360)}°`);
    alpha.show(a, `${Math.round(a * 100)} %`);
    node.style.setProperty("--hue", css(rgb(h, 1, 1)));
    node.style.setProperty("--colour", css(now));
    node.style.setProperty("--alpha", a);
    code.textContent = "#" + now.map((one) => Math.round(one * 255).toString(16).padStart(2, "0")).join("");
  }
  const show = ([red, green, blue, opaque]) => {
    const high = Math.max(red, green, blue), range = high - Math.min(red, green, blue);
    if (range > 0) { // else it is grey, and the hue stays
      const sixth = high === red ? (green - blue) / range + 6
        : high === green ? (blue - red) / range + 2 : (red - green) / range + 4;
      h = (sixth % 6) / 6;
    }
    if (high > 0) s = range / high;
    [v, a] = [high, opaque];
    paint();
  };
  return { node, show };
}
