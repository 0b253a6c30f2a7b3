import { AsyncLocalStorage } from 'node:async_hooks';
import { ROOT_CONTEXT, SpanStatusCode, context, createContextKey, propagation, trace } from '@opentelemetry/api';

class Manager {
  #storage = new AsyncLocalStorage<typeof ROOT_CONTEXT>();
  active = () => this.#storage.getStore() ?? ROOT_CONTEXT;
  with = (active: typeof ROOT_CONTEXT, callback: (...args: unknown[]) => unknown, self?: unknown, ...args: unknown[]) =>
    this.#storage.run(active, () => callback.apply(self, args));
  bind = (_: unknown, target: unknown) => target;
  enable = () => this;
  disable = () => this;
}

export async function handle() {
  context.disable();
  context.setGlobalContextManager(new Manager() as never);
  const key = createContextKey('k');
  const inner = await context.with(ROOT_CONTEXT.setValue(key, 'value'), async () => {
    await new Promise((resolve) => setTimeout(resolve, 2));
    const before = context.active().getValue(key);
    await Promise.all([
      context.with(context.active().setValue(key, 'other'), async () => {
        await null;
        await null;
      }),
    ]);
    return [before, context.active().getValue(key)];
  });
  const span = trace.getTracer('t').startSpan('s');
  span.setStatus({ code: SpanStatusCode.OK }).end();
  const remote = trace.wrapSpanContext({
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: 1,
  });
  const carrier = {};
  propagation.inject(trace.setSpan(context.active(), remote), carrier);
  return {
    inner,
    outer: context.active().getValue(key) ?? null,
    recording: span.isRecording(),
    remote: remote.spanContext(),
    carrier,
    baggage: propagation.createBaggage({ a: { value: '1' } }).getAllEntries(),
  };
}
