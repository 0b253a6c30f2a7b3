//! Verifies that a request is signed with a webhook's secret. Signatures are compared in constant time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, HeaderName};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::security::same;
use toril_config::{SignatureForm, SigningKey};

/// The allowed difference between the request's timestamp and the host's clock, as Standard Webhooks recommends.
const TOLERANCE: Duration = Duration::from_secs(5 * 60);

const GITHUB_SIGNATURE: HeaderName = HeaderName::from_static("x-hub-signature-256");
const GITHUB_DELIVERY: HeaderName = HeaderName::from_static("x-github-delivery");
const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

const MISSING: &str = "the signature is missing";
const WRONG: &str = "the signature is wrong";

/// The signature headers of a request.
#[derive(Debug)]
pub enum Signed<'r> {
    /// `sha256=` and the signature of the body, in hexadecimal.
    GitHub(&'r str),
    /// The headers of Standard Webhooks.
    Standard { id: &'r str, timestamp: &'r str, signatures: &'r str },
}

impl<'r> Signed<'r> {
    /// Reads the headers, before any part of the body is read.
    pub fn read(form: SignatureForm, headers: &'r HeaderMap) -> Result<Self, &'static str> {
        match form {
            SignatureForm::GitHub => {
                text(headers, &GITHUB_SIGNATURE).and_then(|text| text.strip_prefix("sha256=")).map(Self::GitHub)
            }
            SignatureForm::Standard => {
                let all = || Some((text(headers, &ID)?, text(headers, &TIMESTAMP)?, text(headers, &SIGNATURE)?));
                all().map(|(id, timestamp, signatures)| Self::Standard { id, timestamp, signatures })
            }
        }
        .ok_or(MISSING)
    }

    /// Checks the signature of this body. The error is the reason.
    pub fn check(&self, key: &SigningKey, body: &[u8], now: SystemTime) -> Result<(), &'static str> {
        match self {
            Self::GitHub(shown) => {
                let right = mac(key, &[body]).ok_or(WRONG)?;
                if same(&hex::encode(right), &shown.to_ascii_lowercase()) { Ok(()) } else { Err(WRONG) }
            }
            Self::Standard { id, timestamp, signatures } => {
                let signed = mac(key, &[id.as_bytes(), b".", timestamp.as_bytes(), b".", body]).ok_or(WRONG)?;
                let right = STANDARD.encode(signed);
                // There can be several signatures while the sender rotates its secret. Signatures of other versions
                // are ignored.
                let mut shown = signatures.split(' ').filter_map(|one| one.strip_prefix("v1,"));
                if !shown.any(|shown| same(&right, shown)) {
                    return Err(WRONG);
                }
                if is_near(timestamp, now) { Ok(()) } else { Err("the timestamp is more than 5 minutes off") }
            }
        }
    }
}

/// HMAC-SHA256 over these parts. None: the key is not valid, which cannot happen with a checked key.
pub fn mac(key: &SigningKey, parts: &[&[u8]]) -> Option<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose()).ok()?;
    parts.iter().for_each(|part| mac.update(part));
    Some(mac.finalize().into_bytes().into())
}

/// The sender's id of the delivery. It stays the same if the sender repeats the delivery.
pub fn delivery(form: SignatureForm, headers: &HeaderMap) -> Option<&str> {
    let name = match form {
        SignatureForm::GitHub => &GITHUB_DELIVERY,
        SignatureForm::Standard => &ID,
    };
    text(headers, name).filter(|id| !id.is_empty())
}

fn is_near(timestamp: &str, now: SystemTime) -> bool {
    let Ok(seconds) = timestamp.parse() else { return false };
    let Some(sent) = UNIX_EPOCH.checked_add(Duration::from_secs(seconds)) else { return false };
    let off = now.duration_since(sent).unwrap_or_else(|earlier| earlier.duration());
    off <= TOLERANCE
}

fn text<'r>(headers: &'r HeaderMap, name: &HeaderName) -> Option<&'r str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use toril_config::Secret;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().expect("a header"))).collect()
    }

    fn github(signature: &str, body: &str) -> Result<(), &'static str> {
        let key = SigningKey::of_text(&Secret::new("It's a Secret to Everybody")).expect("a key");
        let headers = headers(&[("x-hub-signature-256", signature)]);
        Signed::read(SignatureForm::GitHub, &headers)?.check(&key, body.as_bytes(), SystemTime::now())
    }

    #[test]
    fn githubs_own_example_is_signed_and_nothing_else_is() {
        // From GitHub's documentation of webhooks.
        let right = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert_eq!(github(right, "Hello, World!"), Ok(()));
        assert_eq!(github(right, "Hello, World?"), Err(WRONG));
        assert_eq!(github(&right[..70], "Hello, World!"), Err(WRONG));
        assert_eq!(github("sha256=", "Hello, World!"), Err(WRONG));
        assert_eq!(github(&right["sha256=".len()..], "Hello, World!"), Err(MISSING));
        assert_eq!(Signed::read(SignatureForm::GitHub, &HeaderMap::new()).map(drop), Err(MISSING));
    }

    /// The example from the libraries of Standard Webhooks.
    fn standard(signatures: &str, now: u64) -> Result<(), &'static str> {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let key = SigningKey::of_standard(&secret).expect("a key");
        let headers = headers(&[
            ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            ("webhook-timestamp", "1614265330"),
            ("webhook-signature", signatures),
        ]);
        let now = UNIX_EPOCH + Duration::from_secs(now);
        Signed::read(SignatureForm::Standard, &headers)?.check(&key, b"{\"test\": 2432232314}", now)
    }

    #[test]
    fn an_example_of_standard_webhooks_is_signed_for_five_minutes() {
        let right = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(standard(right, 1_614_265_330), Ok(()));
        for (now, near) in
            [(1_614_265_630, true), (1_614_265_631, false), (1_614_265_030, true), (1_614_265_029, false)]
        {
            assert_eq!(standard(right, now).is_ok(), near, "{now}");
        }
    }

    #[test]
    fn one_right_signature_of_several_is_enough() {
        let wrong = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=";
        let right = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(standard(&format!("{wrong} v2,x {right}"), 1_614_265_330), Ok(()));
        assert_eq!(standard(&format!("{wrong} v2,{}", &right[3..]), 1_614_265_330), Err(WRONG));
    }

    #[test]
    fn the_delivery_is_what_the_sender_calls_it() {
        let headers = headers(&[("x-github-delivery", "d-1"), ("webhook-id", "")]);
        assert_eq!(delivery(SignatureForm::GitHub, &headers), Some("d-1"));
        assert_eq!(delivery(SignatureForm::Standard, &headers), None);
    }
}
