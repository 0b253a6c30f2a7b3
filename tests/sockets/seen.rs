//! What an operator sees of connections.
