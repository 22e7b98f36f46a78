// The page of a training run: a WebSocket sends its status once a second; new pictures are fetched.
const $ = (id) => document.getElementById(id);
const screen = $("screen"), glow = $("glow"), shine = glow.getContext("2d", { alpha: false, willReadFrequently: true });
shine.imageSmoothingQuality = "high";
const FADE = 1.1;             // seconds of a crossfade between pictures; as in the style sheet
const MEANINGS = {
  "reading footage": "Every frame of your footage is read once.",
  "choosing memories": "Frames for the dream to remember are chosen, and the motion between them is measured.",
  "training the image model": "It learns to render your footage from a few numbers per picture.",
  "training the correction of memories": "It learns to move its memories into place and to correct them.",
  "training the motion model": "It learns how one moment leads to the next, so that it can dream on.",
  "training the prior": "It learns where your pictures lie among all numbers, so that it can draw others.",
  "polishing against the critic": "A critic tells drawn pictures from yours, and the dream learns to convince it.",
  "training figures and ground": "It learns what stands still and what moves before it, each to be drawn apart.",
  "learning to draw": "It learns where the pen goes next, drawing after drawing.",
  "training generator and discriminator": "One draws clips, the other tells them from yours; each learns from the other.",
  "encoding footage": "Every frame is encoded with the image model as it is now.",
  "writing the dream": "The dream is written to a file that plays, with a clip and a contact sheet.",
  "learning the styles": "It learns to paint any picture with the strokes and colours of your paintings.",
  "writing the effect": "The effect is written to a file that plays, with a clip and a contact sheet.",
  "judging the effect": "Painted pictures are compared with the paintings and with what they were.",
  "judging the dream": "The dream is played for a while and compared with your footage.",
};
const NAMES = { dB: ["quality", "dB"], loss: ["loss", ""], speed: ["speed", "steps/s"], skipped: ["skipped", "steps"],
  nats: ["surprise at a drawing", "nats a point"], kl: ["kept of a drawing", "nats"], lead: ["lead of the critic", ""],
  variety: ["variety", "of the pictures'"], G: ["generator", ""], D: ["discriminator", ""], mask: ["figures", "of the picture"],
  style: ["distance from the paintings", ""], content: ["distance from the picture", ""], change: ["flicker", ""] };
const WORDS = /^(?!dream:|not judged:)([a-z][a-z ]{2,40}): (.*)$/s;
let wait = 500, ended = false, status;

// ---- the wire ----

function connect() {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
  socket.onmessage = async ({ data }) => {
    wait = 500;
    document.body.classList.remove("away");
    await report(JSON.parse(data));
    if (ended) socket.close(); // the training program waits for that, and ends
  };
  socket.onclose = () => {
    if (ended) return;
    document.body.classList.add("away");
    $("said").textContent = "Connection lost, or the training was stopped. Reconnecting…";
    setTimeout(connect, wait);
    wait = Math.min(wait * 1.6, 5000);
  };
}

async function report(news) {
  status = news;
  ended = news.ended;
  if (news.size) document.documentElement.style.setProperty("--aspect", news.size[0] / news.size[1]);
  $("dream").textContent = news.title;
  $("said").textContent = ended ? "" : news.said;
  if (ended) layEnd(news); else layNow(news);
  layFigures(news);
  layDreams(news.dreams);
  layCaption();
  await Promise.all([follow(news.dreams), laySheet(news.sheet)]);
  layCaption();
}

// ---- the picture: the newest dream as a loop; before the first one, frames of the footage ----

let top_ = null, height = 0, pair = [], playing = null, fetching = null, number = 0;
const clips = new Map();      // file -> its blob's address: an ended training's clips can still be chosen

function raise(element) { // fade an element in on top; the one before is removed once it is covered
  const before = top_;
  if (before === element) return;
  top_ = element;
  void element.offsetWidth;
  element.style.zIndex = ++height;
  element.classList.add("on");
  setTimeout(() => { if (before && before !== top_) lower(before); }, 1000 * FADE + 150);
}

function lower(element) {
  element.classList.remove("on");
  if (pair.includes(element)) element.pause(); else element.remove();
}

async function fetched(file) {
  if (!clips.has(file)) {
    const response = await fetch(`/${file}`);
    if (!response.ok) throw new Error(file);
    clips.set(file, URL.createObjectURL(await response.blob()));
  }
  return clips.get(file);
}

async function follow(dreams) { // show a new dream at once, whatever was chosen before
  const newest = dreams.at(-1)?.file;
  if (!newest || newest === fetching) return;
  fetching = newest;
  try { await play(newest); } catch { fetching = null; }
  if (ended) await Promise.allSettled(dreams.map(({ file }) => fetched(file)));
}

