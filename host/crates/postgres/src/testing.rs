//! A server that follows a script, for the tests.
