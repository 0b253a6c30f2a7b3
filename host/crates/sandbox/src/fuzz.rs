//! Entry points for fuzzing the plugin side.

use crate::interface;
use crate::load::Contents;

/// Inspects the bytes of a component, which happens before anything is compiled.
pub fn component(data: &[u8]) {
    if let Ok(contents) = Contents::of(data) {
        let _grants = contents.grants();
        let _checked = interface::check(&contents.imports, &contents.exports);
    }
}

#[cfg(test)]
mod tests {
    const TARGETS: &[toril_corpus::Target] = &[("component", super::component)];

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
