// The host's interface. Its functions are those of the engine: engine/src/interfaces/postgres.rs describes them. A
// file of its own, because a CommonJS module cannot import the interface.
import native from 'toril:engine/native';
import { start } from 'toril:plugin/postgres@0.2.0';

export { attempts, connect, openCursor, release, transaction } from 'toril:plugin/postgres@0.2.0';

export const ready = (connection, ended) => start('ready', connection, null, ended);
export const batch = (connection, statements, ended) => start('batch', connection, statements, ended);
/** `statement` is `[text, values, types, isBinary]`. */
export const query = (connection, statement, ended) => start('query', connection, statement, ended);
export const read = (cursor, rows, ended) => start('read', cursor, rows, ended);

/** Whether a job can run. It is false while the plugin is built. */
export const isLive = () => native.live();
/** Calls a function once, after that many milliseconds. */
export const later = (ms, call) => native.setTimer(ms, call);
