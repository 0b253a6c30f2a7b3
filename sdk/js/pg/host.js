// The host's interface. A file of its own, because a CommonJS module cannot import it. Its functions are those of the engine:
// engine/src/interfaces/postgres.rs describes them.
export {
  attempt,
  batch,
  cancel,
  close,
  closeCursor,
  connect,
  openCursor,
  query,
  read,
  ready,
  serverSettings,
  transaction,
} from 'toril:plugin/postgres@0.2.0';
