// A chain that the picture goes through, as a list of cards: add, remove, reorder, and the settings of each.
import { choice, control, fill, lamp, make, menu, parameters, set, shown, toggle, upper } from "./controls.js";

const desk = document.getElementById("desk");
const OWN = ["wet", "bypass", "place"]; // parameters of every card, beside those of the thing itself

// The chain in `panel`; `kind`: of its parameters' heading, and what its cards are called in data-KIND.
// `name`: the title of a card, from its item and the parameter of its opacity.
export function chain(panel, kind, name = (item) => upper(item)) {
  const list = panel.querySelector("ol"), insert = panel.querySelector("select");
  const trouble = panel.querySelector(".trouble");
  const cards = new Map(); // address of what is in the chain, such as "look/bloom" -> its card
  let deck = "";           // prefix of the addresses
  let order = [];          // addresses in the order of the chain
  let drag = null;         // the card under a finger: {key, y, from, to, boxes, begun}
  let wanted = false;      // something was added here and is to be scrolled into view
  const command = (what) => `${deck}${kind}/${what}`;
  const titled = (key) => parameters.has(`${key}/wet`) && name(key.split("/").pop(), parameters.get(`${key}/wet`));

  function lay(prefix = "") {
    const members = new Map(), moved = prefix !== deck; // address -> the parameters of its inputs
    deck = prefix;
    for (const each of parameters.values()) {
      if (each.heading !== kind || !each.item || each.vector || (each.deck ?? "") !== deck) continue;
      const key = command(each.item);
      if (!members.has(key)) members.set(key, []);
      if (!OWN.some((own) => each.address === `${key}/${own}`)) members.get(key).push(each);
    }
    for (const [key, { title }] of [...cards]) if (title !== titled(key)) cards.delete(key);
    const fresh = [...members.keys()].filter((key) => !cards.has(key)), begun = (cards.size > 0 && !moved) || wanted;
    for (const key of fresh) cards.set(key, card(key, begun || members.size === 1));
    order = [...members.keys()];
    for (const [key, inputs] of members) cards.get(key).lay(inputs);
    if (drag && !order.includes(drag.key)) drop(false);
    if (!drag) arrange(!moved);

    const names = parameters.get(command("insert"))?.choices ?? [];
    menu(insert, command("insert"), names, () => { wanted = true; });
    panel.classList.toggle("empty", !order.length);
    panel.hidden = !names.length && !order.length;
    if (wanted && fresh.length) {
      wanted = false;
      cards.get(fresh[0]).node.scrollIntoView({ block: "nearest", behavior: "smooth" });
    }
  }

  // states: {item, error, says} of each; error: why the last one that was asked for is not there; coming: what comes
  function report(states, error, coming = "") {
    for (const { item, error: wrong, says } of states) cards.get(command(item))?.report(wrong ?? "", says ?? "");
    tell(trouble, coming || (error ?? ""));
    trouble.classList.toggle("wrong", !coming);
  }

  // ---- one card ----

  function card(key, open) {
    const own = (what) => `${key}/${what}`, node = make("li", { className: "link" });
    const item = key.split("/").pop(), title = titled(key);
    const row = make("div", { className: "row" }), body = make("div", { className: "body" });
    const inputs = make("div", { className: "inputs" }), feet = make("div", { className: "feet" });
    const grip = make("button", { className: "grip", title: "drag, or use the arrow keys", ariaLabel: `move ${title}` });
    const more = make("button", { className: "more", ariaLabel: `settings of ${title}` });
    const note = make("p", { className: "note wrong" }), word = make("p", { className: "note says" });
    const up = make("button", { textContent: "Move up", className: "up", onclick: () => step(key, -1) });
    const down = make("button", { textContent: "Move down", className: "down", onclick: () => step(key, 1) });
    const remove = make("button", { textContent: "Remove", className: "remove", onclick: () => set(command("remove"), item) });
    const show = (now) => { open = now; body.hidden = !open; more.ariaExpanded = open; };
    more.onclick = () => show(!open);
    grip.onkeydown = (event) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      step(key, by);
    };
    grip.onpointerdown = (event) => {
      if (event.button) return;
      grip.setPointerCapture(event.pointerId);
      drag = { key, y: event.clientY, now: event.clientY };
    };
    grip.onpointermove = (event) => {
      if (drag?.key !== key) return;
      drag.now = event.clientY;
      if (!drag.begun && Math.abs(event.clientY - drag.y) > 4) begin();
      if (drag.begun) follow();
    };
    grip.onpointerup = () => drop(true);
    grip.onpointercancel = grip.onlostpointercapture = () => drop(false);
    feet.append(up, down, remove);
    body.append(inputs, feet);
    node.dataset[kind] = item;
    node.append(row, note, word, body);
    show(open);

    const light = (each) => lamp(each, `${title} on`);
    function lay(members) {
      fill(row, [grip, control(parameters.get(own("wet"))), control(parameters.get(own("bypass")), light), more]);
      fill(inputs, members.map((each) => control(each, { bool: toggle, choice }[each.type])));
      const lit = shown.get(own("bypass"));
      shown.set(own("bypass"), (value) => { lit(value); node.classList.toggle("passed", Boolean(value)); });
    }
    function report(wrong, says) {
      tell(note, wrong);
      tell(word, says);
      node.classList.toggle("broken", Boolean(wrong));
    }
    function ends(first, last) { up.ariaDisabled = first; down.ariaDisabled = last; }
    return { node, title, lay, report, ends };
  }

  // ---- their order ----

  function arrange(seen = true) { // animates the cards that change place
    const there = new Map([...list.children].map((each) => [each, each.offsetTop]));
    fill(list, order.map((key) => cards.get(key).node));
    order.forEach((key, i) => cards.get(key).ends(i === 0, i === order.length - 1));
    if (!seen || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    for (const [node, top] of there) {
      const by = node.isConnected ? top - node.offsetTop : 0;
      if (by) node.animate({ transform: [`translateY(${by}px)`, "none"] }, { duration: 180, easing: "ease-out" });
    }
  }

  function step(key, by) { place(key, order.indexOf(key) + by); }

  function place(key, to, seen = true) {
    if (to < 0 || to >= order.length || to === order.indexOf(key)) return;
    order = order.filter((each) => each !== key);
    order.splice(to, 0, key);
    arrange(seen);
    set(`${key}/place`, to);
  }

  function fold(folded) { // while one is dragged all cards are folded, and that one stays under the finger
    const { node } = cards.get(drag.key), before = node.getBoundingClientRect().top;
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
    drag.from = drag.to = drag.boxes.findIndex((each) => each.node === cards.get(drag.key)?.node);
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
    const { key, to, boxes, begun } = drag;
    for (const { node } of boxes ?? []) { node.style.transform = ""; node.classList.remove("dragged"); }
    if (begun && cards.has(key)) fold(false);
    else { list.classList.remove("sorting"); list.style.padding = ""; }
    drag = null;
    arrange(false);
    if (begun && kept && order.includes(key)) place(key, to, false);
  }

  return { lay, report };
}

const scroller = () => (getComputedStyle(desk).overflowY === "auto" ? desk : document.scrollingElement);

function tell(note, text) {
  const brief = text.replace(/^[^:]*\//, ""); // without the file's folder
  if (note.textContent !== brief) [note.textContent, note.title] = [brief, text];
}
