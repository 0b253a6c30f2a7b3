// Intl.Collator in the order of the part `collation`.
import { compare } from 'toril:runtime/collation';
import { callable, define, keywordsText, readOption, resolveLocale } from 'toril:runtime/intl';

class Collator {
  #shown;
  #compare;

  constructor(locales, given) {
    const { locale, keywords } = resolveLocale(locales, ['kn', 'kf']);
    const options = given === undefined ? {} : Object(given);
    const usage = readOption(options, 'usage', ['sort', 'search'], 'sort');
    const ofTag = keywords.has('kn') ? keywords.get('kn') !== 'false' : undefined;
    const numeric = options.numeric === undefined ? (ofTag ?? false) : Boolean(options.numeric);
    const caseFirst = readOption(options, 'caseFirst', ['upper', 'lower', 'false'], keywords.get('kf') ?? 'false');
    const sensitivity = readOption(options, 'sensitivity', ['base', 'accent', 'case', 'variant'], 'variant');
    const ignorePunctuation = options.ignorePunctuation === undefined ? false : Boolean(options.ignorePunctuation);
    const used = new Map([...keywords].filter(([key]) => (key === 'kn' ? options.numeric === undefined : options.caseFirst === undefined)));
    this.#shown = { locale: locale + keywordsText(used), usage, sensitivity, ignorePunctuation, collation: 'default', numeric, caseFirst };
  }

  get compare() {
    this.#compare ??= (left, right) => compare(String(left), String(right), this.#shown);
    return this.#compare;
  }

  resolvedOptions() {
    return { ...this.#shown };
  }
}

define('Collator', callable(Collator, 'Collator'));
