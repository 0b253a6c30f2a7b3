// Defines `Intl.PluralRules` before the modules of its data, which use it.
import { PluralRules } from '@formatjs/intl-pluralrules';
import { expose, replaceMethods } from 'toril:runtime/intl';

/** The options and the categories in the order of V8. */
const ORDER = [
  'locale', 'type', 'minimumIntegerDigits', 'minimumFractionDigits', 'maximumFractionDigits', 'minimumSignificantDigits', 'maximumSignificantDigits', 'pluralCategories',
];
const CATEGORIES = ['few', 'many', 'one', 'two', 'zero', 'other'];

const { resolvedOptions } = PluralRules.prototype;
replaceMethods(PluralRules.prototype, {
  resolvedOptions() {
    const options = resolvedOptions.call(this);
    const pluralCategories = CATEGORIES.filter((category) => options.pluralCategories.includes(category));
    // Rules are those of a language.
    const [locale] = options.locale.split('-');
    return Object.fromEntries(ORDER.map((name) => [name, { ...options, locale, pluralCategories }[name]]).filter(([, value]) => value !== undefined));
  },
});
delete PluralRules.prototype.toString;
expose('PluralRules', PluralRules);
