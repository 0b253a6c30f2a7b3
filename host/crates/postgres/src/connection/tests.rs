//! Connections to a server that follows a script.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio_util::task::TaskTracker;

use super::*;
use crate::testing::{
    ScriptedServer, answer_to, borrower, columns, connection, error, message, query, ready, result, row,
};
use crate::{Parameter, Settings};

/// What a server replies to the first run of a statement with one column, without its end.
fn prepared() -> Vec<u8> {
    [message(b'1', &[]), message(b't', &[0, 0]), columns(&["a"]), message(b'2', &[])].concat()
}

async fn pool_of(server: &ScriptedServer, change: impl FnOnce(&mut Settings)) -> Pool {
    let mut settings = server.settings();
    change(&mut settings);
    Pool::new(settings, Arc::new(())).unwrap()
}

#[tokio::test]
async fn a_lie_ends_the_session_as_unavailable_and_the_next_borrower_gets_another_one() {
    let lies: [Vec<u8>; 8] = [
        ready(b'I'),
        message(b'C', b"SELECT 1\0"),
        message(b'?', b""),
        [&b"N"[..], &(1_u32 << 30).to_be_bytes()].concat(),
        [&b"E"[..], &(-5_i32).to_be_bytes()].concat(),
        [prepared(), message(b'D', &[0, 1, 0, 0, 0, 9, b'x'])].concat(),
        [prepared(), row(&[None, None])].concat(),
        [prepared(), error("FATAL", "57P01")].concat(),
    ];
    for lie in lies {
        let server = ScriptedServer::lying(lie.clone()).await;
        let pool = server.pool();
        let first = connection(&pool);

        let lost = result(first.query(query("lie"))).await;

        assert!(matches!(lost, Err(Error::Unavailable(_))), "{lie:?}: {lost:?}");
        // The same connection has no session any more: a transaction would be lost without a word.
        assert!(matches!(result(first.query(query("fine"))).await, Err(Error::Unavailable(_))));
        assert!(result(connection(&pool).query(query("fine"))).await.is_ok());
        assert_eq!(server.sessions(), 2);
    }
}

#[tokio::test]
async fn a_row_of_a_gigabyte_is_too_large_and_is_not_read() {
    let server = ScriptedServer::lying([prepared(), [&b"D"[..], &(1_u32 << 30).to_be_bytes()].concat()].concat()).await;
    let pool = server.pool();

    let refused = result(connection(&pool).query(query("lie"))).await;

    assert!(matches!(refused, Err(Error::TooLarge(_))), "{refused:?}");
}

#[tokio::test]
async fn a_connection_that_closes_in_the_middle_of_a_row_is_unavailable() {
    let server = ScriptedServer::start(|_, mut peer| async move {
        peer.welcome().await?;
        peer.request().await?;
        let row = row(&[Some(b"value")]);
        peer.send(&[prepared(), row[..row.len() - 2].to_vec()].concat()).await
    })
    .await;

    let lost = result(connection(&server.pool()).query(query("select"))).await;

    assert!(matches!(lost, Err(Error::Unavailable(_))), "{lost:?}");
}

#[tokio::test]
async fn a_silent_server_is_asked_to_cancel_and_then_left() {
    let server = ScriptedServer::lying(Vec::new()).await;
    let pool = pool_of(&server, |settings| settings.statement_timeout = Duration::from_millis(50)).await;
    let connection = connection(&pool);

    let failed = result(connection.query(query("lie"))).await;

    assert!(matches!(failed, Err(Error::Timeout(_))), "{failed:?}");
    assert!(server.cancels() >= 1);
    // A session of its own has ended the process on the server.
    connection.release().wait().await;
    assert_eq!((server.sessions(), pool.status().open), (2, 0));
}

