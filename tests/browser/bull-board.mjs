// Calls Bull Board's own API on a queue, without its pages.
//
//   {redis, queue, requests: [{route, method, params?, query?, body?}]} → {answers: [{status, body}]}

import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
// TORIL_BULLMQ=5 selects version 5.
const { Queue } = await import(process.env.TORIL_BULLMQ === '5' ? 'bullmq5' : 'bullmq');

const input = JSON.parse(process.argv[2] ?? '{}');
const queue = new Queue(input.queue, { connection: { url: input.redis } });

/// Replaces a web framework: receives Bull Board's routes, and answers requests directly.
class ByHand {
  setQueues(queues) {
    this.queues = queues;
    return this;
  }
  setApiRoutes(routes) {
    this.routes = routes;
    return this;
  }
  setErrorHandler(handler) {
    this.failed = handler;
    return this;
  }
  setViewsPath() { return this; }
  setStaticPath() { return this; }
  setEntryRoute() { return this; }
  setUIConfig() { return this; }

  async answer({ route, method, params = {}, query = {}, body = {} }) {
    const fits = (one) => [one.method].flat().includes(method) && [one.route].flat().includes(route);
    const found = this.routes.find(fits);
    if (!found) throw new Error(`Bull Board has no ${method} ${route}: ${JSON.stringify(this.routes.map((one) => one.route))}`);
    try {
      const { status = 200, body: said } = await found.handler({ queues: this.queues, params, query, body });
      return { status, body: said ?? null };
    } catch (error) {
      const { status, body: said } = this.failed(error);
      return { status, body: said };
    }
  }
}

try {
  const board = new ByHand();
  const options = { uiBasePath: '.', uiConfig: {} };
  createBullBoard({ queues: [new BullMQAdapter(queue)], serverAdapter: board, options });
  const answers = [];
  for (const request of input.requests) answers.push(await board.answer(request));
  process.stdout.write(`${JSON.stringify({ answers })}\n`);
} finally {
  await queue.close();
}
