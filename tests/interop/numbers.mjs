// What JavaScript makes of values that a job's options can hold: {"values": [{value, number, truthy}], "texts": [{text,
// parseInt}], "times": [{value, time}]}. Not a number is null. host/crates/bullmq/src/js_vectors.json is the result.

import { script } from './script.mjs';

const TEXTS = ['', ' ', '0', '3', ' 3 ', '+3', '-3', '3.5', '.5', '5.', '-.5', '.', '1e3', '1E3', '1e+3', '1e-3', '9.007199254741e+15',
  '1.7976931348623e+308', '1e400', '-1e400', '0x10', '0X1f', '0x', '0b101', '0b2', '0o17', '0o8', '-0x10', 'Infinity', '+Infinity', '-Infinity', 'infinity',
  'inf', 'NaN', 'nan', 'null', 'true', 'abc', '3abc', 'abc3', '1,000', '1_000', '1 2', '\n7\t', '\u00a08', '\ufeff9', '٣', '9007199254740993',
  '18446744073709551615', '99999999999999999999999', '1700000000000', '1.7e+12', '--3', '+-3', '1e', 'e3', '1.2.3'];
const NUMBERS = [0, -0, 1, -1, 2.5, -2.5, 0.1, 1e3, 1e21, 9007199254740991, 9007199254740993, 9.007199254741e15, 4294967295, 4294967296, 1.7976931348623e308, 5e-324, -9007199254740991];
const OTHERS = [null, true, false, [], [3], ['3'], [null], [true], [1, 2], [''], [[4]], [{}], {}, { a: 1 }];
const TIMES = [0, 1700000000000, -5, null, true, '2026-03-01', '2026-03-01T10:00:00Z', '2026-03-01T10:00:00.250Z', '2026-03-01T10:00:00+02:00',
  'Sun, 01 Mar 2026 10:00:00 GMT', '2026-03-01T10:00:00', '2026-03-01 10:00', 'tomorrow', '', {}];

const shown = (number) => (Number.isNaN(number) ? null : Number.isFinite(number) ? number : String(number));

await script(async () => ({
  values: [...TEXTS, ...NUMBERS, ...OTHERS].map((value) => ({ value, number: shown(Number(value)), truthy: Boolean(value) })),
  texts: TEXTS.map((text) => ({ text, parseInt: shown(parseInt(text, 10)) })),
  times: TIMES.map((value) => ({ value, time: shown(new Date(value).getTime()) })),
}));
