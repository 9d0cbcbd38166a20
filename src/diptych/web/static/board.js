// @ts-check
/** The board in the browser: sends entries, hears of new ones, shows the server's page anew. */

import { Clock } from "./clock.js";
import { Outbox } from "./outbox.js";
import { ask } from "./ask.js";

/** @typedef {import("./outbox.js").Entry} Entry */

const SILENCE = 15000; // ms without a word from the server until the page says so
const REDRAW = 20000; // ms between redraws while nothing is entered (now-line, forecast)

/** @param {string} id @returns {HTMLElement} */
function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element ${id}`);
  return found;
}

const clock = new Clock();
const who = /** @type {HTMLSelectElement} */ (element("who"));
const link = element("link");
let heard = performance.now();
/** @type {Entry | null} */
let undoing = null;

// --- what is said to the person ---

/** @param {string} text */
function alarm(text) {
  element("alarm-text").textContent = text;
  element("alarm").hidden = false;
}

/** @param {string} text @param {Entry | null} undo */
function say(text, undo) {
  element("said-text").textContent = text;
  element("said-undo").hidden = undo === null;
  element("said").hidden = false;
  undoing = undo;
}

element("alarm-close").addEventListener("click", () => { element("alarm").hidden = true; });

// --- sending ---

const outbox = new Outbox({
  accepted(entry, event) {
    element("alarm").hidden = true;
    const undo = entry.kind === "correct" || entry.kind === "separated" ? null : {
      kind: "correct", subject: event.subject, task: event.task, corrects: event.seq,
      body: { action: "retract" },
    };
    say(`Recorded as entry ${event.seq}: ${entry.label}`, undo);
    redraw();
  },
  refused(entry, fault) {
    element("said").hidden = true;
    alarm(`NOT recorded: ${entry.label}. ${fault.message}. What to do: ${fault.remedy}.`);
    redraw();
  },
  waiting(entries, reason) {
    const what = entries.map((entry) => entry.label).join("; ");
    alarm(`NOT YET recorded, trying again: ${what}. ${reason}`);
  },
});

/** @returns {boolean} */
function knowsWho() {
  if (who.value) return true;
  alarm("Choose your name first, then tap again. Nothing was recorded.");
  who.focus();
  return false;
}

/** @param {Partial<Entry>} part @param {string} label */
function send(part, label) {
  outbox.add({
    event_id: Outbox.newId(), kind: "", subject: "", task: null, at: clock.minute(), body: {},
    corrects: null, by: who.value, ...part, label,
  });
}

// --- the buttons ---

/** @param {HTMLElement} button */
async function act(button) {
  if (!knowsWho()) return;
  const { do: what = "", of = "", task, subject = "", seq } = button.dataset;
  const label = button.getAttribute("aria-label") ?? button.textContent ?? "";
  const base = { subject, task: task || null };
  if (what === "retract" || what === "time") {
    await correct(what, of, { ...base, corrects: Number(seq) }, label);
  } else if (what === "separated") {
    await separate(base);
  } else {
    send({ ...base, kind: what }, label);
  }
}

/** @param {Partial<Entry>} base */
async function separate(base) {
  const said = await ask({
    title: "Record the separation",
    text: "From this moment there are two patients. Two persons name it.",
    fields: ["time", "witness"], time: clock.reading(), person: who.value, yes: "Record separation",
  });
  if (!said) return;
  const at = clock.minuteOf(said.time);
  send({ ...base, kind: "separated", at, body: { witness: said.witness } }, "Separation");
}

/** @param {string} action @param {string} of @param {Partial<Entry>} base @param {string} label */
async function correct(action, of, base, label) {
  /** @type {Record<string, string>} */
  const body = { action };
  /** @type {("time" | "witness")[]} */
  const fields = [];
  if (action === "time") fields.push("time");
  if (of === "separated") fields.push("witness");
  if (fields.length > 0 || of === "day.start") {
    const said = await ask({
      title: action === "time" ? "Correct the time" : "Undo an entry", text: label,
      fields, time: clock.reading(), person: who.value, yes: "Record correction",
    });
    if (!said) return;
    if (action === "time") body.minute = String(clock.minuteOf(said.time));
    if (of === "separated") body.witness = said.witness;
  }
  send({ ...base, kind: "correct", body }, label);
}

async function note() {
  if (!knowsWho()) return;
  const said = await ask({
    title: "Write a note", text: "", fields: ["about", "note"], time: "", person: who.value,
    yes: "Record note",
  });
  if (said) send({ kind: "note", subject: said.about, body: { text: said.note } }, "Note");
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target.closest("[data-do]") : null;
  if (target instanceof HTMLElement) void act(target);
});
element("write-note").addEventListener("click", () => void note());
element("said-undo").addEventListener("click", () => {
  if (undoing && knowsWho()) send(undoing, "Undo");
  element("said").hidden = true;
});
element("said-close").addEventListener("click", () => { element("said").hidden = true; });
who.value = sessionStorage.getItem("diptych-who") ?? "";
who.addEventListener("change", () => {
  sessionStorage.setItem("diptych-who", who.value);
  if (who.value) element("alarm").hidden = true;
});

// --- drawing ---

let drawing = false;
let drawAgain = false;

/** Fetch the page and put its board in place of the old one; focus and scrolling stay. */
function redraw() {
  if (drawing) { drawAgain = true; return; }
  drawing = true;
  const request = new XMLHttpRequest();
  request.open("GET", "/");
  request.responseType = "document";
  request.timeout = 10000;
  request.onloadend = () => {
    drawing = false;
    if (request.status === 200 && request.responseXML) replace(request.responseXML);
    if (drawAgain) { drawAgain = false; redraw(); }
  };
  request.send();
}

/** @param {Document} page */
function replace(page) {
  const fresh = page.getElementById("board");
  const old = element("board");
  if (!fresh || Number(fresh.dataset.seq) < Number(old.dataset.seq)) return;
  const focused = old.contains(document.activeElement) ? document.activeElement?.id : "";
  const left = element("chart").scrollLeft;
  const open = Array.from(old.querySelectorAll("details[open]"), (each) => each.id);
  old.replaceWith(document.adoptNode(fresh));
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  element("chart").scrollLeft = left;
  if (focused) (document.getElementById(focused) ?? successor(focused)).focus();
  readClock();
}

/** Where the focus goes when its button is gone: to what follows it (Start becomes Finish).
 * @param {string} id @returns {HTMLElement} */
function successor(id) {
  return document.getElementById(id.replace(/-start$/, "-finish")) ?? element("board");
}

function readClock() {
  const { now = "", minute = "0" } = element("board").dataset;
  clock.set(now, Number(minute));
  tick();
}

function tick() {
  element("clock").textContent = clock.reading();
}

/** Scroll the chart of a small screen to the now-line. */
function showNow() {
  const chart = element("chart");
  const line = chart.querySelector(".now-line");
  if (!line) return;
  const place = line.getBoundingClientRect().left - chart.getBoundingClientRect().left;
  chart.scrollLeft += place - chart.clientWidth / 3;
}

// --- hearing ---

function listen() {
  const stream = new EventSource(`/stream?after=${element("board").dataset.seq}`);
  stream.addEventListener("entry", () => { live(); redraw(); });
  stream.addEventListener("reset", () => location.reload());
  stream.addEventListener("beat", (event) => { clock.hear(event.data); live(); });
  stream.addEventListener("error", () => {
    lost();
    if (stream.readyState === EventSource.CLOSED) window.setTimeout(listen, 2000);
  });
}

function live() {
  heard = performance.now();
  if (link.classList.contains("lost")) redraw();
  link.classList.remove("lost");
  if (link.textContent !== "Live") link.textContent = "Live";
}

function lost() {
  if (link.classList.contains("lost")) return;
  link.classList.add("lost");
  link.textContent = `No connection since ${clock.reading()}: this board may be old`;
}

// The paper board has every step in words, whatever is open on the screen.
window.addEventListener("beforeprint", () => {
  for (const each of document.querySelectorAll("details")) each.open = true;
});
document.documentElement.classList.add("js");
readClock();
showNow();
listen();
outbox.resume();
window.setInterval(() => {
  tick();
  if (performance.now() - heard > SILENCE) lost();
}, 1000);
window.setInterval(redraw, REDRAW);
