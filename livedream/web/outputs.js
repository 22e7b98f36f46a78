// Outputs: a row for each, a form to add one, recordings and screenshots.
import { change, choice, control, fill, hint, make, parameters, set, shown, toggle, values, wire } from "./controls.js";

const panel = document.getElementById("places"), keep = panel.querySelector(".keep"), list = panel.querySelector("ol");
const form = panel.querySelector("form"), field = form.querySelector("input"), add = form.querySelector("button");
const offers = panel.querySelector("datalist"), word = panel.querySelector(".word");
const power = panel.querySelector(".power");
const MAPPING = ["fullscreen", "card", "map", "fit", "flip", "rotate"];
const cards = new Map(); // name -> its card
let kinds = [];          // from /outputs: {usage, keys, doc}
let asked = null;        // the output that was added here: {text, names before}
let windows = [];        // names of the windows in order: window/0/…, window/1/…
let time = "";           // length of the recording: "3:12"
let error = "", kept;    // from the last status
let patience = 0;

// ---- the list of outputs ----

export function layOutputs() {
  const wanted = ["output/record", "output/screenshot"].map((each) => parameters.get(each)).filter(Boolean);
  fill(keep, wanted.map((each) => control(each, MAKERS[each.address])));
  form.hidden = !parameters.has("output/add");
  panel.hidden = !wanted.length && form.hidden && !cards.size;
  if (!form.hidden && !kinds.length) offer();
  windows.forEach((name, i) => cards.get(name)?.lay(i));
}

export function reportOutputs(outputs, { output_error = null, saved = null, awake, uptime_s = 0 }) {
  const names = outputs.map((each) => each.name);
  for (const name of [...cards.keys()]) if (!names.includes(name)) cards.delete(name);
  for (const each of outputs) {
    if (!cards.has(each.name)) cards.set(each.name, card(each));
    cards.get(each.name).report(each, uptime_s);
  }
  fill(list, names.map((name) => cards.get(name).node));
  const now = outputs.filter((each) => each.kind === "window").map((each) => each.name);
  if (now.join("\n") !== windows.join("\n")) { windows = now; wire.lay(); }
  panel.hidden = false;

  clock(outputs);
  answer(names, (output_error ?? "").replace(/^--out /, ""));
  if (saved && saved !== kept && kept !== undefined) say(`saved ${saved.replace(/^.*[/\\]/, "")}`, saved);
  kept = saved;
  write(power, awake?.says ?? "");
}

function write(node, text, long = text) { if (node.textContent !== text) [node.textContent, node.title] = [text, long]; }

// ---- one output ----

function card({ name, kind }) {
  const node = make("li", { className: "place" }), head = make("button", { className: "head", ariaExpanded: false });
  const says = make("span", { className: "says" }), body = make("div", { className: "body", hidden: true });
  const whole = make("p", { className: "note" }), mapping = make("div", { className: "inputs" });
  const feet = make("div", { className: "feet" }), reset = make("button", { textContent: "Reset corners" });
  const past = []; // [time, frames sent] of the last seconds
  node.dataset.output = name;
  head.onclick = () => { body.hidden = !body.hidden; head.ariaExpanded = !body.hidden; };
  head.append(make("i", { className: "dot" }), make("span", { className: "name", textContent: name }), says);
  if (kind !== "page") {
    feet.append(make("button", { textContent: "Remove", onclick: () => command("output/remove", name) }));
  }
  body.append(whole, mapping, feet);
  node.append(head, body);

  function lay(number) { // the settings of a window
    const own = (what) => `window/${number}/${what}`, corners = parameters.get(own("corners"));
    reset.onclick = () => change(corners.address, corners.default);
    if (corners && reset.parentNode !== feet) feet.prepend(reset);
    const members = MAPPING.map((each) => parameters.get(own(each))).filter(Boolean);
    fill(mapping, members.map((each) => control(each, { bool: toggle, choice }[each.type])));
  }

  function report({ state, sent, dropped, error, note }, now) {
    [error, note] = [error?.replace(`${name}: `, ""), note?.replace(` ${name}`, "")]; // the name is shown above
    past.push([now, sent]);
    if (past.length > 4 || now < past[0][0]) past.shift();
    const [[then, before]] = past, rate = now > then ? (sent - before) / (now - then) : 0;
    node.className = `place ${state}`;
    const lost = dropped && !note?.includes("dropped") ? `${dropped} dropped` : "";
    const brief = state === "up" ? [error ?? note, rate >= 0.5 && `${Math.round(rate)} fps`, lost] : [state, error ?? note];
    write(says, brief.filter(Boolean).join(" · ") || state);
    const told = `${state}, ${sent} frames sent, ${dropped} dropped`;
    const long = (error ?? note ?? "").length > 36; // short ones are shown above
    write(whole, [long && (error ?? note), told].filter(Boolean).join("\n"), "");
  }
  return { node, lay, report };
}

