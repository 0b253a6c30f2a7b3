import createDebug from 'debug';

export async function handle() {
  const lines: string[] = [];
  createDebug.log = (...values: unknown[]) => void lines.push(values.map(String).join(' '));
  createDebug.enable('app:*,-app:quiet');
  const debug = createDebug('app:main');
  debug('hello %s %d %j', 'wörld', 3, { a: 1 });
  debug.extend('sub')('inner');
  createDebug('app:quiet')('not written');
  const isOn = [debug.enabled, createDebug.enabled('app:quiet')];
  createDebug.disable();
  return {
    lines: lines.map((line) =>
      line
        .replace(/\u001b\[[\d;]*m/g, '')
        .replace(/^\S+T\S+Z /, '')
        .replace(/ \+\d+ms/, '')
        .trim(),
    ),
    isOn,
  };
}
