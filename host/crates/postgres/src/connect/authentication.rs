//! Authentication: SCRAM-SHA-256 with and without channel binding, MD5, and passwords in clear text.

use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{self, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramSha256};
use postgres_protocol::message::backend::{AuthenticationSaslBody, Message};
use postgres_protocol::message::frontend;

use super::{ConnectError, startup};
use crate::target::{ChannelBinding, SslMode, Target};
use crate::wire::{Frames, WireError};

/// Answers the server's questions until it is satisfied. `binding`: the hash of the server's certificate.
pub(super) async fn authenticate(
    frames: &mut Frames,
    target: &Target,
    encrypted: bool,
    binding: Option<Vec<u8>>,
) -> Result<(), ConnectError> {
    let mut bound = false;
    loop {
        match frames.receive().await? {
            Message::AuthenticationOk if target.channel_binding == ChannelBinding::Require && !bound => {
                return Err(ConnectError::Authentication(NOT_BOUND));
            }
            Message::AuthenticationOk => return Ok(()),
            Message::AuthenticationCleartextPassword => {
                if !encrypted && target.ssl_mode != SslMode::Disable {
                    let reason = "the server asks for the password in clear text, without TLS. Set sslmode=require, or \
                        sslmode=disable to allow it";
                    return Err(ConnectError::Authentication(reason));
                }
                send_password(frames, password(target)?).await?;
            }
            Message::AuthenticationMd5Password(body) => {
                let hash = md5_hash(target.user.as_bytes(), password(target)?, body.salt());
                send_password(frames, hash.as_bytes()).await?;
            }
            Message::AuthenticationSasl(body) => bound = scram(frames, target, &body, binding.clone()).await?,
            Message::NoticeResponse(_) => {}
            Message::ErrorResponse(body) => return Err(startup::refused(body.fields())),
            Message::AuthenticationGss
            | Message::AuthenticationSspi
            | Message::AuthenticationKerberosV5
            | Message::AuthenticationScmCredential => {
                let reason = "the server asks for an authentication that is not supported. Use scram-sha-256";
                return Err(ConnectError::Authentication(reason));
            }
            _ => return Err(WireError::Violation("a message came in the wrong order").into()),
        }
    }
}

const NOT_BOUND: &str = "the server does not support channel binding, which channel_binding=require asks for";

fn password(target: &Target) -> Result<&[u8], ConnectError> {
    let missing = ConnectError::Authentication("the server asks for a password, and `url` has none");
    target.password.as_deref().map(str::as_bytes).ok_or(missing)
}

async fn send_password(frames: &mut Frames, password: &[u8]) -> Result<(), ConnectError> {
    let mut out = BytesMut::new();
    frontend::password_message(password, &mut out)?;
    Ok(frames.send(&out).await?)
}

/// Runs SCRAM to its end, at which the server has proven that it knows the password, too. True: with channel binding.
async fn scram(
    frames: &mut Frames,
    target: &Target,
    body: &AuthenticationSaslBody,
    binding: Option<Vec<u8>>,
) -> Result<bool, ConnectError> {
    let mechanisms: Vec<_> = body.mechanisms().map(|name| Ok(name.to_owned())).collect()?;
    let offers = |name: &str| mechanisms.iter().any(|one| one == name);
    let binding = binding.filter(|_| target.channel_binding != ChannelBinding::Disable);
    let (mechanism, binding) = match binding {
        Some(hash) if offers(SCRAM_SHA_256_PLUS) => {
            (SCRAM_SHA_256_PLUS, sasl::ChannelBinding::tls_server_end_point(hash))
        }
        _ if target.channel_binding == ChannelBinding::Require => return Err(ConnectError::Authentication(NOT_BOUND)),
        // The server then notices if somebody has removed the other mechanism from its offer.
        Some(_) if offers(SCRAM_SHA_256) => (SCRAM_SHA_256, sasl::ChannelBinding::unrequested()),
        None if offers(SCRAM_SHA_256) => (SCRAM_SHA_256, sasl::ChannelBinding::unsupported()),
        _ => return Err(ConnectError::Authentication("the server offers no SCRAM-SHA-256")),
    };
    let scram = ScramSha256::new(password(target)?, binding);
    let mut out = BytesMut::new();
    frontend::sasl_initial_response(mechanism, scram.message(), &mut out)?;
    frames.send(&out).await?;
    let challenge = match frames.receive().await? {
        Message::AuthenticationSaslContinue(body) => body.data().to_vec(),
        other => return Err(unexpected(other)),
    };
    let mut scram = derive(scram, challenge).await?;
    out.clear();
    frontend::sasl_response(scram.message(), &mut out)?;
    frames.send(&out).await?;
    match frames.receive().await? {
        Message::AuthenticationSaslFinal(body) => {
            let proven = scram.finish(body.data());
            proven.map_err(|_| ConnectError::Authentication("the server has not proven that it knows the password"))?;
            Ok(mechanism == SCRAM_SHA_256_PLUS)
        }
        other => Err(unexpected(other)),
    }
}

/// Derives the keys. That takes thousands of hashes, and the server says how many.
async fn derive(mut scram: ScramSha256, challenge: Vec<u8>) -> Result<ScramSha256, ConnectError> {
    let derived = tokio::task::spawn_blocking(move || scram.update(&challenge).map(|()| scram)).await;
    let failed = || ConnectError::Authentication("the server's SCRAM message is not valid");
    derived.map_err(|_| failed())?.map_err(|_| failed())
}

fn unexpected(message: Message) -> ConnectError {
    match message {
        Message::ErrorResponse(body) => startup::refused(body.fields()),
        _ => WireError::Violation("a message came in the wrong order").into(),
    }
}
