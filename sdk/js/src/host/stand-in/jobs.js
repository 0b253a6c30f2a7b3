// Adding jobs, outside of a component. Keeps them, with the ids 1, 2, 3 if they have none.
import { state } from './state.js';

function keep(job) {
  const { added } = state();
  const id = job.options.id ?? String(added.length + 1);
  added.push({ ...job, data: JSON.parse(job.data), id });
  return id;
}

export const addAll = (jobs) => jobs.map(keep);

export const add = (queue, name, data, options) => keep({ queue, name, data, options });

export const addChild = (queue, name, data, options, onFailure) =>
  keep({ queue, name, data, options, child: true, onFailure });
