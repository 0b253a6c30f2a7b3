// Adds a job as a producer with BullMQ's own telemetry does.
//
//   {redis, prefix?, queue, name, data} → {id, traceId}

import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { Queue } from './bullmq.mjs';
import { BullMQOtel } from 'bullmq-otel';
import { options, script } from './script.mjs';

await script(async (input, open) => {
  new NodeTracerProvider().register({ contextManager: new AsyncLocalStorageContextManager() });
  const queue = open(new Queue(input.queue, { ...options(input), telemetry: new BullMQOtel('producer') }));
  const request = trace.getTracer('producer').startSpan('request');
  const job = await context.with(trace.setSpan(context.active(), request), () => queue.add(input.name, input.data));
  request.end();
  return { id: job.id, traceId: request.spanContext().traceId };
});
