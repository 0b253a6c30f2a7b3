// Intl.DisplayNames of FormatJS: names of countries, languages, scripts and currencies.
import { DisplayNames } from '@formatjs/intl-displaynames';
import names from 'data:names';
import { expose, parseData, register } from 'toril:runtime/intl';

register(DisplayNames, (name) => parseData(names, name));
expose('DisplayNames', DisplayNames);
