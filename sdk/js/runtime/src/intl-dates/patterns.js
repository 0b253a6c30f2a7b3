// Finds the pattern of a locale for a skeleton, such as `yMMMd`: the algorithm of ICU's DateTimePatternGenerator.
import { DATE_FIELDS, ERA, FRACTION, HOUR, MINUTE, MONTH, SECOND, TIME_FIELDS, WEEKDAY, YEAR, ZONE, distanceOf, formOf, joinPattern, parsePattern, skeletonOf } from './fields.js';

/** Patterns of single fields, which every locale has. */
const SINGLE = ['G', 'y', 'Q', 'M', 'w', 'W', 'E', 'd', 'D', 'F', 'a', 'H', 'm', 's', 'S', 'v'];
/** Fields whose letter in the locale's pattern is kept. */
const KEEPS_LETTER = new Set([HOUR, MONTH, WEEKDAY, YEAR]);
const SECOND_AND_FRACTION = (1 << SECOND) | (1 << FRACTION);

export class Patterns {
  #data;
  /** By their types. */
  #known = new Map();
  /** Base -> types of the patterns that have no skeleton of their own. */
  #derived = new Map();
  #ordered;
  #best = new Map();

  constructor(data) {
    this.#data = data;
    for (const pattern of [...SINGLE, ...Object.values(data.dateFormats), ...Object.values(data.timeFormats)]) this.#add(pattern);
    for (const [skeleton, pattern] of Object.entries(data.available)) this.#add(pattern, skeleton);
    this.#ordered = [...this.#known.values()].sort((one, other) => (order(one) < order(other) ? -1 : 1));
  }

  #add(pattern, skeleton) {
    const known = { ...skeletonOf(skeleton ?? pattern), pattern, isSpecified: skeleton !== undefined };
    if (known.base === '') return;
    const key = known.types.join();
    const derived = this.#derived.get(known.base);
    if (derived !== undefined) {
      // A pattern of the locale's list replaces what was derived from a style.
      if (!known.isSpecified) return;
      this.#known.delete(derived);
      this.#derived.delete(known.base);
    } else if (this.#known.has(key)) return;
    if (!known.isSpecified) this.#derived.set(known.base, key);
    this.#known.set(key, known);
  }

  /** The pattern for a skeleton. */
  find(skeleton) {
    let pattern = this.#best.get(skeleton);
    if (pattern === undefined) this.#best.set(skeleton, (pattern = this.#find(skeletonOf(skeleton))));
    return pattern;
  }

  #find(wanted) {
    const best = this.#nearest(wanted, -1);
    if (best.missing === 0 && best.extra === 0) return adjust(best, wanted);
    const mask = wanted.types.reduce((bits, type, field) => (type === 0 ? bits : bits | (1 << field)), 0);
    const date = this.#compose(wanted, mask & DATE_FIELDS);
    const time = this.#compose(wanted, mask & TIME_FIELDS);
    if (date === '' || time === '') return date + time;
    const month = wanted.texts[MONTH].length;
    const style = month === 4 ? (wanted.texts[WEEKDAY] === '' ? 'long' : 'full') : month === 3 ? 'medium' : 'short';
    return this.#data.glueAtTime[style].replace('{1}', () => date).replace('{0}', () => time);
  }

  #nearest(wanted, mask) {
    let best = { distance: Infinity };
    for (const known of this.#ordered) {
      const found = distanceOf(wanted.types, known.types, mask);
      if (found.distance < best.distance) best = { ...found, known };
    }
    return best;
  }

  /** Appends what the nearest pattern lacks, one pattern after the other. */
  #compose(wanted, mask) {
    if (mask === 0) return '';
    let best = this.#nearest(wanted, mask);
    let pattern = adjust(best, wanted);
    let { missing } = best;
    while (missing !== 0) {
      if ((missing & SECOND_AND_FRACTION) === 1 << FRACTION && (mask & SECOND_AND_FRACTION) === SECOND_AND_FRACTION) {
        pattern = withFraction(pattern, wanted, this.#data.decimal);
        missing &= ~(1 << FRACTION);
        continue;
      }
      best = this.#nearest(wanted, missing);
      const found = missing & ~best.missing;
      if (found === 0) break;
      pattern = this.#append(31 - Math.clz32(found), pattern, adjust(best, wanted));
      missing = best.missing;
    }
    return pattern;
  }

  #append(field, pattern, added) {
    const { appendItems } = this.#data;
    const format = { [ERA]: appendItems.Era, [YEAR]: appendItems.Year, [WEEKDAY]: appendItems['Day-Of-Week'], [ZONE]: appendItems.Timezone }[field] ?? `{0} \u251c'F${field}': {1}\u2524`;
    return format.replace('{0}', () => pattern).replace('{1}', () => added);
  }
}

/** ICU looks at patterns in the order of the first letter of their skeleton. */
const order = ({ texts }) => texts.find((text) => text !== '')[0];

/** Gives the fields of a known pattern the lengths that the wanted skeleton has. */
function adjust({ known }, wanted) {
  return joinPattern(parsePattern(known.pattern).map(({ field: text, literal }) => {
    const form = text === undefined ? undefined : formOf(text);
    if (form === undefined || wanted.types[form[0]] === 0) return { field: text, literal };
    return { field: adjustField(text, form, known, wanted) };
  }));
}

function adjustField(text, [field, type], known, wanted) {
  const request = wanted.texts[field];
  const requested = request[0] === 'E' && request.length < 3 ? 3 : request.length;
  let length = requested;
  // V8 asks for the length of hours alone to be as wanted.
  if (field === MINUTE || field === SECOND) length = text.length;
  else if (known.isSpecified && request[0] !== 'c') {
    const isNumeric = type > 0;
    const wantsNumeric = wanted.types[field] > 0;
    if (known.texts[field].length === requested || isNumeric !== wantsNumeric) length = text.length;
  }
  const letter = KEEPS_LETTER.has(field) ? text[0] : request[0];
  return letter.repeat(length);
}

const withFraction = (pattern, wanted, decimal) =>
  joinPattern(parsePattern(pattern).map(({ field, literal }) => ({ literal, field: field?.[0] === 's' ? `${field}${decimal}${wanted.texts[FRACTION]}` : field })));
