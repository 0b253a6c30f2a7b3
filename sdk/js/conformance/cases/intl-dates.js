// Intl.DateTimeFormat: options, locales and time zones, around changes of clocks.
const LOCALES = ['en-US', 'en-GB', 'de'];
const ZONES = [
  'UTC', 'Europe/Berlin', 'Europe/London', 'Europe/Dublin', 'America/New_York', 'America/Los_Angeles', 'America/St_Johns', 'America/Sao_Paulo', 'America/Phoenix', 'Asia/Kolkata', 'Asia/Tokyo', 'Asia/Kathmandu',
  'Australia/Lord_Howe', 'Australia/Sydney', 'Pacific/Apia', 'Pacific/Auckland', 'Africa/Cairo', 'Etc/GMT+5',
];
const SOME_ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe'];
const DATES = [
  0, -1, Date.UTC(2024, 6, 4, 12, 5, 9, 87), Date.UTC(1999, 11, 31, 23, 59, 59, 999), Date.UTC(1985, 3, 28, 1, 30), Date.UTC(1975, 7, 14, 23), Date.UTC(1920, 2, 3), -5e12, Date.UTC(2050, 6, 1), Date.UTC(2050, 0, 1), Date.UTC(2099, 9, 31, 12),
  // An hour before and after clocks change in Europe, in North America, and in Australia.
  ...[1711846800000, 1729990800000, 1710054000000, 1730613600000, 1712415600000, 1728144000000].flatMap((change) => [change - 1, change, change + 3_600_000]),
];
const OPTIONS = [
  {}, { dateStyle: 'full' }, { dateStyle: 'long' }, { dateStyle: 'medium' }, { dateStyle: 'short' }, { timeStyle: 'full' }, { timeStyle: 'long' }, { timeStyle: 'medium' }, { timeStyle: 'short' },
  { dateStyle: 'full', timeStyle: 'full' }, { dateStyle: 'long', timeStyle: 'long' }, { dateStyle: 'medium', timeStyle: 'medium' }, { dateStyle: 'short', timeStyle: 'short' }, { dateStyle: 'long', timeStyle: 'short', hour12: false },
  { timeStyle: 'short', hour12: true }, { timeStyle: 'medium', hourCycle: 'h11' },
  { year: 'numeric', month: 'long', day: 'numeric' }, { year: 'numeric', month: 'short' }, { month: 'long' }, { weekday: 'long' }, { weekday: 'short', hour: 'numeric' }, { hour: '2-digit', minute: '2-digit' },
  { hour: '2-digit', minute: '2-digit', hour12: false }, { hour: 'numeric', hourCycle: 'h23', minute: 'numeric', second: 'numeric', fractionalSecondDigits: 3 },
  { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
  { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric', hour12: false, era: 'short' },
  { timeZoneName: 'short' }, { timeZoneName: 'long' }, { timeZoneName: 'shortOffset' }, { timeZoneName: 'longOffset' },
  { year: '2-digit', month: 'numeric' }, { era: 'long' }, { minute: 'numeric' }, { second: '2-digit' }, { minute: '2-digit', second: '2-digit' }, { hour: 'numeric', dayPeriod: 'short' }, { dayPeriod: 'long' },
  { weekday: 'narrow', day: 'numeric' }, { month: 'narrow' }, { fractionalSecondDigits: 2 }, { minute: 'numeric', fractionalSecondDigits: 2 }, { second: 'numeric', fractionalSecondDigits: 3 },
  { year: 'numeric', month: 'long', day: 'numeric', weekday: 'long', hour: 'numeric', minute: 'numeric', timeZoneName: 'long' },
  { weekday: 'short', year: 'numeric', month: 'short', day: '2-digit', hour: 'numeric', minute: '2-digit', timeZoneName: 'short' },
  { day: 'numeric' }, { year: 'numeric' }, { hour: 'numeric', fractionalSecondDigits: 1 }, { weekday: 'long', year: 'numeric' }, { weekday: 'narrow', month: 'narrow', day: '2-digit' }, { year: '2-digit', month: '2-digit' },
  { hour12: true, hour: '2-digit' }, { era: 'short', month: 'long', day: 'numeric' }, { year: 'numeric', month: 'numeric', weekday: 'short' }, { month: '2-digit', day: '2-digit' }, { weekday: 'long', hour: 'numeric', minute: 'numeric' },
  { era: 'narrow', year: 'numeric', month: 'short', day: 'numeric', weekday: 'short' },
];
const RANGES = [
  {}, { dateStyle: 'full' }, { dateStyle: 'medium' }, { dateStyle: 'short', timeStyle: 'short' }, { timeStyle: 'long' }, { year: 'numeric', month: 'long', day: 'numeric' }, { month: 'short', day: 'numeric' },
  { hour: 'numeric', minute: 'numeric' }, { hour: 'numeric' }, { hour: 'numeric', hourCycle: 'h23' }, { weekday: 'short', month: 'short', day: 'numeric' }, { year: 'numeric' }, { year: 'numeric', month: 'long' }, { second: 'numeric' },
];
const LENGTHS = [0, 999, 60_000, 3_600_000, 13 * 3_600_000, 86_400_000, 40 * 86_400_000, 800 * 86_400_000];

const parts = (list) => list.map(({ source = '', type, value }) => `${source}${type}:${value}`).join('|');

function addDates(add, locale, options, timeZone) {
  add(`${locale} ${JSON.stringify(options)} in ${timeZone}`, () => {
    const format = new Intl.DateTimeFormat(locale, { ...options, timeZone });
    const list = DATES.map((date) => format.formatToParts(date));
    const types = list.map((of) => of.map(({ type }) => type).join(' '));
    return [[...new Set(types)], list.map((of) => of.map(({ value }) => value).join('|')), format.format(DATES[2])];
  });
}

export function cases(add) {
  for (const locale of LOCALES) {
    for (const options of OPTIONS) {
      const name = `${locale} ${JSON.stringify(options)}`;
      add(`options of ${name}`, () => new Intl.DateTimeFormat(locale, { ...options, timeZone: 'Asia/Calcutta' }).resolvedOptions());
      for (const timeZone of locale === 'en-US' ? SOME_ZONES : ['UTC', 'Europe/London']) addDates(add, locale, options, timeZone);
    }
    for (const options of [{ dateStyle: 'short', timeStyle: 'full' }, { month: 'numeric', hour: 'numeric', timeZoneName: 'short' }]) for (const timeZone of ZONES) addDates(add, locale, options, timeZone);
    for (const options of RANGES) {
      add(`range ${locale} ${JSON.stringify(options)}`, () => {
        const format = new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' });
        return LENGTHS.map((length) => { const [start, end] = [1_704_200_000_000, 1_704_200_000_000 + length]; return [format.formatRange(start, end), parts(format.formatRangeToParts(start, end))]; });
      });
    }
    add(`methods of dates in ${locale}`, () => [new Date(0).toLocaleString(locale), new Date(0).toLocaleDateString(locale, { month: 'long' }), new Date(0).toLocaleTimeString(locale, { timeStyle: 'short' }), new Date(0).toLocaleTimeString(locale, { day: 'numeric' }), new Date(0).toLocaleDateString(locale, { hour: 'numeric' })]);
    for (const timeZoneName of ['shortGeneric', 'longGeneric']) {
      for (const timeZone of ['UTC', 'America/New_York', 'America/Phoenix', 'Europe/Berlin']) {
        add(`${timeZoneName} ${locale} ${timeZone}`, () => new Intl.DateTimeFormat(locale, { timeZoneName, timeZone }).format(1e12));
      }
    }
  }
  add('methods of dates', () => [new Date(0).toLocaleString(), new Date(0).toLocaleDateString(), new Date(0).toLocaleTimeString(), new Date(NaN).toLocaleString(), new Date(NaN).toLocaleDateString('de')]);
  add('years before the first', () => [Date.UTC(-5, 0, 1), -62198755200000, -62135596800000].map((date) => new Intl.DateTimeFormat('en', { year: 'numeric', era: 'short', timeZone: 'UTC' }).format(date)));
  add('limits of time', () => [8.64e15, -8.64e15].map((date) => new Intl.DateTimeFormat('en', { timeZone: 'Asia/Tokyo' }).format(date)));
  for (const timeZone of ['Europe/London', 'Europe/Dublin']) add(`summer time of the war in ${timeZone}`, () => new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'long' }).format(Date.UTC(1945, 7, 14, 23)));
  add('beyond the limits', () => new Intl.DateTimeFormat().format(8.64e15 + 1));
  add('an invalid date', () => new Intl.DateTimeFormat().format(NaN));
  add('an unknown zone', () => new Intl.DateTimeFormat('en', { timeZone: 'Mars/Olympus' }));
  add('an unknown value', () => new Intl.DateTimeFormat('en', { weekday: 'big' }));
  add('a style with a field', () => new Intl.DateTimeFormat('en', { dateStyle: 'short', hour: 'numeric' }));
  add('a time style for a date', () => new Date(0).toLocaleDateString('en', { timeStyle: 'short' }));
  add('digits of a second beyond the range', () => new Intl.DateTimeFormat('en', { fractionalSecondDigits: 4 }));
  add('an invalid tag', () => new Intl.DateTimeFormat('en_US'));
  add('null options', () => new Intl.DateTimeFormat('en', null));
  add('called without new', () => [Intl.DateTimeFormat('en', { timeZone: 'UTC' }).format(new Date(0)), Intl.DateTimeFormat() instanceof Intl.DateTimeFormat]);
  add('format is bound', () => [0, 1e12].map(new Intl.DateTimeFormat('en').format));
  add('the default options', () => { const { timeZone, locale, ...rest } = new Intl.DateTimeFormat().resolvedOptions(); return [timeZone, locale, rest]; });
  add('names of zones', () => ['utc', 'gmt', 'Etc/UCT', 'europe/berlin', 'US/Eastern', 'Asia/Calcutta', 'Asia/Kathmandu', 'America/Argentina/Buenos_Aires', 'EST', 'CET', 'PST8PDT', 'Europe/Kyiv'].map((timeZone) => new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone));
  add('all zones', () => Intl.supportedValuesOf('timeZone'));
  add('offsets of all zones in 2020', () => Intl.supportedValuesOf('timeZone').map((timeZone) => [0, 6].map((month) => new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' }).formatToParts(Date.UTC(2020, month, 1)).at(-1).value).join(' ')));
  add('hours of a tag', () => ['en-US-u-hc-h23', 'de-u-hc-h12', 'en-u-hc-h99'].map((tag) => { const format = new Intl.DateTimeFormat(tag, { hour: 'numeric', timeZone: 'UTC' }); return [format.format(0), format.resolvedOptions()]; }));
  add('an offset as zone', () => new Intl.DateTimeFormat('en', { timeZone: '+01:00' }));
  add('other calendars', () => new Intl.DateTimeFormat('en-u-ca-buddhist', { timeZone: 'UTC' }).format(0));
  add('a locale without data', () => new Intl.DateTimeFormat('fr', { timeZone: 'UTC' }).format(0));
}
