// What `pg` and its users see of a connection's socket.
const { EventEmitter } = require('events');

class Stream extends EventEmitter {
  writable = true;
  #abort;

  /** `abort(error)` ends the connection at once. */
  constructor(abort) {
    super();
    this.#abort = abort;
  }

  get destroyed() {
    return !this.writable;
  }

  destroy(error) {
    this.writable = false;
    this.#abort(error);
    return this;
  }

  end() {
    return this.destroy();
  }

  cork() {}
  uncork() {}
  ref() {}
  unref() {}
  setKeepAlive() {}
  setNoDelay() {}
}

module.exports = Stream;
