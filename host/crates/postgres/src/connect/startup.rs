//! The start of a session: its parameters, and what the server says until it is ready.

use std::collections::BTreeMap;

use bytes::BytesMut;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;

use super::ConnectError;
use crate::answer::TransactionStatus;
use crate::error::DatabaseError;
use crate::session::{Lost, Session, note_setting};
use crate::settings::Settings;
use crate::wire::{Frames, WireError};

/// What the server says when a session starts.
pub(super) struct Started {
    pub process_id: i32,
    pub secret_key: i32,
    pub settings: BTreeMap<String, String>,
    pub status: TransactionStatus,
}

/// Says who connects, and to which database.
pub(super) async fn send(frames: &mut Frames, settings: &Settings) -> Result<(), ConnectError> {
    let target = &settings.target;
    let application_name = target.application_name.as_deref().unwrap_or(&settings.name);
    let mut parameters = vec![
        ("user", target.user.as_str()),
        ("database", target.database.as_str()),
        ("application_name", application_name),
        ("client_encoding", "UTF8"),
        // The readers of plugins, as those of other clients, know the dates of no other style.
        ("DateStyle", "ISO"),
    ];
    parameters.extend(target.options.as_deref().map(|options| ("options", options)));
    let mut out = BytesMut::new();
    frontend::startup_message(parameters, &mut out)?;
    Ok(frames.send(&out).await?)
}

/// Reads until the session is ready.
pub(super) async fn finish(frames: &mut Frames) -> Result<Started, ConnectError> {
    let mut settings = BTreeMap::new();
    let mut key = None;
    loop {
        match frames.receive().await? {
            Message::BackendKeyData(body) => key = Some((body.process_id(), body.secret_key())),
            Message::ParameterStatus(body) => {
                if let (Ok(name), Ok(value)) = (body.name(), body.value()) {
                    note_setting(&mut settings, name, value);
                }
            }
            Message::NoticeResponse(_) => {}
            Message::ErrorResponse(body) => return Err(refused(body.fields())),
            Message::ReadyForQuery(body) => {
                let status = TransactionStatus::parse(body.status());
                let status = status.ok_or(WireError::Violation("an unknown status of the transaction"))?;
                // Without a key, statements cannot be cancelled. Some poolers send none.
                let (process_id, secret_key) = key.unwrap_or_default();
                return Ok(Started { process_id, secret_key, settings, status });
            }
            _ => return Err(WireError::Violation("a message came in the wrong order").into()),
        }
    }
}

/// The error of a server that refuses the connection.
pub(super) fn refused(fields: postgres_protocol::message::backend::ErrorFields<'_>) -> ConnectError {
    match DatabaseError::read(fields) {
        Some(error) => ConnectError::Refused(Box::new(error)),
        None => WireError::Violation("an error is malformed").into(),
    }
}

/// Whether the server accepts writes. Servers since PostgreSQL 14 say it when the session starts.
pub(super) async fn accepts_writes(session: &mut Session) -> Result<bool, ConnectError> {
    if let (Some(standby), Some(read_only)) =
        (session.setting("in_hot_standby"), session.setting("default_transaction_read_only"))
    {
        return Ok(standby == "off" && read_only == "off");
    }
    let shown = session.show("SHOW transaction_read_only").await;
    shown.map(|value| value == "off").map_err(|Lost(error)| ConnectError::Start(error.to_string()))
}
