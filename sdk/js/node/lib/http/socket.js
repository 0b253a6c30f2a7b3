// What `request.socket` and `response.socket` are. There is no socket in a plugin, but clients set options of it.
import EventEmitter from '../../events.js';

export class Socket extends EventEmitter {
  #request;

  constructor(request, isEncrypted) {
    super();
    this.#request = request;
    this.encrypted = isEncrypted;
    this.authorized = isEncrypted;
    this.alpnProtocol = 'http/1.1';
    this.connecting = false;
    this.destroyed = false;
    this.readable = true;
    this.writable = true;
    this.bytesRead = 0;
    this.bytesWritten = 0;
    this.remoteAddress = undefined;
    this.remoteFamily = undefined;
    this.localAddress = undefined;
  }

  setTimeout(ms, callback) {
    this.#request.setTimeout(ms, callback);
    return this;
  }

  destroy(error) {
    this.destroyed = true;
    this.#request.destroy(error);
    return this;
  }

  end() {
    return this;
  }
  setNoDelay() {
    return this;
  }
  setKeepAlive() {
    return this;
  }
  ref() {
    return this;
  }
  unref() {
    return this;
  }
  cork() {}
  uncork() {}
  getPeerCertificate() {
    return {};
  }
  address() {
    return {};
  }
}
