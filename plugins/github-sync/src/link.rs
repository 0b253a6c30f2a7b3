//! The URLs of pages, from GitHub's `Link` header (RFC 8288) or by page number.

/// What the `Link` headers of a response say about further pages.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Links {
    /// The URL of the next page.
    pub next: Option<String>,
    /// The URL of the last page.
    pub last: Option<String>,
    /// Whether there was any link.
    pub any: bool,
}

/// Reads all `Link` headers of a response. A server may send one header with several links, or several headers.
pub fn links<'a>(headers: impl Iterator<Item = &'a str>) -> Links {
    let mut links = Links::default();
    headers.for_each(|header| read(header, &mut links));
    links
}

fn read(header: &str, links: &mut Links) {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let Some((url, after)) = after.split_once('>') else { return };
        links.any = true;
        // The parameters end where the next link begins.
        let end = after.find('<').unwrap_or(after.len());
        let (parameters, following) = after.split_at(end);
        let is = |relation| parameters.split([';', ',']).any(|parameter| has_relation(parameter, relation));
        if is("next") {
            links.next.get_or_insert_with(|| url.to_owned());
        }
        if is("last") {
            links.last.get_or_insert_with(|| url.to_owned());
        }
        rest = following;
    }
}

fn has_relation(parameter: &str, relation: &str) -> bool {
    parameter.trim().split_once('=').is_some_and(|(name, value)| {
        let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
        name.trim().eq_ignore_ascii_case("rel") && relations.any(|known| known.eq_ignore_ascii_case(relation))
    })
}

/// The URL of another page of the same listing.
pub fn with_page(url: &str, number: u32) -> String {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let others: String = query
        .split('&')
        .filter(|parameter| !parameter.starts_with("page="))
        .flat_map(|parameter| [parameter, "&"])
        .collect();
    format!("{path}?{others}page={number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(header: &str) -> Option<String> {
        links([header].into_iter()).next
    }

    #[test]
    fn the_next_page_is_found_among_others() {
        let header = r#"<https://api.github.com/repositories/7/issues?page=1>; rel="prev", <https://api.github.com/repositories/7/issues?page=3&after=a%2Cb>; rel="next", <https://api.github.com/repositories/7/issues?page=9>; rel="last""#;
        let links = links([header].into_iter());
        assert_eq!(links.next.as_deref(), Some("https://api.github.com/repositories/7/issues?page=3&after=a%2Cb"));
        assert_eq!(links.last.as_deref(), Some("https://api.github.com/repositories/7/issues?page=9"));
    }

    #[test]
    fn the_next_page_is_found_in_a_second_header() {
        let links =
            links([r#"<https://a.b/x?page=2>; rel="last""#, r#"<https://a.b/x?page=2>; rel="next""#].into_iter());
        assert_eq!(links.next.as_deref(), Some("https://a.b/x?page=2"));
    }

    #[test]
    fn the_last_page_has_no_next() {
        assert_eq!(next(r#"<https://api.github.com/x?page=1>; rel="first""#), None);
        assert_eq!(next(""), None);
        assert_eq!(next("<https://api.github.com/x"), None);
    }

    #[test]
    fn a_page_is_numbered_whether_it_was_before_or_not() {
        assert_eq!(with_page("https://a.b/labels?per_page=9", 2), "https://a.b/labels?per_page=9&page=2");
        assert_eq!(with_page("https://a.b/labels?page=2&per_page=9", 3), "https://a.b/labels?per_page=9&page=3");
    }

    #[test]
    fn an_address_with_a_comma_and_a_relation_without_quotes_are_read() {
        assert_eq!(next("<https://a.b/x?labels=a,b>;rel=next").as_deref(), Some("https://a.b/x?labels=a,b"));
    }
}
