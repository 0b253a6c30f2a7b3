// Takes what `Intl.DateTimeFormat` needs from Unicode's CLDR, whose packages have 150 MB, and writes `dates.json` and
// `zones.json`: node update.mjs FOLDER
//
// FOLDER has the packages in its `node_modules`:
//   npm install --legacy-peer-deps cldr-core@48.0.0 cldr-dates-full@48.0.0 cldr-numbers-full@48.0.0 cldr-bcp47@48.2.0
// Use the CLDR version of the Node version that the conformance tests compare with (`process.versions.cldr`).
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const LOCALES = ['en', 'en-GB', 'de'];
const STYLES = ['full', 'long', 'medium', 'short'];
const WIDTHS = { long: 'wide', short: 'abbreviated', narrow: 'narrow' };

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: node update.mjs FOLDER');
const read = async (path) => JSON.parse(await readFile(join(folder, 'node_modules', path), 'utf8'));
const write = (name, value) => writeFile(new URL(name, import.meta.url), `${JSON.stringify(value, undefined, 1)}\n`);

const pick = (from, keys) => Object.fromEntries(keys.map((key) => [key, from[key]]));
const map = (from, to) => Object.fromEntries(Object.entries(from).map(([key, value]) => [key, to(value, key)]));
const withoutVariants = (from) => Object.fromEntries(Object.entries(from).filter(([key]) => !/-(alt|count)-/.test(key)));

async function dates(locale) {
  const { main } = await read(`cldr-dates-full/main/${locale}/ca-gregorian.json`);
  const calendar = main[locale].dates.calendars.gregorian;
  const names = (field, list) => map(pick(calendar[field], ['format', 'stand-alone']), (widths) => map(WIDTHS, (width) => list(widths[width])));
  const { availableFormats, appendItems, intervalFormats } = calendar.dateTimeFormats;
  return {
    months: names('months', Object.values),
    days: names('days', (days) => ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'].map((day) => days[day])),
    dayPeriods: map(WIDTHS, (width) => withoutVariants(calendar.dayPeriods.format[width])),
    dayPeriodRules: await dayPeriodRules(locale),
    eras: map({ long: 'eraNames', short: 'eraAbbr', narrow: 'eraNarrow' }, (key) => [calendar.eras[key][0], calendar.eras[key][1]]),
    dateFormats: pick(calendar.dateFormats, STYLES),
    timeFormats: pick(calendar.timeFormats, STYLES),
    glue: pick(calendar.dateTimeFormats, STYLES),
    glueAtTime: pick(calendar['dateTimeFormats-atTime'].standard, STYLES),
    available: withoutVariants(availableFormats),
    appendItems: pick(appendItems, ['Era', 'Year', 'Day-Of-Week', 'Timezone']),
    decimal: (await read(`cldr-numbers-full/main/${locale}/numbers.json`)).main[locale].numbers['symbols-numberSystem-latn'].decimal,
    fallbackInterval: intervalFormats.intervalFormatFallback,
    intervals: map(withoutVariants(intervalFormats), (patterns) => (typeof patterns === 'string' ? undefined : withoutVariants(patterns))),
    zones: await zoneNames(locale),
  };
}

async function dayPeriodRules(locale) {
  const { dayPeriodRuleSet } = (await read('cldr-core/supplemental/dayPeriods.json')).supplemental;
  const rules = dayPeriodRuleSet[locale] ?? dayPeriodRuleSet[locale.split('-')[0]];
  const hour = (text) => Number(text.split(':')[0]);
  return Object.entries(rules).filter(([, rule]) => rule._from).map(([name, rule]) => [name, hour(rule._from), hour(rule._before)]);
}

async function zoneNames(locale) {
  const { main } = await read(`cldr-dates-full/main/${locale}/timeZoneNames.json`);
  const names = main[locale].dates.timeZoneNames;
  const own = {};
  const collect = (tree, path) => {
    if (tree.long !== undefined || tree.short !== undefined) own[path] = pick(tree, ['long', 'short']);
    if (tree._type === 'zone' || tree.exemplarCity !== undefined) return;
    for (const [key, branch] of Object.entries(tree)) if (typeof branch === 'object') collect(branch, path === '' ? key : `${path}/${key}`);
  };
  collect(names.zone, '');
  return { ...pick(names, ['hourFormat', 'gmtFormat', 'gmtZeroFormat']), metazones: names.metazone, own };
}

/**
 * The time zones that CLDR knows: `[name, aliases, metazones]`. A metazone has the time from which it applies, in minutes. An
 * empty name ends the last one.
 */
async function zones() {
  const { keyword } = await read('cldr-bcp47/bcp47/timezone.json');
  const { metaZones } = (await read('cldr-core/supplemental/metaZones.json')).supplemental;
  const list = [];
  for (const { _alias: alias, _deprecated: isDeprecated } of Object.values(keyword.u.tz)) {
    if (alias === undefined || isDeprecated || alias.startsWith('Etc/Unknown')) continue;
    const [name, ...aliases] = alias.split(' ');
    const used = name.split('/').reduce((tree, key) => tree?.[key], metaZones.metazoneInfo.timezone);
    const minute = (text) => Date.parse(`${text.replace(' ', 'T')}Z`) / 60_000;
    const periods = (Array.isArray(used) ? used : []).map(({ usesMetazone }) => usesMetazone);
    const metazones = periods.flatMap(({ _mzone: metazone, _from: from, _to: to }, at) => {
      const start = [from === undefined ? null : minute(from), metazone];
      return to === undefined || periods[at + 1]?._from === to ? [start] : [start, [minute(to), '']];
    });
    list.push([name, aliases, metazones]);
  }
  return list.sort(([one], [other]) => (one < other ? -1 : 1));
}

await write('dates.json', Object.fromEntries(await Promise.all(LOCALES.map(async (locale) => [locale, await dates(locale)]))));
await write('zones.json', await zones());
