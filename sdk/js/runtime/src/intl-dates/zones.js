// Time zones: their names, and the offset from UTC at a time. A zone's line is unpacked when it is first used.
import { aliases, zones as packed } from 'data:zones';

/** Reads the fields of the line that starts with a name. */
function lineOf(text, name) {
  const at = text.indexOf(`\n${name}\t`);
  return at === -1 ? undefined : text.slice(at + 1, text.indexOf('\n', at + 1)).split('\t');
}

/** As in V8. */
const shown = (name) => (name === 'Etc/UTC' || name === 'Etc/GMT' ? 'UTC' : name);
const keyOf = (name) => (name === 'UTC' ? 'Etc/UTC' : name);

let byUpperCase;
const namesIn = (text) => Array.from(text.matchAll(/\n([^\t\n]+)\t/g), ([, name]) => name);

/** The name of a zone or an alias in the case in which the data has it. */
function inCase(name) {
  byUpperCase ??= new Map([...namesIn(packed), ...namesIn(aliases)].map((one) => [one.toUpperCase(), one]));
  return byUpperCase.get(name.toUpperCase());
}

const exact = (name) => (packed.includes(`\n${name}\t`) ? name : lineOf(aliases, name)?.[1]);

/** The canonical name of a zone, or undefined. */
export function canonicalZone(name) {
  if (name === 'UTC') return name;
  const known = inCaseOrNot(name);
  return known === undefined ? undefined : shown(known);
}

function inCaseOrNot(name) {
  if (/[\t\n]/.test(name)) return undefined;
  const found = exact(name);
  if (found !== undefined) return found;
  const other = inCase(name);
  return other === undefined ? undefined : exact(other);
}

/** The names that `Intl.supportedValuesOf` lists. */
export const zoneNames = () => namesIn(packed).filter((name) => !name.startsWith('Etc/'));

const zones = new Map();

/** A zone by its canonical name. */
export function zone(name) {
  let found = zones.get(name);
  if (found === undefined) zones.set(name, (found = new Zone(lineOf(packed, keyOf(name)))));
  return found;
}

const DAY = 86_400_000;
/** A period of summer time is shorter. Morocco's lasts from the end of one Ramadan to the start of the next. */
const SUMMER = 350 * DAY;
/** The last year whose periods are in the data. */
const LAST_YEAR = 2037;

const number = (text) => Number.parseInt(text, 36);

class Zone {
  /** Where each period starts, ascending, and its offset in milliseconds. */
  #starts = [-Infinity];
  #offsets;
  #metazones;

  /** Takes the fields of the zone's line. */
  constructor([, metazones, offsets, order, lengths]) {
    this.#metazones = metazones === '' ? [] : metazones.split(' ').map((text) => {
      const [from, name] = text.includes(':') ? text.split(':') : [undefined, text];
      return [from === undefined ? -Infinity : number(from) * 60_000, name];
    });
    if (offsets.startsWith('=')) {
      const owner = zone(offsets.slice(1));
      this.#starts = owner.#starts;
      this.#offsets = owner.#offsets;
      return;
    }
    const values = offsets.split(' ').map((text) => number(text) * 1000);
    this.#offsets = Array.from(order, (digit) => values[number60(digit)]);
    let start = 0;
    for (const length of lengths === '' ? [] : lengths.split(' ')) this.#starts.push((start += number(length)) * 1000);
  }

  /** `{ offset, isSummer }` at a time: the offset from UTC in milliseconds. */
  at(time) {
    const within = withinData(time);
    const at = this.#periodAt(within);
    const isSummer = this.#isSummer(at);
    return { offset: this.#offsets[at], isSummer };
  }

  /** Whether there is summer time within half a year of a time. */
  hasSummerNear(time) {
    const within = withinData(time);
    for (let at = this.#periodAt(within - 184 * DAY); at <= this.#periodAt(within + 184 * DAY); at += 1) if (this.#isSummer(at)) return true;
    return false;
  }

  /** The name of the names that zones share, such as `Europe_Central`. CLDR has them from 1970 on. */
  metazoneAt(time) {
    return time < 0 ? undefined : this.#metazones.findLast(([from]) => from <= time)?.[1];
  }

  #periodAt(time) {
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle] <= time) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #isSummer(at) {
    const [before, offset, after] = [this.#offsets[at - 1], this.#offsets[at], this.#offsets[at + 1]];
    if (after === undefined) return offset > before && this.#starts[at] - this.#starts[at - 1] < SUMMER;
    // Double summer time, as of the Second World War, is followed by summer time.
    const follows = before > offset && this.#starts[at] - this.#starts[at - 1] < SUMMER;
    return offset > after && (offset > before || follows) && this.#starts[at + 1] - this.#starts[at] < SUMMER;
  }
}

const LETTERS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX';
const number60 = (digit) => LETTERS.indexOf(digit);

/**
 * A time in the data's years with the same offset. A later year has the clock changes of an earlier one that has the same
 * weekdays from March on: clocks change on weekdays, and none in January or February.
 */
function withinData(time) {
  const year = new Date(time).getUTCFullYear();
  if (!(year > LAST_YEAR)) return time;
  const march = Date.UTC(year, 2, 1);
  for (let known = LAST_YEAR; ; known -= 1) {
    const distance = march - Date.UTC(known, 2, 1);
    if (distance % (7 * DAY) === 0) return time - distance;
  }
}
