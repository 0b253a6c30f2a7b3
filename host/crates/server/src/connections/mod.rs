//! Accepts connections and bounds what each of them may take: time for a request's head and body, time without progress
//! while an answer is sent, and places among the open connections. Knows nothing of what is served.

mod body;
mod table;

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Request, Response};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;

pub use self::body::TooSlow;
use self::body::{Received, Sent};
use self::table::{Place, Stage, Table};

/// How many connections are open at most. Event streams hold 96 of them at most.
const MOST: usize = 512;
/// How long a connection may take to send the head of a request, counted from the end of the previous answer. This also
/// ends idle connections that are kept alive.
const HEAD: Duration = Duration::from_secs(15);
/// The largest head of a request, in bytes.
const LARGEST_HEAD: usize = 32 << 10;
/// The most headers of a request.
const MOST_HEADERS: usize = 100;
/// How long sending an answer may make no progress.
const STALLED: Duration = Duration::from_secs(30);
/// How long requests may go on when the server ends.
pub const GRACE: Duration = Duration::from_secs(5);
/// Between two looks for a connection that can be closed while none can.
const FULL: Duration = Duration::from_millis(100);
/// After an error of the system, such as too many open files.
const PAUSE: Duration = Duration::from_secs(1);

/// Serves until `closing`, and then until the requests that are under way have been answered, for [`GRACE`] at most.
/// Dropping it closes every connection at once.
pub async fn serve(listener: TcpListener, routes: Router, closing: CancellationToken) {
    let table = Arc::new(Table::default());
    let routes = TowerToHyperService::new(routes);
    let mut tasks = JoinSet::new();
    while let Some(socket) = accept(&listener, &mut tasks, &closing).await {
        if closing.run_until_cancelled(make_room(&table, &mut tasks)).await.is_none() {
            break;
        }
        tasks.spawn(connection(socket, routes.clone(), table.enter(), closing.clone()));
    }
    drop(listener);
    while let Some(ended) = tasks.join_next().await {
        report(ended);
    }
}

/// The next connection. None: the server ends.
async fn accept(listener: &TcpListener, tasks: &mut JoinSet<()>, closing: &CancellationToken) -> Option<TcpStream> {
    loop {
        let accepted = tokio::select! {
            () = closing.cancelled() => return None,
            Some(ended) = tasks.join_next() => {
                report(ended);
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, _)) => return Some(socket),
            // That client has gone already.
            Err(error) if is_of_client(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                closing.run_until_cancelled(sleep(PAUSE)).await?;
            }
        }
    }
}

fn is_of_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Returns when there is a place for one more connection. If there is none, the connection that has waited longest for a
/// request is closed: so a flood of silent connections does not keep out those that send their requests at once, such as
/// health checks.
async fn make_room(table: &Table, tasks: &mut JoinSet<()>) {
    while tasks.len() >= MOST {
        if table.close_one(Instant::now()) {
            tasks.join_next().await.into_iter().for_each(report);
        } else {
            let ended = timeout(FULL, tasks.join_next()).await;
            ended.ok().flatten().into_iter().for_each(report);
        }
    }
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a connection was closed, since the host failed");
    }
}

/// Serves one connection until it ends, its place is taken away, or the server ends.
async fn connection(
    socket: TcpStream,
    routes: TowerToHyperService<Router>,
    place: Arc<Place>,
    closing: CancellationToken,
) {
    // Answers are small, and event streams must not wait for more.
    let _without_it_answers_are_later = socket.set_nodelay(true);
    let mut socket = TimeoutStream::new(socket);
    socket.set_write_timeout(Some(STALLED));
    let service = service_fn(|request| answer(routes.clone(), request, place.clone()));
    let mut served = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(LARGEST_HEAD)
            .max_headers(MOST_HEADERS)
            .serve_connection(TokioIo::new(Box::pin(socket)), service)
    );
    // Errors are the client's: it went away, or sent no HTTP, or nothing in time.
    tokio::select! {
        _ended = served.as_mut() => return,
        () = place.closed() => return,
        () = closing.cancelled() => {}
    }
    // An event stream has no end to wait for.
    if place.stage() != Stage::Streaming {
        served.as_mut().graceful_shutdown();
        let _ended = timeout(GRACE, served).await;
    }
}

async fn answer(
    routes: TowerToHyperService<Router>,
    request: Request<Incoming>,
    place: Arc<Place>,
) -> Result<Response<Sent>, Infallible> {
    if request.body().is_end_stream() {
        place.set(Stage::Answering);
    }
    let request = request.map(|body| Body::new(Received::new(body, place.clone())));
    let answer = routes.call(request).await?;
    let kind = answer.headers().get(CONTENT_TYPE);
    let streams = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    place.set(if streams { Stage::Streaming } else { Stage::Answering });
    Ok(answer.map(|body| Sent::new(body, place)))
}
