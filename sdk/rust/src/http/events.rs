//! Parses server-sent events (`text/event-stream`, WHATWG HTML 9.2) from the bytes of a response.

/// The largest event, in bytes. Larger events are dropped.
const LARGEST: usize = 16 * 1024 * 1024;

/// Parses events from bytes that arrive in chunks of any size.
///
/// ```
/// use toril_plugin::http::Events;
///
/// let mut events = Events::new();
/// events.push(b"data: one\n\nda");
/// assert_eq!(events.next_event().map(|event| event.data).as_deref(), Some("one"));
/// assert!(events.next_event().is_none());
/// events.push(b"ta: two\n\n");
/// assert_eq!(events.next_event().map(|event| event.data).as_deref(), Some("two"));
/// ```
#[derive(Debug, Default)]
pub struct Events {
    bytes: Vec<u8>,
    /// How many of `bytes` were consumed.
    taken: usize,
    /// How much of what was not taken is known to have no end of a line: each byte is searched once, however long a line is.
    searched: usize,
    /// Whether the first line was read: it may begin with a byte order mark.
    begun: bool,
    event: Pending,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its type, `message` if the server sends none.
    pub name: String,
    /// Its data lines, joined with line breaks.
    pub data: String,
    /// The last id that the server sent.
    pub id: Option<String>,
}

/// The event whose lines are being read.
#[derive(Debug, Default)]
struct Pending {
    name: String,
    data: String,
    has_data: bool,
    too_large: bool,
    id: Option<String>,
}

impl Events {
    /// An empty parser.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes that have arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next complete event, `None` until more bytes have arrived.
    pub fn next_event(&mut self) -> Option<Event> {
        while let Some(line) = self.next_line() {
            if line.is_empty() {
                if let Some(event) = self.event.end() {
                    return Some(event);
                }
            } else {
                self.event.read(&line);
            }
        }
        None
    }

    /// A line without its end: `\n`, `\r\n` or `\r`.
    fn next_line(&mut self) -> Option<String> {
        let rest = self.bytes.get(self.taken..)?;
        let end = rest.iter().skip(self.searched).position(|byte| matches!(byte, b'\n' | b'\r'));
        let Some(end) = end.map(|end| self.searched + end) else {
            self.searched = rest.len();
            return None;
        };
        self.searched = end;
        let after = match (rest.get(end), rest.get(end + 1)) {
            (Some(b'\r'), Some(b'\n')) => end + 2,
            // The next byte decides whether a line feed follows.
            (Some(b'\r'), None) => return None,
            _ => end + 1,
        };
        let mut line = rest.get(..end)?;
        if !self.begun {
            line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
            self.begun = true;
        }
        let line = String::from_utf8_lossy(line).into_owned();
        self.taken += after;
        self.searched = 0;
        Some(line)
    }
}

impl Pending {
    fn read(&mut self, line: &str) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" if self.data.len() + value.len() > LARGEST => self.too_large = true,
            "data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.has_data = true;
                self.data.push_str(value);
            }
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            // A comment, `retry`, or an unknown field.
            _ => {}
        }
    }

    /// The event that an empty line completes, `None` if it has no data.
    fn end(&mut self) -> Option<Event> {
        let ended = std::mem::take(self);
        self.id.clone_from(&ended.id);
        let name = if ended.name.is_empty() { "message".to_owned() } else { ended.name };
        (ended.has_data && !ended.too_large).then_some(Event { name, data: ended.data, id: ended.id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The events of a text that arrives in chunks of this size.
    fn events(text: &str, size: usize) -> Vec<Event> {
        let mut events = Events::new();
        let mut found = Vec::new();
        for piece in text.as_bytes().chunks(size) {
            events.push(piece);
            found.extend(std::iter::from_fn(|| events.next_event()));
        }
        found
    }

    fn data(text: &str) -> Vec<String> {
        events(text, text.len().max(1)).into_iter().map(|event| event.data).collect()
    }

    #[test]
    fn an_event_has_its_type_its_id_and_all_lines_of_its_data() {
        let found = events(": ping\r\n\r\nevent: error\nid: 7\ndata: one\ndata:two\n\ndata: ü\n\n", 3);
        let event = |name: &str, data: &str| Event { name: name.into(), data: data.into(), id: Some("7".into()) };
        assert_eq!(found, [event("error", "one\ntwo"), event("message", "ü")]);
    }

    #[test]
    fn a_line_ends_in_any_of_three_ways_wherever_the_bytes_are_split() {
        for size in 1..8 {
            let found = events("data: a\r\n\r\ndata: b\n\ndata: c\r\rdata: d\n\n", size);
            let texts: Vec<_> = found.iter().map(|event| event.data.as_str()).collect();
            assert_eq!(texts, ["a", "b", "c", "d"], "in pieces of {size}");
        }
    }

    /// A search that begins anew with each piece looks at 2^41 bytes here: it does not end before the test runner's limit.
    #[test]
    fn a_line_of_many_pieces_is_searched_once() {
        let text = format!("data: {}\n\n", "x".repeat(8 << 20));
        let found = events(&text, 16);
        assert_eq!(found.iter().map(|event| event.data.len()).collect::<Vec<_>>(), [8 << 20]);
    }

    #[test]
    fn an_event_without_data_or_without_an_end_is_ignored() {
        assert!(data("event: x\n\nid: 1\n\n: comment\n\n").is_empty());
        assert!(data("data: unfinished\n").is_empty());
        assert_eq!(data("\u{feff}data\n\n"), [""]);
    }
}
