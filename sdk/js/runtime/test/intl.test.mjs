// Intl. What texts look like in detail is compared with Node by `conformance/`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRealm } from './realm.mjs';

const realm = await createRealm();
const same = async (code, expected) => assert.deepEqual(JSON.parse(JSON.stringify(await realm.run(`return ${code};`))), expected);

test('a date is in UTC and in American English by default', () =>
  same('[new Date(0).toLocaleString(), new Date(0).toLocaleDateString(), new Date(0).toLocaleTimeString()]', ['1/1/1970, 12:00:00 AM', '1/1/1970', '12:00:00 AM']));

test('a time zone has its offset before and after its clocks change', () =>
  same(`[1711846799999, 1711846800000].map((time) => new Intl.DateTimeFormat('en', { timeZone: 'Europe/Berlin', timeStyle: 'long' }).format(time))`,
    ['1:59:59 AM GMT+1', '3:00:00 AM GMT+2']));

test('clocks change in years that the data does not have', () =>
  same(`[[2050, 2, 27, 0], [2050, 2, 27, 1], [2099, 9, 25, 0], [2099, 9, 25, 1]].map((date) => new Intl.DateTimeFormat('en', { timeZone: 'Europe/Berlin', hour: 'numeric', hourCycle: 'h23' }).format(Date.UTC(...date)))`,
    ['01', '03', '02', '02']));

test('a zone that has no summer time in this century has none in later years', () =>
  same(`new Intl.DateTimeFormat('en', { timeZone: 'Asia/Tokyo', timeZoneName: 'long' }).formatToParts(Date.UTC(2080, 6, 1)).at(-1).value`, 'Japan Standard Time'));

test('names of zones are found in any case, and aliases have the name of their zone', () =>
  same(`['europe/berlin', 'US/Pacific', 'Asia/Kolkata', 'etc/utc'].map((timeZone) => new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone)`,
    ['Europe/Berlin', 'America/Los_Angeles', 'Asia/Calcutta', 'UTC']));

test('a name with a line break is no zone', () =>
  assert.rejects(realm.run(`new Intl.DateTimeFormat('en', { timeZone: 'UTC\\nEurope/Berlin' })`), { name: 'RangeError' }));

test('all zones that are listed can be used', () =>
  same(`Intl.supportedValuesOf('timeZone').filter((timeZone) => new Intl.DateTimeFormat('en', { timeZone }).format(0) === '')`, []));

test('British English has its own names where they differ from American ones', () =>
  same(`['en-GB', 'en-US'].map((locale) => new Intl.DateTimeFormat(locale, { timeZone: 'Europe/London', timeZoneName: 'short', day: 'numeric', month: 'numeric' }).format(Date.UTC(2026, 6, 1)))`,
    ['01/07, BST', '7/1, GMT+1']));

test('German has its own patterns', () =>
  same(`[new Date(0).toLocaleDateString('de', { dateStyle: 'full' }), (1234.5).toLocaleString('de-DE', { style: 'currency', currency: 'EUR' })]`, ['Donnerstag, 1. Januar 1970', '1.234,50\u00a0€']));

test('a locale without data resolves to the default', () =>
  same(`[new Intl.DateTimeFormat('fr').resolvedOptions().locale, new Intl.NumberFormat(['tlh', 'de-AT']).resolvedOptions().locale, Intl.NumberFormat.supportedLocalesOf(['fr', 'en-AU'])]`, ['en-US', 'de', ['en-AU']]));

test('a number without options has at most three decimals', () =>
  same('[1234.5, -1234567, 0.0005, 1.0005, 1e21, -0, NaN, 1e-7].map((number) => number.toLocaleString())', ['1,234.5', '-1,234,567', '0.001', '1.001', '1,000,000,000,000,000,000,000', '-0', 'NaN', '0']));

test('a list passes its arguments to its elements', () =>
  same(`[[1234.5, null, 2n].toLocaleString('de'), new Float64Array([0.5]).toLocaleString('en', { style: 'percent' })]`, ['1.234,5,,2', '50%']));

test('numbers are rounded as decimals', () => same(`new Intl.NumberFormat('en', { maximumFractionDigits: 2 }).format(1.005)`, '1.01'));

test('plurals choose by number', () =>
  same(`[1, 2, 3, 11, 21].map((number) => new Intl.PluralRules('en', { type: 'ordinal' }).select(number))`, ['one', 'two', 'few', 'other', 'one']));

test('relative times have words for days that are near', () =>
  same(`[-1, 1, 5].map((days) => new Intl.RelativeTimeFormat('en', { numeric: 'auto' }).format(days, 'day'))`, ['yesterday', 'tomorrow', 'in 5 days']));

test('lists are joined', () => same(`new Intl.ListFormat('en-GB').format(['a', 'b', 'c'])`, 'a, b and c'));

test('countries have names', () => same(`new Intl.DisplayNames('de', { type: 'region' }).of('FR')`, 'Frankreich'));

test('a character may consist of many code points', () =>
  same(`Array.from(new Intl.Segmenter('en').segment('e\\u0301\u{1f468}\u200d\u{1f469}\u200d\u{1f467}'), ({ index }) => index)`, [0, 2]));

test('a segmenter of words fails with a message that says so', () =>
  assert.rejects(realm.run(`new Intl.Segmenter('en', { granularity: 'word' })`), { message: 'Intl.Segmenter of a plugin has the granularity grapheme, and not word' }));

test('a collator sorts numbers by their value', () => same(`['a10', 'a9'].sort(new Intl.Collator('en', { numeric: true }).compare)`, ['a9', 'a10']));

test('a range says what its ends share', () =>
  same(`new Intl.DateTimeFormat('en', { dateStyle: 'medium' }).formatRange(0, 2 * 86400000)`, 'Jan 1\u2009–\u20093, 1970'));

test('a locale keeps the parts of its tag', () =>
  same(`(({ language, region, hourCycle, baseName }) => [language, region, hourCycle, baseName])(new Intl.Locale('EN-gb-u-hc-h12'))`, ['en', 'GB', 'h12', 'en-GB']));
