import Decimal from 'decimal.js';

export async function handle() {
  Decimal.set({ precision: 30 });
  return {
    sum: new Decimal('0.1').plus('0.2').toString(),
    root: Decimal.sqrt(2).toString(),
    power: new Decimal(1.5).pow(100).toFixed(5),
    pi: Decimal.acos(-1).toString(),
    rounded: new Decimal('2.345').toDecimalPlaces(2, Decimal.ROUND_HALF_EVEN).toString(),
    hex: new Decimal('0xff.8').toString(),
    big: new Decimal('1e+500').times(3).toString(),
    ln: new Decimal(10).ln().toString(),
  };
}
