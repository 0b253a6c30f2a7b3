// The job's own log.
import { log as write } from '#host/context';
import { withStack } from './stack.js';

const line =
  (level) =>
  (...parts) =>
    write(level, parts.map(text).join(' '));

function text(part) {
  if (typeof part === 'string') return part;
  if (part instanceof Error) return withStack(part);
  try {
    return JSON.stringify(part) ?? String(part);
  } catch {
    return String(part);
  }
}

export const log = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
