import { Writable } from 'node:stream';
import pino from 'pino';

export async function handle() {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const logger = pino(
    {
      base: { app: 'x' },
      timestamp: false,
      level: 'debug',
      redact: ['user.password'],
      formatters: { level: (label) => ({ level: label }) },
    },
    sink,
  );
  logger.info({ user: { name: 'Ann', password: 'p' } }, 'hello %s', 'wörld');
  logger.child({ part: 'c' }).warn('careful');
  logger.trace('not written');
  logger.error(new TypeError('broken'));
  const toOutput = pino({ timestamp: false, base: undefined });
  toOutput.info('to the standard output');
  const parsed = lines.map((line) => JSON.parse(line));
  parsed.forEach((line) => line.err && delete line.err.stack);
  return { parsed, enabled: logger.isLevelEnabled('trace'), levels: pino.levels.values.info };
}
