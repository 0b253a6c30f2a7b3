// The processor of a sandboxed worker.

import { behave } from './behaviours.mjs';

export default (job, token) => behave(job, undefined, token);
