// Two sources with the chunks of one, for copies of a response. The polyfill's `tee` costs a thousand times as much.

/** A source is `{ read(), cancel(reason) }`. */
export function twice(source) {
  const queues = [[], []];
  const isCancelled = [false, false];
  let reading;
  let failure;

  // One read of the source at a time, whichever copy asks.
  const fill = () =>
    (reading ??= source.read().then(
      (chunk) => {
        reading = undefined;
        // A reader may change or transfer its chunk.
        queues.forEach((queue, index) => isCancelled[index] || queue.push(index === 1 && chunk !== null ? chunk.slice() : chunk));
      },
      (error) => {
        reading = undefined;
        failure = { error };
      },
    ));

  const copy = (index) => ({
    async read() {
      const queue = queues[index];
      while (queue.length === 0) {
        if (failure) throw failure.error;
        await fill();
      }
      // The end stays.
      return queue[0] === null ? null : queue.shift();
    },
    async cancel(reason) {
      isCancelled[index] = true;
      queues[index].length = 0;
      if (isCancelled.every(Boolean)) await source.cancel(reason);
    },
  });
  return [copy(0), copy(1)];
}
