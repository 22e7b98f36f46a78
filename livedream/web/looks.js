// The chain of looks: add, remove, reorder, and the settings of each.
import { choice, control, fill, lamp, make, parameters, set, shown, toggle, upper } from "./controls.js";

const panel = document.getElementById("looks"), desk = document.getElementById("desk");
const list = panel.querySelector("ol"), insert = panel.querySelector("select");
const trouble = panel.querySelector(".trouble");
const OWN = ["wet", "bypass", "place"];
const cards = new Map(); // name -> its card
let order = [];          // names in the order of the chain
let drag = null;         // the look under a finger: {name, y, from, to, boxes, begun}
let wanted = false;      // a look was added here and is to be scrolled into view

export function layLooks() {
  const chain = new Map(); // name -> its inputs
  for (const each of parameters.values()) {
    if (each.heading !== "look" || !each.item) continue;
    if (!chain.has(each.item)) chain.set(each.item, []);
    if (!OWN.some((name) => each.address === `look/${each.item}/${name}`)) chain.get(each.item).push(each);
  }
  const fresh = [...chain.keys()].filter((name) => !cards.has(name)), begun = cards.size > 0 || wanted;
  for (const name of fresh) cards.set(name, card(name, begun || chain.size === 1));
  for (const name of [...cards.keys()]) if (!chain.has(name)) cards.delete(name);
  order = [...chain.keys()];
  for (const [name, inputs] of chain) cards.get(name).lay(inputs);
  if (!drag) arrange();

  const names = parameters.get("look/insert")?.choices ?? [];
  if (names.join("\n") !== [...insert.options].slice(1).map((each) => each.text).join("\n")) {
    const first = new Option(insert.title);
    first.disabled = first.hidden = true;
    insert.replaceChildren(first, ...names.map((each) => new Option(upper(each), each)));
    insert.selectedIndex = 0;
  }
  insert.hidden = !names.length;
  panel.classList.toggle("empty", !order.length);
  panel.hidden = !names.length && !order.length;
  if (wanted && fresh.length) {
    wanted = false;
    cards.get(fresh[0]).node.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }
}

insert.onchange = () => {
  wanted = true;
  set("look/insert", insert.value);
  insert.selectedIndex = 0;
  insert.blur(); // keys are shortcuts of the instrument
};

export function reportLooks(looks = [], error = null) {
  for (const each of looks) cards.get(each.name)?.complain(each.error ?? "");
  tell(trouble, error ?? "");
}
function tell(note, text) {
  const brief = text.replace(/^[^:]*\//, ""); // without the file's folder
  if (note.textContent !== brief) [note.textContent, note.title] = [brief, text];
}

// ---- one look ----

function card(name, open) {
  const own = (what) => `look/${name}/${what}`, node = make("li", { className: "look" });
  const title = upper(name), row = make("div", { className: "row" }), body = make("div", { className: "body" });
  const inputs = make("div", { className: "inputs" }), feet = make("div", { className: "feet" });
  const grip = make("button", { className: "grip", title: "drag, or use the arrow keys", ariaLabel: `move ${title}` });
  const more = make("button", { className: "more", ariaLabel: `settings of ${title}` });
  const note = make("p", { className: "note wrong" });
  const up = make("button", { textContent: "Move up", className: "up", onclick: () => step(name, -1) });
  const down = make("button", { textContent: "Move down", className: "down", onclick: () => step(name, 1) });
  const remove = make("button", { textContent: "Remove", className: "remove", onclick: () => set("look/remove", name) });
  const show = (now) => { open = now; body.hidden = !open; more.ariaExpanded = open; };
  more.onclick = () => show(!open);
  grip.onkeydown = (event) => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    step(name, by);
  };
  grip.onpointerdown = (event) => {
    if (event.button) return;
    grip.setPointerCapture(event.pointerId);
    drag = { name, y: event.clientY, now: event.clientY };
  };
  grip.onpointermove = (event) => {
    if (drag?.name !== name) return;
    drag.now = event.clientY;
    if (!drag.begun && Math.abs(event.clientY - drag.y) > 4) begin();
    if (drag.begun) follow();
  };
  grip.onpointerup = () => drop(true);
  grip.onpointercancel = grip.onlostpointercapture = () => drop(false);
  feet.append(up, down, remove);
  body.append(inputs, feet);
  node.dataset.look = name;
  node.append(row, note, body);
  show(open);

  const light = (each) => lamp(each, `${title} on`);
  function lay(members) {
    fill(row, [grip, control(parameters.get(own("wet"))), control(parameters.get(own("bypass")), light), more]);
    fill(inputs, members.map((each) => control(each, { bool: toggle, choice }[each.type])));
    const lit = shown.get(own("bypass"));
    shown.set(own("bypass"), (value) => { lit(value); node.classList.toggle("passed", Boolean(value)); });
  }
  function complain(text) {
    tell(note, text);
    node.classList.toggle("broken", Boolean(text));
  }
  function ends(first, last) { up.ariaDisabled = first; down.ariaDisabled = last; }
  return { node, lay, complain, ends };
}

