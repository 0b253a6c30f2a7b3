// What `pg` uses of `pg-protocol`. The host speaks the protocol.
const { DatabaseError, Field } = require('pg-protocol/dist/messages.js');

module.exports = { DatabaseError, Field };
