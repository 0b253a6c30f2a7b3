// Intl.ListFormat and Intl.RelativeTimeFormat of FormatJS.
import ListFormat from '@formatjs/intl-listformat';
import RelativeTimeFormat from '@formatjs/intl-relativetimeformat';
import lists from 'data:lists';
import relative from 'data:relative';
import { expose, parseData, register } from 'toril:runtime/intl';
import 'toril:runtime/intl-numbers';

register(ListFormat, (name) => parseData(lists, name));
register(RelativeTimeFormat, (name) => parseData(relative, name));
for (const [name, value] of Object.entries({ ListFormat, RelativeTimeFormat })) expose(name, value);
