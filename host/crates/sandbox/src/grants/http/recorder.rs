//! Records a pen's requests and their responses, and answers from such a recording. Used in tests of a plugin.

use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use wasmtime_wasi_http::{Error, WasiBody};

use super::placeholder;
use super::route::Route;
use super::tape::{Exchange, RecordedBody, RecordedRequest, RecordedResponse, Tape};
use super::transport::{Network, SendResult, Transport};
use crate::digest::checksum;

/// Maximum size of a recorded body, in bytes.
const BODY: usize = 64 * 1024 * 1024;

/// The network, with a recording of all requests and responses. Bodies are read completely.
#[derive(Default)]
pub struct Recorder(Arc<Mutex<Tape>>);

impl Recorder {
    /// The recording so far.
    pub fn tape(&self) -> Tape {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Transport for Recorder {
    fn send(&self, request: Request<WasiBody>, route: Route) -> BoxFuture<'static, SendResult> {
        let tape = self.0.clone();
        async move {
            let (recorded, request) = read(request).await?;
            let answered = send_completely(request, route).await;
            let (response, error) = match &answered {
                Ok(answer) => (Some(answer.clone()), None),
                Err(error) => (None, Some(error.to_string())),
            };
            let exchange = Exchange { request: recorded, response, error };
            tape.lock().unwrap_or_else(PoisonError::into_inner).exchanges.push(exchange);
            replay(&answered?)
        }
        .boxed()
    }
}

/// Answers from a recording instead of the network. Identical requests get their responses in recorded order. After
/// that, the last response is repeated.
pub struct Replayer(Arc<Mutex<Vec<(Exchange, bool)>>>);

impl Replayer {
    /// Answers from this recording.
    pub fn new(tape: Tape) -> Self {
        Self(Arc::new(Mutex::new(tape.exchanges.into_iter().map(|exchange| (exchange, false)).collect())))
    }
}

impl Transport for Replayer {
    fn send(&self, request: Request<WasiBody>, _route: Route) -> BoxFuture<'static, SendResult> {
        let exchanges = self.0.clone();
        async move {
            let (wanted, _) = read(request).await?;
            let found = next(&mut exchanges.lock().unwrap_or_else(PoisonError::into_inner), &wanted);
            match found {
                Some(Exchange { response: Some(answer), .. }) => replay(&answer),
                Some(Exchange { error, .. }) => Err(Error::InternalError(error)),
                None => Err(Error::InternalError(Some(format!(
                    "the recording has no answer to {} {} with this body (SHA-256 {})",
                    wanted.method, wanted.url, wanted.body_sha256
                )))),
            }
        }
        .boxed()
    }
}

fn next(exchanges: &mut [(Exchange, bool)], wanted: &RecordedRequest) -> Option<Exchange> {
    let fits = |(exchange, _): &(Exchange, bool)| exchange.request == *wanted;
    let fresh = exchanges.iter().position(|entry| fits(entry) && !entry.1);
    let at = fresh.or_else(|| exchanges.iter().rposition(fits))?;
    exchanges[at].1 = true;
    Some(exchanges[at].0.clone())
}

/// Reads a request completely. Returns it together with the values that identify it.
async fn read(request: Request<WasiBody>) -> Result<(RecordedRequest, Request<WasiBody>), Error> {
    let (parts, body) = request.into_parts();
    let bytes = collect(body).await?;
    let recorded =
        RecordedRequest { method: parts.method.to_string(), url: parts.uri.to_string(), body_sha256: checksum(&bytes) };
    Ok((recorded, Request::from_parts(parts, whole(bytes))))
}

async fn send_completely(request: Request<WasiBody>, route: Route) -> Result<RecordedResponse, Error> {
    let secrets = route.secrets.clone();
    let (response, _) = Network.send(request, route).await?;
    let (parts, body) = response.into_parts();
    // An origin may echo the request in its response, and people share recordings.
    let bytes = placeholder::hide(&secrets, collect(body).await?.into());
    // The body is complete, so its own length applies. Cookies are secrets.
    let kept = |name: &str| !["transfer-encoding", "content-length", "set-cookie"].contains(&name);
    let headers = parts.headers.iter().filter(|(name, _)| kept(name.as_str()));
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Ok(RecordedResponse {
        status: parts.status.as_u16(),
        headers: headers.map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: RecordedBody::of(&bytes),
    })
}

fn replay(answer: &RecordedResponse) -> SendResult {
    let unusable = |what: &str| Error::InternalError(Some(format!("the recording has {what}")));
    let bytes = answer.body.bytes().ok_or_else(|| unusable("a body that is not hexadecimal text"))?;
    let mut response = Response::builder().status(answer.status).header("content-length", bytes.len());
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    let response = response.body(whole(bytes.into())).map_err(|error| unusable(&format!("a bad answer: {error}")))?;
    Ok((response, Box::new(std::future::ready(Ok(())))))
}

async fn collect(body: WasiBody) -> Result<Bytes, Error> {
    let collected = Limited::new(body, BODY).collect().await;
    collected.map(http_body_util::Collected::to_bytes).map_err(|error| match error.downcast::<Error>() {
        Ok(error) => *error,
        Err(error) => Error::InternalError(Some(format!("a body of more than {BODY} bytes is not recorded: {error}"))),
    })
}

fn whole(bytes: Bytes) -> WasiBody {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(url: &str, status: u16) -> (Exchange, bool) {
        let request = RecordedRequest { method: "GET".into(), url: url.into(), body_sha256: checksum(b"") };
        let answer = RecordedResponse { status, headers: Vec::new(), body: RecordedBody::Text(String::new()) };
        (Exchange { request, response: Some(answer), error: None }, false)
    }

    #[test]
    fn equal_requests_get_their_answers_in_order_and_then_the_last_again() {
        let mut exchanges = [exchange("http://a/", 500), exchange("http://b/", 404), exchange("http://a/", 200)];
        let wanted = exchanges[0].0.request.clone();
        let mut status = || next(&mut exchanges, &wanted).and_then(|found| found.response).map(|answer| answer.status);
        assert_eq!([status(), status(), status()], [Some(500), Some(200), Some(200)]);
    }

    #[test]
    fn a_request_that_was_not_recorded_has_no_answer() {
        let wanted = exchange("http://c/", 200).0.request;
        assert!(next(&mut [exchange("http://a/", 200)], &wanted).is_none());
    }
}
