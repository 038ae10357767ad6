// An outbox in a file of lines: {"event"} when something is recorded, {"outcome"} when danchu has
// answered. A line counts once it is on disk; a last line that was cut off by a crash counts not.

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";

export class Outbox {
  constructor(file) {
    this.events = new Map();
    this.outcomes = new Map();
    const bytes = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
    const whole = bytes.lastIndexOf("\n") + 1;
    if (whole < bytes.length) truncateSync(file, whole);
    for (const line of bytes.subarray(0, whole).toString().split("\n").filter(Boolean)) this.#take(JSON.parse(line));
    this.handle = openSync(file, "a", 0o600);
  }

  /** Keeps entries together: all of them, or after a crash none, since they are one line. */
  put(...entries) {
    writeSync(this.handle, `${JSON.stringify(entries)}\n`);
    fsyncSync(this.handle);
    this.#take(entries);
  }

  /** The events that have no outcome, in the order of their recording. */
  waiting(limit) {
    return [...this.events.values()].filter((event) => !this.outcomes.has(event.id)).slice(0, limit);
  }

  close() {
    closeSync(this.handle);
  }

  #take(entries) {
    for (const { event, outcome } of entries) {
      if (event) this.events.set(event.id, event);
      else this.outcomes.set(outcome.id, outcome);
    }
  }
}
