// `FlowProducer` in a plugin: it adds trees of jobs to the queues that `add_to` grants, in one step.
import * as host from '#host/jobs';
import { ask } from '../src/host-error.js';
import { Job } from './job.js';
import { Silent } from './listeners.js';
import { checkPrefix, toJob } from './options.js';
import { Queue } from './queue.js';
import { refuse } from './unsupported.js';

export class FlowProducer extends Silent {
  constructor(opts = {}) {
    super();
    this.opts = opts;
  }

  async add(flow, opts) {
    return this.#add([flow], opts?.queuesOptions)[0];
  }

  async addBulk(flows) {
    return this.#add(flows);
  }

  #add(flows, queuesOptions) {
    const list = [];
    const trees = flows.map((flow) => this.#collect(list, flow, queuesOptions));
    if (list.length === 0) return [];
    const ids = ask('the jobs were not added', () => host.addAll(list.map(({ added }) => added)));
    return trees.map((tree) => finish(tree, list, ids));
  }

  /** Appends a job and its children to the list. */
  #collect(list, { name, queueName, data, opts = {}, prefix, children = [] }, queuesOptions, parent) {
    checkPrefix(prefix ?? this.opts.prefix);
    if (children.length > 0 && opts.deduplication) {
      throw new Error('Deduplication options cannot be used on flow nodes with children');
    }
    const queue = new Queue(queueName, { prefix: prefix ?? this.opts.prefix });
    const defaults = queuesOptions?.[queueName]?.defaultJobOptions;
    const id = opts.jobId || newId();
    const merged = { ...defaults, ...opts, jobId: id, parent: parent ? undefined : opts.parent };
    const added = { queue: queueName, name, ...toJob(name, data, merged), childOf: parent?.place };
    const tree = { place: list.length, queue, name, data, opts: merged };
    list.push({ added });
    tree.children = children.map((child) => this.#collect(list, child, queuesOptions, tree));
    return tree;
  }
}

/** The tree of jobs that BullMQ returns. */
function finish({ place, queue, name, data, opts, children }, list, ids, parent) {
  const link = parent ? { parent: { id: parent.id, queue: parent.queueQualifiedName } } : {};
  const job = new Job(queue, name, data, { ...opts, ...link }, ids[place]);
  if (children.length === 0) return { job };
  return { job, children: children.map((child) => finish(child, list, ids, job)) };
}

/** BullMQ's flow producer chooses the ids, because the keys of children contain that of their parent. */
const newId = () => globalThis.crypto?.randomUUID?.();

refuse(FlowProducer.prototype, 'flow', {
  'use job.getDependencies() for the children of the running job': 'getFlow',
});
