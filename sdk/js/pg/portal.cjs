// A bound statement. One whose rows are read in portions has a cursor of the host.
const host = require('./host.js');

/** More rows than any answer may have. */
const ALL = 0xffff_ffff;

class Portal {
  /** Whether the columns are wanted before the rows. */
  isDescribed = false;
  /** In the form that the host takes. */
  #statement;
  #cursor;
  /** What has been read ahead, to know the columns. */
  #ahead;

  constructor({ text, types }, values, isBinary) {
    this.#statement = [text, values, types, isBinary];
  }

  get isBinary() {
    return this.#statement[3];
  }

  /** Whether its rows are read in portions. */
  get isOpen() {
    return this.#cursor !== undefined;
  }

  /** Whether there is nothing to run. The server has an answer of its own for that. */
  get isEmpty() {
    return this.#statement[0].trim() === '';
  }

  /** Runs the statement as a whole. Returns the call. */
  run(connection, ended) {
    return host.query(connection, this.#statement, ended);
  }

  /** Reads a row ahead. */
  readAhead(connection, ended) {
    this.#cursor ??= host.openCursor(connection, this.#statement);
    return host.read(this.#cursor, 1, (error, answers) => {
      [this.#ahead] = answers ?? [];
      ended(error, answers);
    });
  }

  /** The next rows, if they have all been read ahead. */
  takeAhead(rows) {
    const ahead = this.#ahead;
    if (ahead === undefined || this.isShort(ahead, rows)) return undefined;
    this.#ahead = undefined;
    return ahead;
  }

  /** Whether an answer has fewer rows than were asked for, and there are more: the host limits each answer. */
  isShort({ command, rows }, wanted) {
    return this.isOpen && command === '' && rows.length < (wanted || ALL);
  }

  /** Keeps rows for the next reading. */
  keep(answer) {
    this.#ahead = answer;
  }

  /** Reads the next rows. Zero stands for all of them. */
  read(connection, rows, ended) {
    this.#cursor ??= host.openCursor(connection, this.#statement);
    const ahead = this.#ahead;
    this.#ahead = undefined;
    const count = (rows || ALL) - (ahead?.rows.length ?? 0);
    return host.read(this.#cursor, count, (error, answers) => {
      ended(error, answers && ahead ? [joined(ahead, answers[0])] : answers);
    });
  }

  close() {
    if (this.#cursor !== undefined) host.release(this.#cursor);
    this.#cursor = undefined;
  }
}

/** The command of a SELECT counts the rows of its last portion. */
function joined(ahead, { columns, rows, command }) {
  const count = ahead.rows.length;
  const counted = command.replace(/^SELECT (\d+)$/, (_, last) => `SELECT ${Number(last) + count}`);
  return { columns, rows: [...ahead.rows, ...rows], command: counted };
}

module.exports = Portal;