async function play(file) {
  const address = await fetched(file), old = pair;
  const videos = [0, 1].map(() => Object.assign(document.createElement("video"),
    { src: address, muted: true, playsInline: true, preload: "auto" }));
  await new Promise((ready, failed) => { [videos[0].onloadeddata, videos[0].onerror] = [ready, failed]; });
  pair = videos;
  playing = file;
  screen.append(...videos);
  const start = (video) => { video.currentTime = 0; video.play().catch(() => {}); raise(video); };
  videos.forEach((video, k) => {
    const other = videos[1 - k];
    const over = () => video === top_ && start(other);
    video.ontimeupdate = () => { if (video.duration > 3 * FADE && video.duration - video.currentTime < FADE) over(); };
    video.onended = over;
  });
  start(videos[0]);
  for (const each of old) if (!each.classList.contains("on")) each.remove();
  layDreams(status.dreams);
  layCaption();
}

function still() { // show the next frame of the footage, until there is a dream
  if (playing || document.hidden || !status?.stills) return;
  const image = new Image();
  image.onload = () => { if (!playing) { screen.append(image); raise(image); layCaption(); } };
  image.src = `/still-${number++ % status.stills}.jpg`;
}
setInterval(still, 4000);

function layCaption() {
  const { early, dreams, left, stills } = status, shown = dreams.find(({ file }) => file === playing);
  $("message").textContent = top_ ? "" : stills ? "" : ended ? "" : "reading the footage …";
  if (!top_ && !number) still();
  $("caption").classList.toggle("first", !playing && !ended);
  const after = shown?.minutes ? `, after ${span(60 * shown.minutes)}` : "";
  $("caption").textContent = playing ? (shown?.early !== false ? "early dream" : ended ? "the dream" : "the dream so far") + after
    : !top_ ? "" : ended ? "your footage"
    : early ? "your footage · the first dream comes in a minute or so"
    : `your footage · the dream comes at the end, in ${span(left)}`;
}

const dawn = shine.createLinearGradient(0, 14, 24, 0); // before there is any picture
["#2a1030", "#171233", "#0b2230"].forEach((colour, k) => dawn.addColorStop(k / 2, colour));
shine.fillStyle = dawn;
shine.fillRect(0, 0, glow.width, glow.height);

const light = () => { // the light around the picture follows it slowly
  if (!top_ || document.hidden) return;
  shine.globalAlpha = light.lit ? 0.2 : 1;
  try { shine.drawImage(top_, 0, 0, glow.width, glow.height); } catch { return; }
  light.lit = (light.lit ?? 0) + 1;
  if (light.lit % 15 === 1) tint();
};
setInterval(light, 200);

function tint() { // set the accent: the most frequent hue of the picture, in a readable lightness
  const { data } = shine.getImageData(0, 0, glow.width, glow.height);
  const bins = Array.from({ length: 12 }, () => [0, 0, 0, 0]); // red, green, blue and weight, for each twelfth of the hues
  for (let i = 0; i < data.length; i += 4) {
    const rgb = [data[i], data[i + 1], data[i + 2]], high = Math.max(...rgb), colour = high - Math.min(...rgb);
    if (colour < 16) continue;
    const [r, g, b] = rgb;
    const hue = (high === r ? (g - b) / colour + 6 : high === g ? (b - r) / colour + 2 : (r - g) / colour + 4) % 6;
    const bin = bins[Math.floor(hue * 2) % 12], weight = colour * colour;
    rgb.forEach((each, k) => { bin[k] += each * weight; });
    bin[3] += weight;
  }
  const most = bins.reduce((best, each) => (each[3] > best[3] ? each : best));
  if (!most[3]) return;
  const rgb = most.slice(0, 3), low = Math.min(...rgb), high = Math.max(...rgb);
  const accent = rgb.map((each) => Math.round(90 + (165 * (each - low)) / (high - low)));
  document.documentElement.style.setProperty("--accent", `rgb(${accent.join(" ")})`);
}

// ---- the desk ----

