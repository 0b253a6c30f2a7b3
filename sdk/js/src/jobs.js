// Adding jobs.
import * as host from '#host/jobs';
import { toRecord } from './add-options.js';
import { ask } from './host-error.js';
import { toJson } from './json.js';

export const jobs = {
  add(queue, name, data, options) {
    const json = toJson('the data', data);
    return ask('the job was not added', () => host.add(queue, name, json, toRecord(options)));
  },
  addChild(queue, name, data, { onFailure = 'fail-parent', ...options } = {}) {
    const json = toJson('the data', data);
    return ask('the child was not added', () => host.addChild(queue, name, json, toRecord(options), onFailure));
  },
};
