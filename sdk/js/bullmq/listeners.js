// The methods of an event emitter. Queues and flow producers of a plugin have no connection, so they report no events.

export class Silent {
  on() {
    return this;
  }

  once() {
    return this;
  }

  off() {
    return this;
  }

  addListener() {
    return this;
  }

  removeListener() {
    return this;
  }

  removeAllListeners() {
    return this;
  }

  setMaxListeners() {
    return this;
  }

  emit() {
    return false;
  }

  listenerCount() {
    return 0;
  }

  async waitUntilReady() {}

  async close() {}

  async disconnect() {}
}
