//! Who looks at a page.

use maud::{Markup, html};

/// The sender of an accepted request.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Changes are forbidden.
    pub read_only: bool,
    /// False: only the log-in page is shown.
    pub may_look: bool,
    /// The CSRF token that forms must send, because the request was authenticated by its cookie.
    pub csrf: Option<String>,
}

impl Visitor {
    /// The form field with the CSRF token.
    pub fn csrf_field(&self) -> Markup {
        html! { @if let Some(csrf) = &self.csrf { input type="hidden" name="csrf" value=(csrf); } }
    }
}
