// A pointer on a fader or a pad. A mouse takes it at once, where it is. A finger may be scrolling: it takes hold after 8 px
// sideways, and moves the value by as much as it moves itself. What the browser takes back (pointercancel) is undone.
const SLOP = 8; // pixels

// node: what is grabbed. at(): the present place, [x, y] in 0..1 from the lower left corner. go(x, y): moves it there.
// begin(), end(kept): a hand has taken hold; has let go, or its move is to be undone.
export function grab(node, { at, go, begin, end }) {
  let hand = null; // {id, x, y, from, took}: from is the place that belongs to (x, y)
  const inside = (value) => Math.min(1, Math.max(0, value));

  function take(event) {
    const { left, top, width, height } = node.getBoundingClientRect(), { clientX: x, clientY: y } = event;
    const from = event.pointerType === "mouse" ? [(x - left) / width, 1 - (y - top) / height] : at();
    Object.assign(hand, { x, y, from, width, height, took: true });
    node.setPointerCapture(event.pointerId);
    begin();
  }
  function follow({ clientX, clientY }) {
    const { x, y, from, width, height } = hand;
    go(inside(from[0] + (clientX - x) / width), inside(from[1] - (clientY - y) / height));
  }
  function drop(event, kept) {
    if (hand?.id !== event.pointerId) return;
    const { took } = hand;
    hand = null;
    if (took) end(kept);
  }

  node.addEventListener("pointerdown", (event) => {
    if (event.button || hand) return; // a second finger moves nothing
    hand = { id: event.pointerId, x: event.clientX, y: event.clientY, took: false };
    if (event.pointerType === "mouse") { take(event); follow(event); }
  });
  node.addEventListener("pointermove", (event) => {
    if (hand?.id !== event.pointerId) return;
    if (!hand.took && Math.abs(event.clientX - hand.x) >= SLOP) take(event);
    if (hand.took) follow(event);
  });
  node.addEventListener("pointerup", (event) => drop(event, true));
  node.addEventListener("pointercancel", (event) => drop(event, false));
  node.addEventListener("lostpointercapture", (event) => drop(event, true));
}
