// Intl.Segmenter for characters as users see them ("graphemes").
import { define, readOption, resolveLocale } from 'toril:runtime/intl';
import { graphemeSegments } from 'unicode-segmenter/grapheme';

class Segments {
  #text;

  constructor(text) {
    this.#text = text;
  }

  containing(index = 0) {
    const at = Math.trunc(Number(index)) || 0;
    if (at < 0 || at >= this.#text.length) return undefined;
    for (const part of this) if (at < part.index + part.segment.length) return part;
    return undefined;
  }

  *[Symbol.iterator]() {
    for (const { segment, index, input } of graphemeSegments(this.#text)) yield { segment, index, input };
  }
}

class Segmenter {
  #locale;

  constructor(locales = undefined, options = undefined) {
    this.#locale = resolveLocale(locales).locale;
    const granularity = readOption(options === undefined ? {} : options, 'granularity', ['grapheme', 'word', 'sentence'], 'grapheme');
    if (granularity !== 'grapheme') throw new RangeError(`Intl.Segmenter of a plugin has the granularity grapheme, and not ${granularity}`);
  }

  segment(text) {
    return new Segments(String(text));
  }

  resolvedOptions() {
    return { locale: this.#locale, granularity: 'grapheme' };
  }
}

define('Segmenter', Segmenter);
