// performance: a monotonic clock that starts with its first use, because a snapshot has no clock. Marks and measures
// are kept in the order of their time, as in Node.
import native from 'toril:engine/native';
import { asInterface, defineGlobals } from './define.js';

let monotonic;
let wall = 0;

function start() {
  monotonic = native.now();
  wall = native.wallClock();
}

function now() {
  // While the snapshot is taken there is no clock, and nothing may be kept from that time.
  if (!native.live()) return 0;
  if (monotonic === undefined) start();
  return native.now() - monotonic;
}

export class PerformanceEntry {
  constructor(name, entryType, startTime, duration, detail) {
    this.name = name;
    this.entryType = entryType;
    this.startTime = startTime;
    this.duration = duration;
    this.detail = detail ?? null;
  }

  toJSON() {
    return { ...this };
  }
}
asInterface(PerformanceEntry, 'PerformanceEntry');

class Performance {
  #entries = [];

  now() { return now(); }

  get timeOrigin() {
    if (native.live() && monotonic === undefined) start();
    return wall;
  }

  mark(name, { startTime = now(), detail } = {}) {
    return this.#add(new PerformanceEntry(String(name), 'mark', startTime, 0, detail));
  }

  measure(name, from, to) {
    const options = typeof from === 'object' && from !== null ? from : { start: from, end: to };
    let begin = this.#time(options.start);
    let end = this.#time(options.end);
    if (begin === undefined) begin = end !== undefined && options.duration !== undefined ? end - options.duration : 0;
    end ??= options.duration === undefined ? now() : begin + options.duration;
    return this.#add(new PerformanceEntry(String(name), 'measure', begin, end - begin, options.detail));
  }

  clearMarks(name) { this.#clear('mark', name); }
  clearMeasures(name) { this.#clear('measure', name); }
  getEntries() { return [...this.#entries]; }
  getEntriesByName(name, type) { return this.#entries.filter((entry) => entry.name === name && (type === undefined || entry.entryType === type)); }
  getEntriesByType(type) { return this.#entries.filter((entry) => entry.entryType === type); }
  toJSON() { return { timeOrigin: this.timeOrigin }; }

  #time(mark) {
    if (mark === undefined || typeof mark === 'number') return mark;
    const found = this.#entries.findLast((entry) => entry.entryType === 'mark' && entry.name === String(mark));
    if (found === undefined) throw new DOMException(`The "${mark}" performance mark has not been set`, 'SyntaxError');
    return found.startTime;
  }

  #add(entry) {
    const after = this.#entries.findLastIndex((known) => known.startTime <= entry.startTime);
    this.#entries.splice(after + 1, 0, entry);
    return entry;
  }

  #clear(type, name) {
    this.#entries = this.#entries.filter((entry) => entry.entryType !== type || (name !== undefined && entry.name !== String(name)));
  }
}
asInterface(Performance, 'Performance');

defineGlobals({ performance: new Performance(), PerformanceEntry });
