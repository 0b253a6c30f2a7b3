//! A server that speaks PostgreSQL's protocol and breaks it at one place.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{DATABASE, PASSWORD, USER};
use crate::front::Front;

/// How the server lies. Up to that point it behaves well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// A row whose length says 1 GB, and which does not come.
    HugeRow,
    /// An error whose length says 1 GB.
    HugeError,
    /// A message of length -1.
    NegativeLength,
    /// A message that is shorter than its own length field.
    TinyLength,
    /// A message of an unknown type.
    UnknownMessage,
    /// A row whose value is longer than the row.
    ShortRow,
    /// A row with more values than there are columns.
    ManyValues,
    /// Columns whose number does not fit their message.
    FewColumns,
    /// Rows without end.
    EndlessRows,
    /// Notices without end.
    EndlessNotices,
    /// New settings without end.
    EndlessSettings,
    /// Data of a `COPY` without end, to a statement that is none.
    EndlessCopy,
    /// The end of the answer before the answer.
    EarlyEnd,
    /// No answer.
    Silence,
    /// The connection is closed instead of an answer.
    Closed,
    /// An unknown way to authenticate.
    UnknownAuthentication,
    /// SCRAM with two thousand million rounds.
    EndlessScram,
    /// SCRAM whose proof, that the server knows the password, is wrong.
    WrongScram,
    /// Something else than PostgreSQL, such as a web server.
    Nonsense,
}

impl Lie {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::HugeRow,
        Self::HugeError,
        Self::NegativeLength,
        Self::TinyLength,
        Self::UnknownMessage,
        Self::ShortRow,
        Self::ManyValues,
        Self::FewColumns,
        Self::EndlessRows,
        Self::EndlessNotices,
        Self::EndlessSettings,
        Self::EndlessCopy,
        Self::EarlyEnd,
        Self::Silence,
        Self::Closed,
        Self::UnknownAuthentication,
        Self::EndlessScram,
        Self::WrongScram,
        Self::Nonsense,
    ];
}

/// The server. Dropping it closes all connections.
pub struct LyingServer(Front);

impl LyingServer {
    /// Listens on a free port of 127.0.0.1.
    pub async fn start(lie: Lie) -> Self {
        let front = Front::start(move |client| async move {
            // The client may close the connection at any time.
            let _ = serve(client, lie).await;
        });
        Self(front.await.unwrap_or_else(|error| panic!("could not start the lying server: {error:#}")))
    }

    /// The URL for clients.
    pub fn url(&self) -> String {
        format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}/{DATABASE}?sslmode=disable", self.0.port())
    }
}

async fn serve(mut client: TcpStream, lie: Lie) -> io::Result<()> {
    let length = client.read_i32().await?;
    let mut start = vec![0; usize::try_from(length.clamp(8, 10_000) - 4).unwrap_or(4)];
    client.read_exact(&mut start).await?;
    // A request to cancel a statement, which a server answers by closing the connection.
    if start.starts_with(&80_877_102_i32.to_be_bytes()) {
        return Ok(());
    }
    match lie {
        Lie::UnknownAuthentication => client.write_all(&message(b'R', &99_i32.to_be_bytes())).await?,
        Lie::EndlessScram | Lie::WrongScram => scram(&mut client, lie).await?,
        Lie::Nonsense => client.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await?,
        _ => {}
    }
    let key = [1_i32.to_be_bytes(), 2_i32.to_be_bytes()].concat();
    let start = [message(b'R', &[0; 4]), message(b'S', b"server_version\x0018.4\0"), message(b'K', &key), ready()];
    client.write_all(&start.concat()).await?;
    loop {
        let (kind, _) = receive(&mut client).await?;
        let answer = match kind {
            b'P' => message(b'1', &[]),
            b'B' => message(b'2', &[]),
            b'C' => message(b'3', &[]),
            b'D' => [message(b't', &[0, 0]), columns(lie)].concat(),
            b'S' => ready(),
            b'X' => return Ok(()),
            b'E' => {
                tell(&mut client, lie).await?;
                message(b'C', b"SELECT 1\0")
            }
            b'Q' => {
                client.write_all(&columns(lie)).await?;
                tell(&mut client, lie).await?;
                [message(b'C', b"SELECT 1\0"), ready()].concat()
            }
            _ => Vec::new(),
        };
        client.write_all(&answer).await?;
    }
}

