// The vote: two big buttons about the picture of the deck that is shown, and the knob that the votes make.
import { control, fill, hint, make, parameters, set, wire } from "./controls.js";

const panel = document.getElementById("vote"), field = panel.querySelector("input"), tally = panel.querySelector(".tally");
const buttons = panel.querySelector(".votes"), rest = panel.querySelector(".rest"), note = panel.querySelector(".note");
const bar = tally.querySelector("i"), counts = tally.querySelector("output");
let deck = "";   // prefix of the deck that is voted about
let latest;      // the status' field

const later = () => setTimeout(() => wire.ask(), 120); // the vote has been counted by then

const [up, down] = [["up", "▲"], ["down", "▼"]].map(([name, sign]) => {
  const node = make("button", { className: name });
  node.append(make("b", { textContent: sign }), make("span"));
  node.onpointerdown = (event) => { if (event.button === 0) cast(name, node); }; // a click comes when the finger leaves
  node.onclick = (event) => { if (!event.detail) cast(name, node); };            // from the keyboard
  return node;
});
buttons.append(up, down);

function cast(name, node) { // every press is sent: it is a vote
  wire.send({ set: { [`${deck}vote/${name}`]: [] } });
  node.animate([{ filter: "brightness(1.9)" }, { filter: "none" }], { duration: 420, easing: "ease-out" });
  later();
}

function action(each) {
  const node = make("button", { textContent: each.title, title: hint(each) });
  node.dataset.address = each.address;
  node.onclick = () => { set(each.address, []); later(); };
  return { node };
}

field.onchange = () => { if (field.value.trim()) { set("vote/word", field.value.trim()); later(); } field.blur(); };
field.onkeydown = (event) => {
  event.stopPropagation(); // keys are shortcuts of the instrument
  if (event.key === "Enter") field.blur();
};

export function layVote(prefix) {
  deck = prefix;
  const [amount, reset, save] = ["amount", "reset", "save"].map((each) => parameters.get(`${deck}vote/${each}`));
  panel.hidden = !amount;
  if (!amount) return;
  for (const [node, name] of [[up, "up"], [down, "down"]]) {
    const each = parameters.get(`${deck}vote/${name}`);
    node.dataset.address = each.address;
    node.title = hint(each);
  }
  field.title = hint(parameters.get("vote/word"));
  field.dataset.address = "vote/word";
  fill(rest, [control(amount), control(reset, action), control(save, action)]);
  if (latest) reportVote(latest);
}

export function reportVote(vote) {
  if (!vote) return;
  latest = vote;
  const mine = vote.decks[deck ? 1 : 0];
  if (!mine) return;
  if (document.activeElement !== field) field.value = vote.word;
  up.lastElementChild.textContent = vote.word;
  down.lastElementChild.textContent = `not ${vote.word}`;
  const amount = rest.querySelector(".fader span");
  if (amount) amount.textContent = vote.word[0].toUpperCase() + vote.word.slice(1);
  counts.textContent = mine.up + mine.down ? `${mine.up} ▲  ${mine.down} ▼` : "nobody has voted";
  bar.style.setProperty("--sure", mine.sure);
  tally.title = `sure of the direction: ${Math.round(100 * mine.sure)} %`;
  const says = vote.error ?? (vote.saved ? `saved ${vote.saved.split(/[\\/]/).pop()}` : "");
  if (note.textContent !== says) note.textContent = note.title = says;
  note.classList.toggle("wrong", Boolean(vote.error));
}
