import EventEmitter, { EventEmitter as Named } from 'eventemitter3';

class Own extends EventEmitter<{ data: [number, string]; end: [] }> {}

export async function handle() {
  const emitter = new Own();
  const seen: unknown[] = [];
  emitter.on('data', function (this: unknown, ...values) {
    seen.push([this === emitter, ...values]);
  });
  emitter.once('data', () => seen.push('once'));
  const results = [emitter.emit('data', 1, 'a'), emitter.emit('data', 2, 'b'), emitter.emit('end')];
  emitter.removeAllListeners('data');
  return {
    seen,
    results,
    names: emitter.eventNames(),
    count: emitter.listenerCount('data'),
    same: Named === EventEmitter,
  };
}
