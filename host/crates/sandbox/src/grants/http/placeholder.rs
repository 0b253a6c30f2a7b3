//! Placeholders of secrets that a plugin may send but not read. The plugin sends the placeholder. The host replaces it
//! with the secret, in one header of requests to one origin.

use http::{HeaderMap, HeaderName, HeaderValue};

use toril_config::{Origin, Secret, SendSecret};

/// The placeholder of one secret.
#[derive(Clone)]
pub struct Placeholder {
    name: String,
    secret: Secret,
    origin: Origin,
    header: HeaderName,
}

/// A placeholder in a place where its secret may not be sent.
#[derive(Debug, PartialEq, Eq)]
pub struct Misplaced {
    /// The secret's name.
    pub secret: String,
    /// The only origin that it may be sent to.
    pub origin: Origin,
    /// The only header that it may be sent in.
    pub header: String,
    /// The header in which its placeholder was found.
    pub found: String,
}

impl Placeholder {
    /// The placeholder of the secret with this name in the plugin's entry.
    pub fn new(name: &str, entry: &SendSecret) -> Self {
        let SendSecret { secret, origin, header } = entry.clone();
        Self { name: name.to_owned(), secret, origin, header }
    }

    /// The name under which the plugin reads the placeholder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text that the plugin reads. No placeholder is part of another one.
    pub fn text(&self) -> String {
        format!("<toril-secret:{}>", self.name)
    }
}

/// Replaces placeholders with secrets in the headers of a request to `origin`. Returns the secrets that were inserted.
/// A placeholder in another header, or in a request to another origin, is an error. After an error no header has
/// changed.
pub fn fill(
    placeholders: &[Placeholder],
    origin: &Origin,
    headers: &mut HeaderMap,
) -> Result<Vec<Placeholder>, Misplaced> {
    let mut filled = Vec::new();
    for placeholder in placeholders {
        let text = placeholder.text();
        let mut found = headers.iter().filter(|(_, value)| holds(value.as_bytes(), text.as_bytes())).peekable();
        if found.peek().is_none() {
            continue;
        }
        let there = |(name, _): &(&HeaderName, _)| *origin == placeholder.origin && **name == placeholder.header;
        if let Some((name, _)) = found.find(|header| !there(header)) {
            return Err(Misplaced {
                secret: placeholder.name.clone(),
                origin: placeholder.origin.clone(),
                header: placeholder.header.to_string(),
                found: name.to_string(),
            });
        }
        filled.push(placeholder.clone());
    }
    for placeholder in &filled {
        swap(headers, &placeholder.text(), placeholder.secret.expose(), |value| value.set_sensitive(true));
    }
    Ok(filled)
}

/// Replaces secrets with placeholders in the headers of a response.
pub fn hide_in_headers(secrets: &[Placeholder], headers: &mut HeaderMap) {
    for placeholder in secrets {
        swap(headers, placeholder.secret.expose(), &placeholder.text(), |value| value.set_sensitive(false));
    }
}

/// Replaces secrets with placeholders in these bytes.
pub fn hide(secrets: &[Placeholder], bytes: Vec<u8>) -> Vec<u8> {
    secrets.iter().fold(bytes, |bytes, placeholder| {
        replace(&bytes, placeholder.secret.expose().as_bytes(), placeholder.text().as_bytes())
    })
}

/// Replaces one text by another in all values, and marks each changed value.
fn swap(headers: &mut HeaderMap, from: &str, to: &str, mark: fn(&mut HeaderValue)) {
    for value in headers.values_mut().filter(|value| holds(value.as_bytes(), from.as_bytes())) {
        // Both texts are valid in a header value, and so is their combination.
        if let Ok(mut swapped) = HeaderValue::from_bytes(&replace(value.as_bytes(), from.as_bytes(), to.as_bytes())) {
            mark(&mut swapped);
            *value = swapped;
        }
    }
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && bytes.windows(part.len()).any(|window| window == part)
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let (mut replaced, mut rest) = (Vec::with_capacity(bytes.len()), bytes);
    if from.is_empty() {
        return bytes.to_vec();
    }
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        replaced.extend_from_slice(&rest[..at]);
        replaced.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    replaced.extend_from_slice(rest);
    replaced
}

#[cfg(test)]
mod tests {
    use http::header::{AUTHORIZATION, COOKIE};

    use super::*;

    fn origin(text: &str) -> Origin {
        text.parse().expect("an origin")
    }

    fn placeholder() -> Placeholder {
        let entry =
            SendSecret { secret: Secret::new("hunter2"), origin: origin("https://a.example"), header: AUTHORIZATION };
        Placeholder::new("api", &entry)
    }

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).expect("a value"))])
    }

    #[test]
    fn a_placeholder_becomes_the_secret_in_its_header_on_the_way_to_its_origin() {
        let mut sent = headers(AUTHORIZATION, "Bearer <toril-secret:api>");
        let filled = fill(&[placeholder()], &origin("https://a.example:443"), &mut sent).expect("it may be sent");
        assert_eq!((filled.len(), &sent[AUTHORIZATION]), (1, &HeaderValue::from_static("Bearer hunter2")));
        assert!(!format!("{sent:?}").contains("hunter2"), "{sent:?}");
    }

    #[test]
    fn a_placeholder_anywhere_else_is_refused_and_nothing_is_filled() {
        for (to, name) in [("https://a.example", COOKIE), ("https://b.example", AUTHORIZATION)] {
            let mut sent = headers(name.clone(), "<toril-secret:api>");
            let misplaced = fill(&[placeholder()], &origin(to), &mut sent).err().expect("refused");
            assert_eq!((misplaced.secret.as_str(), misplaced.found.as_str()), ("api", name.as_str()));
            assert_eq!(sent, headers(name, "<toril-secret:api>"));
        }
    }

    #[test]
    fn a_request_without_a_placeholder_stays_unchanged() {
        let mut sent = headers(AUTHORIZATION, "Bearer <toril-secret:other>");
        assert!(fill(&[placeholder()], &origin("https://a.example"), &mut sent).is_ok_and(|filled| filled.is_empty()));
        assert_eq!(sent, headers(AUTHORIZATION, "Bearer <toril-secret:other>"));
    }

    #[test]
    fn a_secret_in_an_answer_becomes_its_placeholder() {
        let mut answer = headers(COOKIE, "hunter2; hunter2");
        hide_in_headers(&[placeholder()], &mut answer);
        assert_eq!(answer, headers(COOKIE, "<toril-secret:api>; <toril-secret:api>"));
        assert_eq!(hide(&[placeholder()], b"a hunter2 b".to_vec()), b"a <toril-secret:api> b");
    }
}
