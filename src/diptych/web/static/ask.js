// @ts-check
/** The one dialog: asks for what a tap alone cannot say (a time, a second person, a note). */

/** @typedef {"about" | "note" | "time" | "witness"} Field */
/**
 * @typedef {object} Question
 * @property {string} title
 * @property {string} text
 * @property {Field[]} fields
 * @property {string} time proposed time, "HH:MM"
 * @property {string} person who enters; cannot be the second person
 * @property {string} yes what the button says
 */
/** @typedef {Record<Field, string>} Said */

/** @type {Field[]} */
const FIELDS = ["about", "note", "time", "witness"];
const MISSING = {
  about: "Choose whom it concerns.", note: "Write what happened.", time: "Give the time as hours and minutes, such as 14:05.",
  witness: "Choose a second person.",
};

/** @param {string} id @returns {any} */
const element = (id) => document.getElementById(id);

/** Ask; the answer, or null when cancelled. Every field shown must be filled.
 * @param {Question} question @returns {Promise<Said | null>} */
export function ask(question) {
  const dialog = /** @type {HTMLDialogElement} */ (element("ask"));
  const before = document.activeElement;
  prepare(question);
  dialog.showModal();
  return new Promise((answer) => {
    /** @param {Said | null} said */
    const end = (said) => {
      element("ask-form").onsubmit = null;
      dialog.oncancel = null;
      dialog.close();
      if (before instanceof HTMLElement) before.focus();
      answer(said);
    };
    element("ask-no").onclick = () => end(null);
    dialog.oncancel = () => end(null);
    element("ask-form").onsubmit = (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const said = read(question);
      if (said) end(said);
    };
  });
}

/** @param {Question} question */
function prepare(question) {
  element("ask-title").textContent = question.title;
  element("ask-text").textContent = question.text;
  element("ask-yes").textContent = question.yes;
  element("ask-fault").textContent = "";
  for (const field of FIELDS) {
    element(`ask-${field}-row`).hidden = !question.fields.includes(field);
    element(`ask-${field}`).value = field === "time" ? question.time : "";
  }
  for (const option of element("ask-witness").options) {
    option.disabled = option.value !== "" && option.value === question.person;
  }
}

/** A time of the 24-hour clock: "9:05", "09:05" or "0905" as "09:05"; "" when it is none.
 * @param {string} text @returns {string} */
function readTime(text) {
  const found = /^(\d{1,2})[:.]?(\d{2})$/.exec(text);
  if (!found || Number(found[1]) > 23 || Number(found[2]) > 59) return "";
  return `${found[1].padStart(2, "0")}:${found[2]}`;
}

/** @param {Question} question @returns {Said | null} */
function read(question) {
  /** @type {Said} */
  const said = { about: "", note: "", time: "", witness: "" };
  for (const field of question.fields) {
    said[field] = element(`ask-${field}`).value.trim();
    if (field === "time") said.time = readTime(said.time);
    if (!said[field]) {
      element("ask-fault").textContent = MISSING[field];
      element(`ask-${field}`).focus();
      return null;
    }
  }
  return said;
}
