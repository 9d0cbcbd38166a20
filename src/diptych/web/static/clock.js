// @ts-check
/** The server's clock, carried on between its words by a clock that nobody can set. */

const MINUTE = 60000;

export class Clock {
  constructor() {
    this.base = 0; // server time in ms at `mark`
    this.mark = 0; // performance.now() at that moment
    this.shift = 0; // offset of the server's time zone, ms
    this.zero = 0; // server time of minute 0, ms
  }

  /** Take the time from a page: ISO 8601 with offset, and its minute of the day.
   * @param {string} iso @param {number} minute */
  set(iso, minute) {
    this.hear(iso);
    const local = this.base + this.shift;
    const full = local - (((local % MINUTE) + MINUTE) % MINUTE);
    this.zero = full - this.shift - minute * MINUTE;
  }

  /** Take the time from the stream. @param {string} iso */
  hear(iso) {
    const sign = /([+-])(\d\d):(\d\d)$/.exec(iso);
    this.shift = sign ? (sign[1] === "-" ? -1 : 1) * (Number(sign[2]) * 60 + Number(sign[3])) * MINUTE : 0;
    this.base = Date.parse(iso);
    this.mark = performance.now();
  }

  /** @returns {number} server time, ms */
  now() {
    return this.base + performance.now() - this.mark;
  }

  /** @returns {number} whole minutes since minute 0 */
  minute() {
    return Math.floor((this.now() - this.zero) / MINUTE);
  }

  /** @returns {string} "HH:MM" on the server's wall clock */
  reading() {
    const local = new Date(this.now() + this.shift);
    return [local.getUTCHours(), local.getUTCMinutes()].map((n) => String(n).padStart(2, "0")).join(":");
  }

  /** The minute of the day at which the wall clock last showed a time.
   * @param {string} time "HH:MM" @returns {number} */
  minuteOf(time) {
    const [hours, minutes] = time.split(":").map(Number);
    const [nowHours, nowMinutes] = this.reading().split(":").map(Number);
    const back = (nowHours * 60 + nowMinutes - hours * 60 - minutes + 1440) % 1440;
    return this.minute() - back;
  }
}
