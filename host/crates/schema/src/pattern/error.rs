//! Why an expression is refused, and the limits that an expression can exceed.

/// Maximum size of all expressions of a plugin together, in units. A unit is an instruction or a character range, of
/// some 20 bytes.
pub const ROOM: usize = 200_000;
/// Maximum nesting depth of groups: parser and compiler recurse once per level.
pub const DEPTH: usize = 50;

/// Why an expression is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// All expressions of the plugin together are too large.
    #[error("all expressions of the plugin together take more than {} units of memory", ROOM)]
    TooLarge,
    /// Groups are nested too deeply.
    #[error("its groups are nested more than {} levels deep", DEPTH)]
    TooDeep,
    /// The syntax is invalid in ECMA-262 or not supported.
    #[error("{what} at character {at}")]
    Syntax {
        /// What is wrong.
        what: &'static str,
        /// Character position, counted from 1.
        at: usize,
    },
}
