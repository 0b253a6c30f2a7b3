// Node's own `util.inspect`, for plugins that import `node:util`. `console` has a small formatter of its own.
// Before the formatter is loaded.
import { removeMissing } from './missing.js';
import { format, formatWithOptions, inspect } from 'node-inspect-extracted';

removeMissing();

export { format, formatWithOptions, inspect };
