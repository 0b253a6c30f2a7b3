//! Comparisons of GitHub's dates, which are ordered like their text.

/// How far back an incremental sync reads: to the cursor, and further if the job asks for it.
pub fn earlier<'a>(cursor: Option<&'a String>, since: Option<&'a String>) -> Option<&'a String> {
    match (cursor, since) {
        (Some(cursor), Some(since)) => Some(cursor.min(since)),
        (cursor, _) => cursor,
    }
}

/// The earlier of two dates. A missing date is ignored.
pub fn earliest(one: Option<String>, other: Option<String>) -> Option<String> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
