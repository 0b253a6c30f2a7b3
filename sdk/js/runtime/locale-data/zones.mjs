// Packs the time zones: names from CLDR (`zones.json`), offsets from the package `moment-timezone`, which has IANA's data.
//
// `zones` has one line a zone, with tabs between: name, metazones (each with the minute from which it applies, but for the
// first), offsets in seconds, the index of the offset of each period, and the lengths of the periods in seconds. Numbers have
// base 36. A line with `=NAME` after the metazones has the offsets of that zone. `aliases` has lines of an alias and its zone.
// Each line has a line break before it, so that it can be found by `\nNAME\t`.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX';

/** A number with base 60, as moment-timezone packs it. */
function unpackNumber(text) {
  const [whole, fraction = ''] = text.replace(/^-/, '').split('.');
  let value = 0;
  for (const digit of whole) value = value * 60 + DIGITS.indexOf(digit);
  let unit = 1;
  for (const digit of fraction) value += DIGITS.indexOf(digit) * (unit /= 60);
  return text.startsWith('-') ? -value : value;
}

const list = (text) => (text === '' ? [] : text.split(' '));
const pack = (number) => number.toString(36);

/** Later periods repeat those of the years before: `src/intl-dates/zones.js` computes them. */
const END = Date.UTC(2038, 0, 1) / 1000;

/** Offsets, indices and lengths of a zone's packed line. */
function offsetsOf(line) {
  const [, , offsets, indices, lengths] = line.split('|');
  const seconds = [];
  let end = 0;
  for (const text of list(lengths)) {
    // In seconds, because the earliest period ends within a minute.
    const length = Math.round(unpackNumber(text) * 60);
    if ((end += length) >= END) break;
    seconds.push(length);
  }
  const packed = list(offsets).map((text) => pack(-Math.round(unpackNumber(text) * 60)));
  return [packed.join(' '), indices.slice(0, seconds.length + 1), seconds.map(pack).join(' ')].join('\t');
}

export async function packZones() {
  const { zones, links } = require('moment-timezone/data/packed/latest.json');
  const known = JSON.parse(await readFile(new URL('zones.json', import.meta.url), 'utf8'));
  const data = new Map(zones.map((line) => [line.split('|')[0], line]));
  const targets = new Map(links.map((link) => link.split('|').reverse()));
  const owners = new Map();
  const lines = [];
  const aliasLines = [];
  for (const [name, aliases, metazones] of known) {
    const source = [name, ...aliases].map((one) => data.get(one) ?? data.get(targets.get(one))).find((line) => line !== undefined);
    if (source === undefined) throw new Error(`moment-timezone has no time zone ${name}`);
    const used = metazones.map(([from, metazone]) => (from === null ? metazone : `${pack(from)}:${metazone}`)).join(' ');
    const owner = owners.get(source);
    if (owner === undefined) owners.set(source, name);
    lines.push(`\n${[name, used, owner === undefined ? offsetsOf(source) : `=${owner}`].join('\t')}`);
    for (const alias of aliases) aliasLines.push(`\n${alias}\t${name}`);
  }
  return { zones: `${lines.join('')}\n`, aliases: `${aliasLines.join('')}\n` };
}
