// Numbers to text and back, and arithmetic's edges.
const NUMBERS = [
  0, -0, 1, -1, 0.1, 0.30000000000000004, 1e21, 1e-6, 1e-7, 123456789.123, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 4.35, 1.005, 2 ** 53, 2 ** 53 + 2,
  0.000001234, 1e100, 25, 1.45, 8.345, 1000000000000000128, 0.5, 1.5, 2.5, NaN, Infinity, -Infinity, 123.456, 99.995,
];

export function cases(add) {
  for (const number of NUMBERS) {
    add(`${Object.is(number, -0) ? '-0' : number} to text`, () => [
      String(number), number.toString(2), number.toString(36), number.toFixed(0), number.toFixed(2), number.toExponential(), number.toExponential(3), number.toPrecision(3), number.toPrecision(15),
    ]);
    add(`${Object.is(number, -0) ? '-0' : number} rounded`, () => [Math.round(number), Math.trunc(number), Math.fround(number), Math.sign(number), number | 0, number >>> 0]);
  }
  for (const text of ['', ' 12 ', '0x1f', '0b11', '0o17', '1e3', '1_000', '.5', '5.', 'Infinity', '-0', '1e1000', '0x', '12px', '\u00a012', '١']) {
    add(`text ${JSON.stringify(text)} to a number`, () => [Number(text), parseFloat(text), parseInt(text), parseInt(text, 16)]);
  }
  add('toFixed beyond its range', () => (1).toFixed(101));
  add('toString in base 37', () => (1).toString(37));
  add('toPrecision 0', () => (1).toPrecision(0));
  add('BigInt', () => [2n ** 100n, -7n / 2n, -7n % 2n, BigInt('0xff'), BigInt.asIntN(8, 255n), BigInt.asUintN(8, -1n), (123456789012345678901234567890n).toString(36)]);
  add('BigInt of a fraction', () => BigInt(1.5));
  add('BigInt and Number', () => 1n + 1);
  add('Math', () => [Math.hypot(3, 4), Math.cbrt(27), Math.clz32(1), Math.imul(0xffffffff, 5), Math.log2(8), Math.expm1(0), Math.atan2(-0, -0), Math.max(), Math.min()]);
  add('typed arrays clamp and wrap', () => [[...new Uint8ClampedArray([-1, 300, 1.5, 2.5, NaN])], [...new Int8Array([128, 255])], [...new Uint16Array([-1])], [...new Float32Array([1.1])]]);
}