// ---- adding one ----

async function offer() {
  try { kinds = await (await fetch("/outputs")).json(); } catch { return; }
  const starts = kinds.flatMap(({ usage, doc }) => usage.split(" | ").map((each) => [begins(each), doc]));
  offers.replaceChildren(...starts.map(([value, doc]) => make("option", { value, label: doc })));
}

// The first characters to type: "rtmp://", "ndi:", or a file name with its suffix ("FILE.mp4 | .mkv", "NAME-%06d.png").
const begins = (usage) => (/^\w*[-%\w]*\.\w+$/.test(usage) ? usage.replace(/^[A-Z]*/, "set")
  : usage.replace(/\[:?[A-Z]+\]$/, "").replace(/\[?(HOST|PORT|NAME|…).*$/, ""));

function kindOf(text) { // the kind that is being typed
  const sink = text.split("#")[0].toLowerCase(), file = sink.includes("://") ? "" : sink.match(/\.\w+$/)?.[0];
  const fits = (start) => (start.startsWith("set") ? file && start.endsWith(file) : sink.startsWith(start));
  return kinds.find(({ usage }) => sink && usage.split(" | ").map(begins).some(fits));
}

function say(text, long = text, wrong = false) {
  write(word, text, long);
  word.classList.toggle("wrong", wrong);
  clearTimeout(patience);
  if (text === "…") patience = setTimeout(() => say(""), 5000);
}

form.onsubmit = (event) => {
  event.preventDefault();
  const text = field.value.trim();
  if (!text) return field.focus();
  asked = { text, names: [...cards.keys()].join("\n") };
  say("…");
  command("output/add", text);
};
field.oninput = () => {
  const kind = kindOf(field.value.trim());
  say(kind ? `${kind.doc}${kind.keys.length ? ` · after #: ${kind.keys.join(", ")}` : ""}` : "");
};
field.onkeydown = (event) => {
  event.stopPropagation(); // letters typed here are no shortcuts
  if (event.key === "Escape") field.blur();
};

function answer(names, now) { // shows the result of adding
  if (asked && (now || names.join("\n") !== asked.names)) {
    if (!now && field.value.trim() === asked.text) field.value = "";
    asked = null;
    say(now, now, Boolean(now));
  } else if (now !== error && !asked) say(now, now, Boolean(now));
  error = now;
}

function command(address, text) { // sent at once: each of them counts
  wire.send({ set: { [address]: text } });
  soon();
}

function soon() { for (const wait of [120, 400]) setTimeout(wire.ask, wait); } // sooner than the next status

// ---- recordings and screenshots ----

const MAKERS = { "output/record": record, "output/screenshot": screenshot };

function record(each) {
  const node = make("button", { className: "record", title: hint(each) }), text = make("span");
  node.dataset.address = each.address;
  node.append(make("i", {}), text);
  node.onclick = () => { change(each.address, !values[each.address]); soon(); };
  return { node, show: (value) => {
    node.ariaPressed = Boolean(value);
    if (!value) time = "";
    text.textContent = value ? time || "Recording" : "Record";
  } };
}

function clock(outputs) { // reads the recording's length from its note
  const one = outputs.findLast((each) => /^livedream-\d{4}-/.test(each.name));
  time = values["output/record"] && one?.note?.match(/\d+(:\d\d)+/)?.[0] || "";
  shown.get("output/record")?.(values["output/record"]);
}

function screenshot(each) {
  const node = make("button", { className: "shot", textContent: "Screenshot", title: hint(each) });
  node.dataset.address = each.address;
  node.onclick = () => { set(each.address, []); say("…"); soon(); };
  return { node };
}
