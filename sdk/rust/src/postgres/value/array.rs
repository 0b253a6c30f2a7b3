//! The text form of arrays: `{1,NULL,"a \"quoted\" text",{2}}`.

/// The most dimensions that the server supports are 6.
const DEEPEST: usize = 8;

/// An element of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Element {
    Null,
    Text(String),
    Array(Vec<Element>),
}

/// Reads an array. `None`: the text is not an array.
pub(super) fn parse(text: &str) -> Option<Vec<Element>> {
    // An array whose indices do not begin at 1 has its bounds first: `[0:2]={…}`.
    let text = match text.starts_with('[') {
        true => text.split_once('=')?.1,
        false => text,
    };
    let mut rest = text;
    let elements = array(&mut rest, 0)?;
    rest.is_empty().then_some(elements)
}

/// Reads from `{` to its `}`.
fn array(rest: &mut &str, depth: usize) -> Option<Vec<Element>> {
    if depth > DEEPEST {
        return None;
    }
    *rest = rest.strip_prefix('{')?;
    let mut elements = Vec::new();
    if let Some(after) = rest.strip_prefix('}') {
        *rest = after;
        return Some(elements);
    }
    loop {
        elements.push(element(rest, depth)?);
        if let Some(after) = rest.strip_prefix('}') {
            *rest = after;
            return Some(elements);
        }
        *rest = rest.strip_prefix(',')?;
    }
}

fn element(rest: &mut &str, depth: usize) -> Option<Element> {
    if rest.starts_with('{') {
        return Some(Element::Array(array(rest, depth + 1)?));
    }
    if let Some(after) = rest.strip_prefix('"') {
        *rest = after;
        return Some(Element::Text(quoted(rest)?));
    }
    let end = rest.find([',', '}'])?;
    let (text, after) = rest.split_at(end);
    *rest = after;
    match text {
        "NULL" => Some(Element::Null),
        "" => None,
        text => Some(Element::Text(text.to_owned())),
    }
}

/// Reads up to the closing quote. A backslash precedes a quote or a backslash.
fn quoted(rest: &mut &str) -> Option<String> {
    let mut text = String::new();
    let mut chars = rest.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                *rest = rest.get(at + 1..)?;
                return Some(text);
            }
            '\\' => text.push(chars.next()?.1),
            c => text.push(c),
        }
    }
    None
}

/// Writes the elements of an array, `None` for NULL. The elements of an array of arrays are written by this function.
pub(crate) fn write(elements: impl Iterator<Item = Option<Item>>) -> String {
    let mut text = "{".to_owned();
    for (at, element) in elements.enumerate() {
        if at > 0 {
            text.push(',');
        }
        match element {
            None => text.push_str("NULL"),
            Some(Item::Array(array)) => text.push_str(&array),
            Some(Item::Text(value)) => {
                text.push('"');
                for c in value.chars() {
                    if matches!(c, '"' | '\\') {
                        text.push('\\');
                    }
                    text.push(c);
                }
                text.push('"');
            }
        }
    }
    text.push('}');
    text
}

/// An element for [`write`].
pub(crate) enum Item {
    /// The text of a value.
    Text(String),
    /// An array that [`write`] has written.
    Array(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Element {
        Element::Text(text.to_owned())
    }

    #[test]
    fn every_form_of_an_element_is_read() {
        let read = parse(r#"{1,NULL,"NULL","a \"b\" \\ c, }{",{x,y},{}}"#);
        let nested = Element::Array(vec![text("x"), text("y")]);
        let expected = vec![text("1"), Element::Null, text("NULL"), text(r#"a "b" \ c, }{"#), nested];
        assert_eq!(read, Some([expected, vec![Element::Array(Vec::new())]].concat()));
        assert_eq!(parse("[0:1]={a,b}"), Some(vec![text("a"), text("b")]));
        assert_eq!(parse("{}"), Some(Vec::new()));
    }

    #[test]
    fn a_text_that_is_no_array_is_refused() {
        let deep = "{".repeat(100_000);
        for wrong in ["", "a", "{", "{a", "{a,", "{a,}", "{,}", "{a}}", "{\"a}", "{\"\\", "[0:1]", "{a}b", &deep] {
            assert_eq!(parse(wrong), None, "{wrong:.20}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let item = |text: &str| Some(Item::Text(text.to_owned()));
        let inner = write([item("x"), None].into_iter());
        assert_eq!(inner, r#"{"x",NULL}"#);
        let written = write([item("a,\"b\"\\"), item(""), item("NULL")].into_iter());
        assert_eq!(parse(&written), Some(vec![text("a,\"b\"\\"), text(""), text("NULL")]));
        let nested = write([Some(Item::Array(inner))].into_iter());
        assert_eq!(parse(&nested), Some(vec![Element::Array(vec![text("x"), Element::Null])]));
    }
}