#[tokio::test]
async fn a_statement_that_catches_a_cancel_gets_another_one() {
    let cancels: Arc<OnceLock<Arc<AtomicUsize>>> = Arc::default();
    let counted = cancels.clone();
    let server = ScriptedServer::start(move |_, mut peer| {
        let cancels = counted.clone();
        async move {
            peer.welcome().await?;
            peer.request().await?;
            while cancels.get()?.load(Ordering::SeqCst) < 2 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            peer.send(&[error("ERROR", "57014"), ready(b'I')].concat()).await?;
            peer.serve(|_| None).await
        }
    })
    .await;
    cancels.set(server.cancels.clone()).unwrap();
    let pool = pool_of(&server, |settings| settings.statement_timeout = Duration::from_millis(50)).await;
    let connection = connection(&pool);

    assert!(matches!(result(connection.query(query("stubborn"))).await, Err(Error::Timeout(_))));

    assert!(result(connection.ready()).await.is_ok());
    assert_eq!((server.sessions(), pool.status().open), (1, 1));
}

/// A server that sends rows until it is asked to cancel. `obeys`: it then ends the statement.
struct Endless {
    server: ScriptedServer,
    /// How many such statements have begun.
    begun: Arc<AtomicUsize>,
}

impl Endless {
    async fn start(obeys: bool) -> Self {
        let (begun, cancels) = (Arc::new(AtomicUsize::new(0)), Arc::new(OnceLock::<Arc<AtomicUsize>>::new()));
        let (counted, of_server) = (begun.clone(), cancels.clone());
        let server = ScriptedServer::start(move |_, mut peer| {
            let (begun, cancels) = (counted.clone(), cancels.clone());
            async move {
                peer.welcome().await?;
                loop {
                    let (statement, tags) = peer.request().await?;
                    if !statement.contains("endless") {
                        peer.send(&answer_to(&tags)).await?;
                        continue;
                    }
                    begun.fetch_add(1, Ordering::SeqCst);
                    peer.send(&prepared()).await?;
                    let rows = row(&[Some(&[b'x'; 1000])]).repeat(100);
                    while !obeys || cancels.get()?.load(Ordering::SeqCst) == 0 {
                        peer.send(&rows).await?;
                    }
                    peer.send(&[error("ERROR", "57014"), ready(b'I')].concat()).await?;
                }
            }
        })
        .await;
        of_server.set(server.cancels.clone()).unwrap();
        Self { server, begun }
    }

    /// A pool for which no answer is too large.
    async fn patient_pool(&self) -> Pool {
        pool_of(&self.server, |settings| (settings.max_rows, settings.max_bytes) = (u64::MAX, 1 << 40)).await
    }

