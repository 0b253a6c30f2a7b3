import { Writable } from 'node:stream';
import winston from 'winston';

export async function handle() {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const logger = winston.createLogger({
    level: 'info',
    format: winston.format.combine(
      winston.format.errors({ stack: false }),
      winston.format.splat(),
      winston.format.json(),
    ),
    defaultMeta: { service: 's' },
    transports: [
      new winston.transports.Stream({ stream }),
      new winston.transports.Console({ format: winston.format.simple() }),
    ],
  });
  logger.info('hello %s', 'wörld', { a: 1 });
  logger.child({ request: 7 }).warn('careful');
  logger.debug('not written');
  logger.error(new Error('broken'));
  const finished = new Promise((resolve) => logger.on('finish', resolve));
  logger.end();
  await finished;
  return { lines: lines.map((line) => JSON.parse(line)), levels: winston.config.npm.levels };
}
