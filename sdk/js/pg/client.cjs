// `Client` of `pg`, over a connection of the host.
const PgClient = require('pg/lib/client.js');
const Connection = require('./connection.cjs');

class Client extends PgClient {
  constructor(config) {
    super(config);
    this.connection.useParameters?.(this.connectionParameters);
  }

  /** The connection calls the client's functions itself, which takes less time than events. */
  _attachListeners(connection) {
    if (connection instanceof Connection) connection.useClient(this);
    else super._attachListeners(connection);
  }

  /** Gives up queries of an earlier attempt. Nobody waits for them, so an error would be an unhandled rejection. */
  forgetQueries() {
    this._activeQuery = null;
    this._sentQueryQueue.length = 0;
    this._queryQueue.length = 0;
  }

  /** `I`, `T` or `E`, as the server's last answer said. Null before the client is connected. */
  getTransactionStatus() {
    return this._connected ? this.connection.transactionStatus : null;
  }

  /** Cancels a query of another client. */
  cancel(client, query) {
    if (client._getActiveQuery() === query) client.connection.cancelStatement();
    else super.cancel(client, query);
  }

  /**
   * A lost connection fails the query that runs, and all later ones. The event is for programs that listen to it. In
   * Node it would end a program that does not, and here the attempt, before it can handle the error of its query.
   */
  _handleErrorEvent(error) {
    if (this._connecting || this.listenerCount('error') > 0) {
      super._handleErrorEvent(error);
      return;
    }
    this._queryable = false;
    this._errorAllQueries(error);
  }
}

module.exports = Client;
