// Dates in UTC, where jobs run. Both sides are compared with the time zone UTC.
const TEXTS = [
  '2024-02-30', '2024-01-01', '2024-01-01T00:00:00', '2024-01-01T00:00:00Z', '2024-01-01T24:00:00Z', '2024-01-01T12:30:45.123456Z', '2024-01-01T12:30+05:30', '2024-1-1', '2024/01/02',
  'Jan 2, 2024', '2 January 2024 10:00 GMT', 'Tue, 02 Jan 2024 10:00:00 GMT', 'Tue Jan 02 2024 10:00:00 GMT+0200', '+275760-09-13', '+275760-09-14', '-000000-01-01', '2024', '2024-13', '', 'x',
  '2024-01-01 10:00', '01/02/2024', '2024-01-01T10:00:00.1Z', '2024-06-15T10:00:00-0800', '12:00', 'January 2024', '2024-01-01T10:00:00 Z',
];

export function cases(add) {
  for (const text of TEXTS) add(`parse ${JSON.stringify(text)}`, () => { const date = new Date(text); return Number.isNaN(date.getTime()) ? 'invalid' : date.toISOString(); });
  for (const time of [0, -1, 951782400000, 1709164800000, 8.64e15, -62198755200000]) {
    add(`format ${time}`, () => { const date = new Date(time); return [date.toISOString(), date.toUTCString(), date.toString(), date.toDateString(), date.toTimeString(), date.toJSON()]; });
    add(`parts of ${time}`, () => { const date = new Date(time); return [date.getFullYear(), date.getMonth(), date.getDate(), date.getDay(), date.getHours(), date.getTimezoneOffset(), date.getUTCDay()]; });
  }
  add('an invalid date to ISO', () => new Date(NaN).toISOString());
  add('an invalid date to text', () => [String(new Date(NaN)), new Date(NaN).toJSON(), Number(new Date(NaN))]);
  add('overflowing parts', () => [new Date(Date.UTC(2024, 13, 32, 25, 61)).toISOString(), Date.UTC(99), new Date(2024, 0, 1).toISOString()]);
  add('setters', () => { const date = new Date(0); date.setUTCMonth(1, 31); date.setUTCHours(-1); return [date.toISOString(), date.setDate(0), date.setFullYear(2023, 1, 29)]; });
  add('to a primitive', () => [new Date(5) - 0, `${new Date(0)}`, new Date(0) + 1]);
}
