//! The grant `add_to`.

mod host;
