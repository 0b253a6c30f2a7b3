//! Authentication and the choice of hosts, against a server that follows a script.

use std::sync::Arc;

use postgres_protocol::authentication::md5_hash;

use crate::testing::{Peer, ScriptedServer, connection, error, message, query, ready, result, settings};
use crate::{Error, Pool};

/// An authentication request.
fn request(code: u32, body: &[u8]) -> Vec<u8> {
    message(b'R', &[&code.to_be_bytes(), body].concat())
}

async fn connect(url: &str) -> Result<(), String> {
    let pool = Pool::new(settings(url), Arc::new(())).unwrap();
    match result(connection(&pool).ready()).await {
        Ok(_) => Ok(()),
        Err(Error::Unavailable(reason)) => Err(reason),
        Err(other) => panic!("{other:?}"),
    }
}

fn url(server: &ScriptedServer, options: &str) -> String {
    format!("postgres://app:secret@127.0.0.1:{}/app?{options}", server.port)
}

/// A server that asks for a password in this way, and compares it.
async fn asking(request: Vec<u8>, expected: String) -> ScriptedServer {
    ScriptedServer::start(move |_, mut peer: Peer| {
        let (request, expected) = (request.clone(), expected.clone());
        async move {
            peer.send(&request).await?;
            let (tag, body) = peer.read().await?;
            if (tag, body.as_slice()) == (b'p', format!("{expected}\0").as_bytes()) {
                peer.welcome().await?;
            } else {
                peer.send(&error("FATAL", "28P01")).await?;
            }
            peer.serve(|_| None).await
        }
    })
    .await
}

#[tokio::test]
async fn a_md5_password_is_hashed_with_the_salt() {
    let server = asking(request(5, &[1, 2, 3, 4]), md5_hash(b"app", b"secret", [1, 2, 3, 4])).await;

    assert_eq!(connect(&url(&server, "")).await, Ok(()));
}

#[tokio::test]
async fn a_password_in_clear_text_needs_tls_or_a_target_without_it() {
    let server = asking(request(3, &[]), "secret".to_owned()).await;

    assert!(connect(&url(&server, "")).await.unwrap_err().contains("clear text"));
    assert_eq!(connect(&url(&server, "sslmode=disable")).await, Ok(()));
}

#[tokio::test]
async fn a_server_without_tls_is_refused_if_tls_is_required() {
    let server = ScriptedServer::lying(Vec::new()).await;

    assert!(connect(&url(&server, "sslmode=require")).await.unwrap_err().contains("does not support TLS"));
}

#[tokio::test]
async fn a_refused_password_names_no_role() {
    let server = asking(request(3, &[]), "other".to_owned()).await;

    let reason = connect(&url(&server, "sslmode=disable")).await.unwrap_err();

    assert!(reason.contains("28P01") && !reason.contains("made up"), "{reason}");
}

#[tokio::test]
async fn scram_must_end_with_the_proof_of_the_server() {
    let offers: [Vec<u8>; 5] = [
        // No mechanism that is known, nonsense, and a channel binding without TLS.
        request(10, b"PLAIN\0\0"),
        request(10, b"SCRAM-SHA-256"),
        request(10, b"SCRAM-SHA-256-PLUS\0\0"),
        // Success without a proof, and a way to authenticate that is not supported.
        [request(10, b"SCRAM-SHA-256\0\0"), request(0, &[]), ready(b'I')].concat(),
        request(7, &[]),
    ];
    for offer in offers {
        let shown = offer.clone();
        let server = ScriptedServer::start(move |_, mut peer| {
            let offer = offer.clone();
            async move {
                peer.send(&offer).await?;
                peer.serve(|_| None).await
            }
        })
        .await;
        assert!(connect(&url(&server, "")).await.is_err(), "{shown:?}");
    }
}

#[tokio::test]
async fn channel_binding_can_be_required() {
    let server = ScriptedServer::lying(Vec::new()).await;

    assert!(connect(&url(&server, "channel_binding=require")).await.unwrap_err().contains("channel binding"));
}

#[tokio::test]
async fn hosts_are_tried_in_turn_until_one_accepts_writes() {
    let role = |read_only: &'static str| {
        ScriptedServer::start(move |_, mut peer| async move {
            let settings = [("in_hot_standby", read_only), ("default_transaction_read_only", "off")];
            peer.welcome_with(&settings).await?;
            peer.serve(|_| None).await
        })
    };
    let (standby, primary) = (role("on").await, role("off").await);
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let hosts = format!("127.0.0.1:{closed},127.0.0.1:{},127.0.0.1:{}", standby.port, primary.port);

    let url = format!("postgres://app@{hosts}/app?target_session_attrs=read-write");
    let pool = Pool::new(settings(&url), Arc::new(())).unwrap();
    let first = connection(&pool);
    result(first.query(query("fine"))).await.unwrap();
    let second = connection(&pool);
    result(second.query(query("fine"))).await.unwrap();

    // The second session goes to the primary at once.
    assert_eq!((standby.sessions(), primary.sessions()), (1, 2));
    let any = format!("postgres://app@{hosts}/app");
    assert_eq!(connect(&any).await, Ok(()));
    assert_eq!((standby.sessions(), primary.sessions()), (2, 2));
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();

    let reason = connect(&format!("postgres://app@127.0.0.1:{closed}/app")).await.unwrap_err();

    assert!(reason.starts_with("PostgreSQL cannot be reached: "), "{reason}");
    assert!(!reason.contains("127.0.0.1"), "{reason}");
}
