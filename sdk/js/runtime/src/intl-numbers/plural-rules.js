// Intl.PluralRules. Its data has functions, so it is imported as code.
import { PluralRules } from '@formatjs/intl-pluralrules';
import './plural-rules-global.js';
import '@formatjs/intl-pluralrules/locale-data/de.js';
import '@formatjs/intl-pluralrules/locale-data/en.js';

// British English has the rules of American English.
PluralRules.localeData['en-GB'] ??= PluralRules.localeData.en;
PluralRules.availableLocales.add('en-GB');
