//! SQL of a test itself, as the superuser. Speaks the simple query protocol over the server's Unix socket, which needs
//! no password. It shares no code with the client under test.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

/// The values of a row as text. `None` is NULL.
pub type Row = Vec<Option<String>>;

/// Version 3.0 of the protocol.
const PROTOCOL: i32 = 196_608;

/// A session of the superuser. Dropping it closes the connection, which rolls an open transaction back.
pub struct SqlSession {
    stream: BufReader<UnixStream>,
}

impl SqlSession {
    pub(super) async fn connect(socket: &Path, user: &str, database: &str) -> Result<Self> {
        let stream = UnixStream::connect(socket).await.context("could not connect to the server's socket")?;
        let mut session = Self { stream: BufReader::new(stream) };
        let mut body = PROTOCOL.to_be_bytes().to_vec();
        for word in ["user", user, "database", database, "application_name", "the test", ""] {
            body.extend(word.as_bytes());
            body.push(0);
        }
        let length = i32::try_from(body.len() + 4)?.to_be_bytes();
        session.stream.write_all(&[&length[..], &body].concat()).await?;
        session.answers().await?;
        Ok(session)
    }

    /// Runs statements that are separated by semicolons, and returns the rows of all of them. Panics on an error.
    pub async fn sql(&mut self, text: &str) -> Vec<Row> {
        self.try_sql(text).await.unwrap_or_else(|error| panic!("{text}: {error:#}"))
    }

    /// The same without a panic.
    pub async fn try_sql(&mut self, text: &str) -> Result<Vec<Row>> {
        let length = i32::try_from(text.len() + 5)?.to_be_bytes();
        self.stream.write_all(&[b"Q", &length[..], text.as_bytes(), b"\0"].concat()).await?;
        self.answers().await
    }

    /// Everything up to the next ReadyForQuery.
    async fn answers(&mut self) -> Result<Vec<Row>> {
        let (mut rows, mut failed) = (Vec::new(), None);
        loop {
            let kind = self.stream.read_u8().await.context("the server has closed the connection")?;
            let length = self.stream.read_i32().await?;
            let mut body = vec![0; usize::try_from(length - 4)?];
            self.stream.read_exact(&mut body).await?;
            match kind {
                b'D' => rows.push(row(&body)?),
                b'E' => failed = Some(message(&body)),
                b'R' => ensure!(body == [0; 4], "the server asks for a password"),
                b'Z' => break,
                _ => {}
            }
            // After a FATAL error, the server closes the connection instead.
            if let Some(error) = failed.as_ref().filter(|error| error.starts_with("FATAL")) {
                bail!("{error}");
            }
        }
        match failed {
            Some(error) => bail!("{error}"),
            None => Ok(rows),
        }
    }
}

/// The values of a DataRow.
fn row(body: &[u8]) -> Result<Row> {
    let mut rest = body.get(2..).context("a row without a number of columns")?;
    let mut row = Row::new();
    while let Some((length, after)) = rest.split_first_chunk() {
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
            row.push(None);
            rest = after;
            continue;
        };
        let (value, after) = after.split_at_checked(length).context("a row that ends in a value")?;
        row.push(Some(String::from_utf8_lossy(value).into_owned()));
        rest = after;
    }
    Ok(row)
}

/// Severity, code and message of an ErrorResponse.
fn message(body: &[u8]) -> String {
    let fields: Vec<_> = body.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
    let field = |kind: &str| fields.iter().find_map(|field| field.strip_prefix(kind)).unwrap_or_default();
    format!("{} {}: {}", field("V"), field("C"), field("M"))
}
