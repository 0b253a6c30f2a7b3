import BigNumber from 'bignumber.js';

export async function handle() {
  const own = BigNumber.clone({ DECIMAL_PLACES: 40, ROUNDING_MODE: BigNumber.ROUND_HALF_UP });
  return {
    sum: new BigNumber('0.1').plus('0.2').toString(),
    third: new own(1).div(3).toString(),
    format: new BigNumber('1234567.891').toFormat(2),
    base: new BigNumber('ff', 16).toString(2),
    power: new BigNumber(3).pow(200).toFixed(),
    mod: new BigNumber(-7).mod(3).toString(),
    nan: new BigNumber(NaN).isNaN(),
    max: BigNumber.max(1, '2.5', 2).toString(),
  };
}
