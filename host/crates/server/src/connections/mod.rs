//! Accepts connections and limits what each of them may use: the time for a request's head and body, the time without
//! progress while a response is sent, and the number of open connections. Knows nothing about the routes.

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

/// The limit of open connections. Event streams use at most 96 of them.
const MOST: usize = 512;
/// The time limit for the head of a request, counted from the end of the previous response. It also closes idle
/// keep-alive connections.
const HEAD: Duration = Duration::from_secs(15);
/// The size limit of a request's head, in bytes.
const LARGEST_HEAD: usize = 32 << 10;
/// The limit of headers in a request.
const MOST_HEADERS: usize = 100;
/// How long sending a response may make no progress.
const STALLED: Duration = Duration::from_secs(30);
/// How long running requests may continue when the server shuts down.
pub const GRACE: Duration = Duration::from_secs(5);
/// The interval of checks for a connection to close, while all are in use.
const FULL: Duration = Duration::from_millis(100);
/// The delay after a system error, such as too many open files.
const PAUSE: Duration = Duration::from_secs(1);

/// Serves until `closing` is cancelled, and then waits at most [`GRACE`] for the running requests. Dropping the
/// future closes every connection at once.
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

/// The next connection. None: the server shuts down.
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
            // That client has already disconnected.
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

/// Returns when one more connection may be opened. If the limit is reached, this closes the connection that has
/// waited longest for a request. A flood of silent connections therefore does not block clients that send their
/// requests at once, such as health checks.
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
        tracing::error!(%error, "connection closed: its task panicked");
    }
}

/// Serves one connection until it ends, until its place is needed by another one, or until the server shuts down.
async fn connection(
    socket: TcpStream,
    routes: TowerToHyperService<Router>,
    place: Arc<Place>,
    closing: CancellationToken,
) {
    // Responses are small, and event streams must be sent without delay.
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
    // Errors here are caused by the client: it disconnected, did not send HTTP, or sent nothing in time.
    tokio::select! {
        _ended = served.as_mut() => return,
        () = place.closed() => return,
        () = closing.cancelled() => {}
    }
    // An event stream never ends by itself, so there is nothing to wait for.
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