    async fn begun(&self) {
        while self.begun.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn too_many_rows_are_cancelled_and_the_session_goes_on() {
    let Endless { server, .. } = Endless::start(true).await;
    let pool = server.pool();
    let connection = connection(&pool);

    let refused = result(connection.query(query("endless"))).await;

    assert!(matches!(refused, Err(Error::TooLarge(_))), "{refused:?}");
    assert!(result(connection.query(query("fine"))).await.is_ok());
    assert!(server.sessions() == 1 && server.cancels() >= 1);
}

#[tokio::test]
async fn a_server_that_goes_on_after_a_cancel_is_left() {
    let Endless { server, .. } = Endless::start(false).await;
    let pool = server.pool();
    let connection = connection(&pool);

    let refused = result(connection.query(query("endless"))).await;

    assert!(matches!(refused, Err(Error::TooLarge(_))), "{refused:?}");
    assert!(matches!(result(connection.query(query("fine"))).await, Err(Error::Unavailable(_))));
    assert_eq!(pool.status().open, 0);
}

#[tokio::test]
async fn a_dropped_call_cancels_its_statement_and_the_next_call_runs() {
    let endless = Endless::start(true).await;
    let pool = endless.patient_pool().await;
    let connection = connection(&pool);
    let call = connection.query(query("endless"));
    endless.begun().await;

    drop(call);

    assert!(result(connection.query(query("fine"))).await.is_ok());
    assert!(endless.server.sessions() == 1 && endless.server.cancels() >= 1);
}

#[tokio::test]
async fn a_dropped_connection_ends_its_calls_and_comes_back_reset() {
    let endless = Endless::start(true).await;
    let pool = endless.patient_pool().await;
    let first = connection(&pool);
    let running = first.query(query("endless"));
    let waiting = first.query(query("fine"));
    let cursor = first.open_cursor(query("fine"));
    endless.begun().await;

    first.release().wait().await;

    assert!(matches!(running.take(), Some(Err(Error::Invalid(_)))));
    assert!(matches!(waiting.take(), Some(Err(Error::Invalid(_)))));
    assert!(matches!(result(cursor.read(1)).await, Err(Error::Invalid(_))));
    assert!(result(connection(&pool).query(query("fine"))).await.is_ok());
    assert!(endless.server.sessions() == 1 && endless.server.cancels() >= 1);
}

#[tokio::test]
async fn a_statement_is_prepared_once_and_again_when_the_server_forgot_it() {
    let log: Arc<Mutex<String>> = Arc::default();
    let seen = log.clone();
    let server = ScriptedServer::start(move |_, mut peer| {
        peer.log = seen.clone();
        async move {
            peer.welcome().await?;
            let forgets = AtomicUsize::new(0);
            loop {
                let (_, tags) = peer.request().await?;
                // The third time without Parse is the one that fails.
                let unprepared = !tags.contains(&b'P') && tags.contains(&b'B');
                let fails = unprepared && forgets.fetch_add(1, Ordering::SeqCst) == 1;
                let out = if fails { [error("ERROR", "26000"), ready(b'I')].concat() } else { answer_to(&tags) };
                peer.send(&out).await?;
            }
        }
    })
    .await;
    let pool = server.pool();
    let connection = connection(&pool);

    for _ in 0..3 {
        result(connection.query(query("select"))).await.unwrap();
    }

    // The outdated statement is closed, and prepared under another name.
    assert_eq!(*log.lock().unwrap(), "PDBESBESBESCPDBES");
}

#[tokio::test]
async fn a_session_that_cannot_be_reset_is_closed() {
    let server = ScriptedServer::start(|_, mut peer| async move {
        peer.welcome().await?;
        peer.serve(|statement| statement.contains("DISCARD").then(|| [error("ERROR", "42501"), ready(b'I')].concat()))
            .await
    })
    .await;
    let pool = server.pool();
    let first = connection(&pool);
    result(first.ready()).await.unwrap();

    first.release().wait().await;

    assert_eq!(pool.status().open, 0);
}

#[tokio::test]
async fn an_open_transaction_is_rolled_back_in_the_round_trip_of_the_reset() {
    let statements: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = statements.clone();
    let server = ScriptedServer::start(move |_, mut peer| {
        let seen = seen.clone();
        async move {
            peer.welcome().await?;
            peer.serve(move |statement| {
                seen.lock().unwrap().push(statement.to_owned());
                (statement == "begin").then(|| [message(b'C', b"BEGIN\0"), ready(b'T')].concat())
            })
            .await
        }
    })
    .await;
    let pool = server.pool();
    let first = connection(&pool);
    result(first.batch("begin".to_owned())).await.unwrap();
    assert_eq!(first.transaction_status(), TransactionStatus::Open);

    first.release().wait().await;

    let statements = statements.lock().unwrap();
    assert_eq!(statements.len(), 2);
    assert!(statements[1].starts_with("ROLLBACK; SET SESSION AUTHORIZATION DEFAULT; "), "{statements:?}");
    assert_eq!(pool.status().idle, 1);
}

#[tokio::test]
async fn the_deadline_of_the_attempt_ends_calls() {
    let server = ScriptedServer::lying(Vec::new()).await;
    let pool = server.pool();
    let borrower = Borrower::new(Instant::now() + Duration::from_millis(50), TaskTracker::new());
    let connection = Connection::new(&pool, &borrower);

    let failed = result(connection.query(query("lie"))).await;

    assert!(matches!(&failed, Err(Error::Timeout(reason)) if reason.contains("attempt")), "{failed:?}");
}

#[tokio::test]
async fn all_cursors_and_calls_of_a_borrower_count_together() {
    let server = ScriptedServer::lying(Vec::new()).await;
    let (pool, borrower) = (server.pool(), borrower());
    let (first, second) = (Connection::new(&pool, &borrower), Connection::new(&pool, &borrower));
    let mut cursors: Vec<_> = (0..account::CALLS).map(|_| first.open_cursor(query("fine"))).collect();

    assert!(matches!(result(second.query(query("fine"))).await, Err(Error::Invalid(_))));
    assert!(matches!(result(second.open_cursor(query("fine")).read(1)).await, Err(Error::Invalid(_))));
    cursors.pop();
    assert!(result(second.query(query("fine"))).await.is_ok());

    // Their statements and parameters count, too.
    cursors.clear();
    let large = query(&"x".repeat(20 << 20));
    let _held = first.open_cursor(large.clone());
    assert!(matches!(result(second.open_cursor(large).read(1)).await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn answers_that_were_not_taken_count_after_their_connection_was_given_back() {
    let rows = [row(&[Some(&[b'x'; 60_000])]), message(b'C', b"SELECT 1\0"), ready(b'I')].concat();
    let server = ScriptedServer::lying([prepared(), rows].concat()).await;
    let (pool, borrower) = (server.pool(), borrower());
    let mut kept = Vec::new();
    for number in 0..8 {
        let connection = Connection::new(&pool, &borrower);
        let call = connection.query(query(&format!("lie {number}")));
        call.ended().await;
        kept.push(call);
        connection.release().wait().await;
    }

    assert!(matches!(kept.first().and_then(Call::take), Some(Ok(_))));
    assert!(matches!(kept.last().and_then(Call::take), Some(Err(Error::TooLarge(_)))));
    drop(kept);
    assert!(result(Connection::new(&pool, &borrower).query(query("fine"))).await.is_ok());
}

#[tokio::test]
async fn the_task_of_a_connection_ends_when_its_statement_is_cancelled_and_its_session_is_free() {
    let endless = Endless::start(true).await;
    let pool = endless.patient_pool().await;
    let tasks = TaskTracker::new();
    let borrower = Borrower::new(Instant::now() + Duration::from_secs(600), tasks.clone());
    let connection = Connection::new(&pool, &borrower);
    let _call = connection.query(query("endless"));
    endless.begun().await;
    assert_eq!(tasks.len(), 1);

    drop(connection);
    tasks.close();
    tasks.wait().await;

    assert_eq!((endless.server.cancels(), pool.status().idle), (1, 1));
}

#[tokio::test]
async fn what_the_protocol_cannot_carry_is_invalid() {
    let server = ScriptedServer::lying(Vec::new()).await;
    let connection = connection(&server.pool());
    let parameter = Parameter { type_oid: 0, format: crate::Format::Text, value: None };
    let many = Query { parameters: vec![parameter; 70_000], ..query("select 1") };

    assert!(matches!(result(connection.query(query("select '\0'"))).await, Err(Error::Invalid(_))));
    assert!(matches!(result(connection.batch("select '\0'".to_owned())).await, Err(Error::Invalid(_))));
    assert!(matches!(result(connection.query(many)).await, Err(Error::Invalid(_))));
    assert!(matches!(result(connection.open_cursor(query("x")).read(0)).await, Err(Error::Invalid(_))));
    assert!(result(connection.query(query("fine"))).await.is_ok());
}

#[tokio::test]
async fn a_call_that_is_refused_does_not_hide_what_must_be_closed() {
    let log: Arc<Mutex<String>> = Arc::default();
    let seen = log.clone();
    let server = ScriptedServer::start(move |_, mut peer| {
        peer.log = seen.clone();
        async move {
            peer.welcome().await?;
            // It prepares the statement, and then cannot describe it.
            let fails = [message(b'1', &[]), error("ERROR", "22023"), ready(b'I')].concat();
            peer.serve(move |statement| (statement == "bad").then(|| fails.clone())).await
        }
    })
    .await;
    let pool = server.pool();
    let connection = connection(&pool);
    let parameter = Parameter { type_oid: 0, format: crate::Format::Text, value: None };
    let many = Query { parameters: vec![parameter; 70_000], ..query("select 1") };
    assert!(matches!(result(connection.query(query("bad"))).await, Err(Error::Database(_))));

    assert!(matches!(result(connection.query(many.clone())).await, Err(Error::Invalid(_))));
    assert!(matches!(result(connection.open_cursor(many).read(1)).await, Err(Error::Invalid(_))));
    result(connection.query(query("fine"))).await.unwrap();

    assert_eq!(*log.lock().unwrap(), "PDBESCPDBES");
}

#[tokio::test]
async fn an_idle_session_that_the_server_has_closed_is_not_lent() {
    let server = ScriptedServer::start(|number, mut peer| async move {
        peer.welcome().await?;
        // The first session ends after its reset, with a last word.
        for _ in 0..if number == 0 { 2 } else { usize::MAX } {
            let (_, tags) = peer.request().await?;
            peer.send(&answer_to(&tags)).await?;
        }
        peer.send(&error("FATAL", "57P01")).await
    })
    .await;
    let pool = server.pool();
    let first = connection(&pool);
    result(first.query(query("fine"))).await.unwrap();
    first.release().wait().await;

    // The word may still be on its way: then the call fails, and the next borrower gets another session.
    let outcome = result(connection(&pool).query(query("fine"))).await;
    if outcome.is_err() {
        assert!(matches!(outcome, Err(Error::Unavailable(_))));
        assert!(result(connection(&pool).query(query("fine"))).await.is_ok());
    }

    assert_eq!(server.sessions(), 2);
}

#[tokio::test]
async fn a_borrower_that_waits_too_long_gets_an_error_that_says_so() {
    let server = ScriptedServer::lying(Vec::new()).await;
    let pool = pool_of(&server, |settings| {
        settings.connections = 1;
        settings.connect_timeout = Duration::from_millis(50);
    })
    .await;
    // The handshake with a server on a busy machine may take longer than that.
    let first = loop {
        let first = connection(&pool);
        if result(first.ready()).await.is_ok() {
            break first;
        }
    };

    let failed = result(connection(&pool).ready()).await;

    assert!(matches!(&failed, Err(Error::Unavailable(reason)) if reason.contains("became free")), "{failed:?}");
    drop(first);
}

#[tokio::test]
async fn settings_of_the_server_are_shown_and_bounded() {
    let server = ScriptedServer::start(|_, mut peer| async move {
        peer.welcome_with(&[("server_version", "18.4")]).await?;
        let flood = (0..1000).flat_map(|number| message(b'S', format!("x{number}\0y\0").as_bytes())).collect();
        let flood: Vec<u8> = flood;
        peer.serve(move |_| Some([flood.clone(), answer_to(b"PDBES")].concat())).await
    })
    .await;
    let pool = server.pool();
    let connection = connection(&pool);
    assert!(connection.server_settings().is_empty());
    result(connection.query(query("fine"))).await.unwrap();

    let settings = connection.server_settings();

    assert!(settings.contains(&("server_version".to_owned(), "18.4".to_owned())));
    assert!(settings.len() <= 64, "{}", settings.len());
}

#[tokio::test]
async fn a_closed_pool_lends_nothing_and_closes_what_comes_back() {
    let server = ScriptedServer::lying(Vec::new()).await;
    let pool = server.pool();
    let first = connection(&pool);
    result(first.ready()).await.unwrap();

    pool.close();

    assert!(matches!(result(connection(&pool).ready()).await, Err(Error::Unavailable(_))));
    assert!(result(first.query(query("fine"))).await.is_ok());
    first.release().wait().await;
    assert_eq!(pool.status().open, 0);
}
