//! GitHub's header `Link` (RFC 8288), as far as it is needed: where the next page is.

/// The address of the next page, if the header names one.
pub fn next(header: &str) -> Option<&str> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let (url, after) = after.split_once('>')?;
        // Parameters end where the next link begins.
        let end = after.find('<').unwrap_or(after.len());
        let (parameters, following) = after.split_at(end);
        if parameters.split([';', ',']).any(is_next) {
            return Some(url);
        }
        rest = following;
    }
    None
}

fn is_next(parameter: &str) -> bool {
    parameter.trim().split_once('=').is_some_and(|(name, value)| {
        let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
        name.trim().eq_ignore_ascii_case("rel") && relations.any(|relation| relation.eq_ignore_ascii_case("next"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_others() {
        let header = r#"<https://api.github.com/repositories/7/issues?page=1>; rel="prev", <https://api.github.com/repositories/7/issues?page=3&after=a%2Cb>; rel="next", <https://api.github.com/repositories/7/issues?page=9>; rel="last""#;
        assert_eq!(next(header), Some("https://api.github.com/repositories/7/issues?page=3&after=a%2Cb"));
    }

    #[test]
    fn the_last_page_has_no_next() {
        assert_eq!(next(r#"<https://api.github.com/x?page=1>; rel="first""#), None);
        assert_eq!(next(""), None);
        assert_eq!(next("<https://api.github.com/x"), None);
    }

    #[test]
    fn an_address_with_a_comma_and_a_relation_without_quotes_are_read() {
        assert_eq!(next("<https://a.b/x?labels=a,b>;rel=next"), Some("https://a.b/x?labels=a,b"));
    }
}