// ---- their order ----

function arrange(seen = true) { // animates the cards that change place
  const there = new Map([...list.children].map((each) => [each, each.offsetTop]));
  fill(list, order.map((name) => cards.get(name).node));
  order.forEach((name, i) => cards.get(name).ends(i === 0, i === order.length - 1));
  if (!seen || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  for (const [node, top] of there) {
    const by = node.isConnected ? top - node.offsetTop : 0;
    if (by) node.animate({ transform: [`translateY(${by}px)`, "none"] }, { duration: 180, easing: "ease-out" });
  }
}

function step(name, by) { place(name, order.indexOf(name) + by); }

function place(name, to, seen = true) {
  if (to < 0 || to >= order.length || to === order.indexOf(name)) return;
  order = order.filter((each) => each !== name);
  order.splice(to, 0, name);
  arrange(seen);
  set(`look/${name}/place`, to);
}

const scroller = () => (getComputedStyle(desk).overflowY === "auto" ? desk : document.scrollingElement);

function fold(folded) { // while one is dragged all cards are folded, and that one stays under the finger
  const { node } = cards.get(drag.name), before = node.getBoundingClientRect().top;
  const off = () => node.getBoundingClientRect().top - before;
  list.classList.toggle("sorting", folded);
  list.style.padding = "";
  scroller().scrollTop += off();
  if (!folded || Math.abs(off()) < 1) return;
  list.style.padding = off() > 0 ? `0 0 ${off()}px` : `${-off()}px 0 0`; // the page could not scroll far enough
  scroller().scrollTop += off();
}

function begin() {
  fold(true);
  drag.begun = true;
  drag.y += scroller().scrollTop;
  drag.boxes = [...list.children].map((each) => ({ node: each, top: each.offsetTop, height: each.offsetHeight }));
  drag.from = drag.to = drag.boxes.findIndex((each) => each.node === cards.get(drag.name)?.node);
  drag.boxes[drag.from].node.classList.add("dragged");
  requestAnimationFrame(roll);
}

function follow() {
  const { boxes, from } = drag, one = boxes[from], last = boxes.at(-1), gap = 6;
  const free = drag.now + scroller().scrollTop - drag.y;
  const by = Math.max(boxes[0].top - one.top, Math.min(last.top + last.height - one.top - one.height, free));
  const middle = one.top + by + one.height / 2;
  const passes = ({ top, height }) => one.top + by + (top > one.top ? one.height : 0) > top + height / 2;
  drag.to = boxes.filter((each) => each !== one && passes(each)).length;
  boxes.forEach(({ node }, i) => {
    const shift = i > from && i <= drag.to ? -one.height - gap : i < from && i >= drag.to ? one.height + gap : 0;
    node.style.transform = `translateY(${i === from ? by : shift}px)`;
  });
}

function roll() { // scrolls a chain that is longer than the screen
  if (!drag?.begun) return;
  const box = scroller() === desk ? desk.getBoundingClientRect() : { top: innerHeight * 0.3, bottom: innerHeight };
  const by = drag.now < box.top + 40 ? -6 : drag.now > box.bottom - 40 ? 6 : 0;
  if (by) { scroller().scrollTop += by; follow(); }
  requestAnimationFrame(roll);
}

function drop(kept) {
  if (!drag) return;
  const { name, to, boxes, begun } = drag;
  for (const { node } of boxes ?? []) { node.style.transform = ""; node.classList.remove("dragged"); }
  if (begun && cards.has(name)) fold(false);
  else { list.classList.remove("sorting"); list.style.padding = ""; }
  drag = null;
  arrange(false);
  if (begun && kept && cards.has(name)) place(name, to, false);
}