/// Tells the lie in place of the rows.
async fn tell(client: &mut TcpStream, lie: Lie) -> io::Result<()> {
    let row = |values: i16, length: i32, value: &[u8]| {
        message(b'D', &[&values.to_be_bytes()[..], &length.to_be_bytes(), value].concat())
    };
    let header = |kind: u8, length: i32| [&[kind][..], &length.to_be_bytes()].concat();
    match lie {
        Lie::HugeRow => stalled(client, &header(b'D', 1_000_000_000)).await,
        Lie::HugeError => stalled(client, &header(b'E', 1_000_000_000)).await,
        Lie::NegativeLength => stalled(client, &header(b'D', -1)).await,
        Lie::TinyLength => stalled(client, &header(b'D', 0)).await,
        Lie::UnknownMessage => client.write_all(&message(b'~', b"?")).await,
        Lie::ShortRow => client.write_all(&row(1, 1000, b"abc")).await,
        // The second value is empty.
        Lie::ManyValues => client.write_all(&row(2, 1, b"a\0\0\0\0")).await,
        Lie::EarlyEnd => client.write_all(&[ready(), ready()].concat()).await,
        Lie::EndlessRows => without_end(client, |_| row(1, 100, &[b'x'; 100])).await,
        Lie::EndlessNotices => without_end(client, |_| message(b'N', b"SNOTICE\0C00000\0Mhello\0\0")).await,
        Lie::EndlessSettings => without_end(client, |n| message(b'S', format!("name{n}\0value\0").as_bytes())).await,
        Lie::EndlessCopy => {
            client.write_all(&message(b'H', &[0, 0, 1, 0, 0])).await?;
            without_end(client, |_| message(b'd', &[b'x'; 1000])).await
        }
        Lie::Silence => stalled(client, &[]).await,
        Lie::Closed => Err(io::ErrorKind::ConnectionReset.into()),
        _ => Ok(()),
    }
}

/// Sends this, and then nothing more until the client closes the connection.
async fn stalled(client: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    client.write_all(bytes).await?;
    let mut rest = [0; 1024];
    while client.read(&mut rest).await? > 0 {}
    Err(io::ErrorKind::ConnectionReset.into())
}

async fn without_end(client: &mut TcpStream, next: impl Fn(u64) -> Vec<u8>) -> io::Result<()> {
    let mut number = 0;
    loop {
        let chunk: Vec<u8> = (number..number + 100).flat_map(&next).collect();
        number += 100;
        client.write_all(&chunk).await?;
    }
}

/// Offers SCRAM, and answers the client's first message.
async fn scram(client: &mut TcpStream, lie: Lie) -> io::Result<()> {
    let authentication = |kind: i32, body: &str| message(b'R', &[&kind.to_be_bytes()[..], body.as_bytes()].concat());
    client.write_all(&authentication(10, "SCRAM-SHA-256\0\0")).await?;
    let (_, first) = receive(client).await?;
    let text = String::from_utf8_lossy(&first).into_owned();
    let nonce = text.rsplit("r=").next().unwrap_or_default();
    let rounds = if lie == Lie::EndlessScram { 2_000_000_000 } else { 4096 };
    client.write_all(&authentication(11, &format!("r={nonce}server,s=c2FsdHNhbHQ=,i={rounds}"))).await?;
    receive(client).await?;
    let wrong = "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    client.write_all(&authentication(12, wrong)).await
}

async fn receive(client: &mut TcpStream) -> io::Result<(u8, Vec<u8>)> {
    let kind = client.read_u8().await?;
    let length = client.read_i32().await?;
    let mut body = vec![0; usize::try_from(length - 4).unwrap_or_default()];
    client.read_exact(&mut body).await?;
    Ok((kind, body))
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = i32::try_from(body.len() + 4).unwrap_or(i32::MAX);
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

fn ready() -> Vec<u8> {
    message(b'Z', b"I")
}

/// One column of text.
fn columns(lie: Lie) -> Vec<u8> {
    let count: i16 = if lie == Lie::FewColumns { 1600 } else { 1 };
    let column = [&b"value\0"[..], &[0; 6], &25_i32.to_be_bytes(), &[255; 6], &[0, 0]].concat();
    message(b'T', &[&count.to_be_bytes()[..], &column].concat())
}
