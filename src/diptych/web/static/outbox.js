// @ts-check
/** Entries on their way to the record: one after the other, again until answered, never twice. */

/**
 * @typedef {object} Entry
 * @property {string} event_id
 * @property {string} kind
 * @property {string} subject
 * @property {string | null} task
 * @property {number} at
 * @property {string} by
 * @property {Record<string, string>} body
 * @property {number | null} corrects
 * @property {string} label what it is, for people; not sent
 */
/** @typedef {{message: string, remedy: string}} Fault */
/** @typedef {{seq: number, subject: string, task: string | null}} Stored */
/**
 * @typedef {object} Listener
 * @property {(entry: Entry, event: Stored) => void} accepted
 * @property {(entry: Entry, fault: Fault) => void} refused
 * @property {(entries: Entry[], reason: string) => void} waiting
 */

const KEY = "diptych-outbox";
const AGAIN = 2000;
const PATIENCE = 8000;

export class Outbox {
  /** @param {Listener} listener */
  constructor(listener) {
    this.listener = listener;
    /** @type {Entry[]} */
    this.entries = [];
    this.busy = false;
  }

  /** A random UUID; works on pages without HTTPS too. @returns {string} */
  static newId() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  /** Take an entry; it is kept until the server has answered, also over a reload.
   * @param {Entry} entry */
  add(entry) {
    this.entries.push(entry);
    this.keep();
    void this.work();
  }

  /** Go on with what an earlier page left. */
  resume() {
    this.entries = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    void this.work();
  }

  keep() {
    sessionStorage.setItem(KEY, JSON.stringify(this.entries));
  }

  async work() {
    if (this.busy) return;
    this.busy = true;
    while (this.entries.length > 0) {
      const reason = await this.post(this.entries[0]);
      if (reason) {
        this.listener.waiting(this.entries, reason);
        await new Promise((resume) => { window.setTimeout(resume, AGAIN); });
      }
    }
    this.busy = false;
  }

  /** Send one entry. @param {Entry} entry @returns {Promise<string>} why to try again, or "" */
  async post(entry) {
    const { label: _label, ...sent } = entry;
    let response, answer;
    try {
      response = await fetch("/events", {
        method: "POST", body: JSON.stringify(sent), headers: { "content-type": "application/json" },
        signal: AbortSignal.timeout(PATIENCE),
      });
      answer = await response.json();
    } catch {
      return "The server does not answer; if this stays, use the paper board.";
    }
    if (response.status >= 500) return `${answer.message}. What to do: ${answer.remedy}.`;
    this.entries.shift();
    this.keep();
    if (response.ok) this.listener.accepted(entry, answer.event);
    else this.listener.refused(entry, answer);
    return "";
  }
}