function layNow({ done, left, total, stage, number: at, share }) {
  const percent = Math.floor(100 * done);
  document.title = `${percent} % · ${status.title}`;
  $("percent").firstElementChild.textContent = percent;
  $("bar").style.setProperty("--done", done);
  $("bar").setAttribute("aria-valuenow", percent);
  const over = left !== null && left < 1;
  fill($("left"), total === null ? [] : [make("b", over ? "nearly done" : clock(left)), over ? "" : `left of ${span(total)}`]);
  if (at) {
    const rail = $("rail");
    while (rail.children.length < at[1]) rail.append(make("li"));
    [...rail.children].forEach((mark, k) => { mark.className = ["past", "here", ""][Math.sign(k + 1 - at[0]) + 1]; });
  }
  const part = share !== null && share > 0 && share < 1 ? ` · ${Math.floor(100 * share)} %` : "";
  const reading = stage && !$("rail").children.length; // before the first stage, its text names files and frames
  fill($("step"), stage
    ? [make("span", at ? `${at[0]} of ${at[1]} ` : ""), reading ? "reading footage" : stage, make("span", part)] : []);
  $("meaning").textContent = reading ? stage : MEANINGS[stage] ?? "";
}

function layEnd({ said, made, effect }) {
  const [, word = "", advice = said] = said.match(WORDS) ?? [];
  document.title = `${word || "ended"} · ${status.title}`;
  $("progress").hidden = $("now").hidden = true;
  $("verdict").hidden = false;
  $("word").textContent = word;
  const sentence = advice.slice(0, 1).toUpperCase() + advice.slice(1);
  fill($("advice"), sentence.split("`").map((part, k) => (k % 2 ? make("kbd", part) : part)));
  $("play").hidden = !made;
  $("play").lastElementChild.textContent = `livedream run --${effect ? "effect" : "model"} ${made}`;
}

function layFigures({ figures, speed, curve, curve_of: of, total }) {
  const shown = { ...(curve.length && { [of]: curve.at(-1)[1] }), ...(!ended && figures) };
  if (speed && !ended && Object.keys(shown).length) shown.speed = speed;
  $("figures").hidden = !Object.keys(shown).length;
  fill($("figures").querySelector("dl"), Object.entries(shown).map(([name, value]) => {
    const [label, unit] = NAMES[name] ?? [name, ""], tile = make("div"), number = make("dd", Number(value.toPrecision(3)));
    if (unit) number.append(make("small", unit));
    tile.append(make("dt", label), number);
    return tile;
  }));
  const svg = $("figures").querySelector("svg");
  svg.toggleAttribute("hidden", curve.length < 3);
  if (curve.length < 3) return;
  const values = curve.map(([, value]) => value), low = Math.min(...values);
  const high = Math.max(...values, low + (of === "dB" ? 1 : 0.01));
  const points = curve.map(([used, value]) => `${(100 * used) / total} ${36 - (31 * (value - low)) / (high - low)}`);
  const line = `M${points.join("L")}`;
  svg.querySelector(".line").setAttribute("d", line);
  svg.querySelector(".area").setAttribute("d", `${line}V40H${points[0].split(" ")[0]}Z`);
}

function layDreams(dreams) {
  $("dreams").hidden = dreams.length < 2;
  if (ended) $("dreams").firstElementChild.textContent = "Progress of the dream";
  const strip = $("dreams").querySelector(".strip");
  dreams.forEach(({ file, minutes }, k) => {
    const button = strip.children[k] ?? strip.appendChild(make("button"));
    button.textContent = minutes ? span(60 * minutes).replace(/utes?$/, "") : "new";
    button.setAttribute("aria-pressed", file === playing);
    button.onclick = () => play(file).catch(() => {});
  });
  while (strip.children.length > dreams.length) strip.lastChild.remove();
}

let sheet = null;
async function laySheet(file) {
  if (!file || file === sheet) return;
  sheet = file;
  try {
    const address = await fetched(file);
    for (const each of [$("contact").querySelector("img"), $("large").firstElementChild]) each.src = address;
    $("contact").hidden = false;
  } catch { sheet = null; }
}

$("contact").querySelector("button").onclick = () => $("large").showModal();
$("large").onclick = () => $("large").close();
screen.ondblclick = () => (document.fullscreenElement ? document.exitFullscreen() : screen.requestFullscreen?.());

// ---- words ----

function make(tag, text = "") { return Object.assign(document.createElement(tag), { textContent: text }); }
function fill(element, parts) { element.replaceChildren(...parts); }
function clock(seconds) {
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds % 60)];
  return h ? `${h}:${String(m).padStart(2, "0")}:${String(s).padStart(2, "0")}` : `${m}:${String(s).padStart(2, "0")}`;
}
function span(seconds) { // in words, rounded
  if (seconds < 1.5) return "a moment";
  if (seconds < 50) return `${Math.round(seconds)} seconds`;
  if (seconds < 5400) { const minutes = Math.round(seconds / 60); return `${minutes} minute${minutes === 1 ? "" : "s"}`; }
  return `${Number((seconds / 3600).toPrecision(2))} hours`;
}

connect();
