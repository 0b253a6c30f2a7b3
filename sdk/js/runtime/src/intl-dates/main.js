// Intl.DateTimeFormat and the methods of dates that use it.
import { replaceMethods, setValues } from 'toril:runtime/intl';
import { formatOnce } from './date-time-format.js';
import { zoneNames } from './zones.js';

setValues('timeZone', zoneNames);

const methods = {
  toLocaleString(locales = undefined, options = undefined) {
    return formatOnce(this, locales, options, 'any', 'all');
  },
  toLocaleDateString(locales = undefined, options = undefined) {
    return formatOnce(this, locales, options, 'date', 'date');
  },
  toLocaleTimeString(locales = undefined, options = undefined) {
    return formatOnce(this, locales, options, 'time', 'time');
  },
};
replaceMethods(Date.prototype, methods);

// Calls without options are the most frequent ones. What they need is part of the snapshot.
for (const name of Object.keys(methods)) new Date(0)[name]();
