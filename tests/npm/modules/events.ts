import EventEmitter, { errorMonitor, getEventListeners, on, once } from 'node:events';
import { inherits } from 'node:util';

function Old(this: EventEmitter) {
  EventEmitter.call(this);
}
inherits(Old, EventEmitter);

export async function handle() {
  const seen: unknown[] = [];
  const emitter = new EventEmitter();
  emitter.on('newListener', (name) => seen.push(`new ${String(name)}`));
  emitter.on('a', (...values) => seen.push(['a', ...values]));
  emitter.prependListener('a', () => seen.push('first'));
  emitter.once('a', () => seen.push('once'));
  emitter.emit('a', 1, 2);
  emitter.emit('a', 3);
  const thrown = (() => {
    try {
      emitter.emit('error', new Error('nobody listens'));
    } catch (error) {
      return (error as Error).message;
    }
  })();
  emitter.on(errorMonitor, (error) => seen.push(`monitor ${error.message}`));
  emitter.on('error', (error) => seen.push(error.message));
  emitter.emit('error', new Error('heard'));
  const waited = once(emitter, 'b');
  emitter.emit('b', 'value');
  const iterated: unknown[] = [];
  const controller = new AbortController();
  setTimeout(() => {
    emitter.emit('c', 1);
    emitter.emit('c', 2);
    setTimeout(() => controller.abort(), 5);
  }, 1);
  try {
    for await (const [value] of on(emitter, 'c', { signal: controller.signal })) iterated.push(value);
  } catch (error) {
    iterated.push((error as Error).name);
  }
  const old = new (Old as never as typeof EventEmitter)();
  return {
    seen,
    thrown,
    waited: await waited,
    iterated,
    old: [old instanceof EventEmitter, old.on('x', () => {}).listenerCount('x')],
    rejected: await Promise.all([
      once(emitter, 'never').catch((error) => error.message),
      Promise.resolve().then(() => emitter.emit('error', new Error('rejects'))),
    ]),
    counts: [
      emitter.listenerCount('a'),
      emitter.eventNames().map(String),
      getEventListeners(emitter, 'a').length,
      emitter.rawListeners('a').length,
      EventEmitter.defaultMaxListeners,
    ],
  };
}
