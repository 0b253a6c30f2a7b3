//! Fuzz targets for what servers send, and for connection strings.

use std::io::Cursor;

use crate::connect::fuzz as connect;
use crate::target::Target;
use crate::wire::fuzz as wire;

/// What a server sends. The first byte chooses what it replies to, and the rest are its bytes.
pub fn server(data: &[u8]) {
    let Some((first, bytes)) = data.split_first() else { return };
    wire::replies(first % 2 == 0, Cursor::new(bytes.to_vec()));
    connect::certificate(bytes);
}

/// A connection string. An error must not repeat the text.
pub fn connection_string(data: &[u8]) {
    if let Err(error) = Target::parse(&String::from_utf8_lossy(data)) {
        let _ = error.to_string();
    }
}

#[cfg(test)]
mod tests {
    const TARGETS: &[toril_corpus::Target] =
        &[("connection_string", super::connection_string), ("postgres_server", super::server)];

    #[test]
    fn the_corpus_of_each_target_holds() {
        toril_corpus::hold(TARGETS);
    }

    #[test]
    #[ignore = "takes as long as it is given"]
    fn each_target_holds_for_a_while() {
        toril_corpus::drive(TARGETS);
    }
}
