use bytes::BytesMut;
use postgres_protocol::message::backend::Message;
use proptest::prelude::*;

use super::pipeline::Expect;
use super::*;
use crate::answer::{Answer, TransactionStatus};
use crate::error::Error;
use crate::testing::{columns, error, message, ready, row};

const WIDE: Bounds = Bounds { rows: 1000, bytes: 1024 * 1024 };
const QUERY: [Expect; 5] = [
    Expect::Parsed { kept: true },
    Expect::Described,
    Expect::Bound { kept: true },
    Expect::Executed { kept: true },
    Expect::Ready,
];
const SIMPLE: [Expect; 2] = [Expect::Simple, Expect::Ready];

/// Gives these bytes to the state machine. Returns what the last message has changed.
fn feed(reply: &mut Reply, bytes: &[u8]) -> Result<Progress, WireError> {
    let mut input = BytesMut::from(bytes);
    let mut last = Progress::More;
    while let Some(message) = parse(&mut input)? {
        last = reply.on(message)?;
    }
    Ok(last)
}

fn parse(input: &mut BytesMut) -> Result<Option<Message>, WireError> {
    Message::parse(input).map_err(|_| WireError::Violation("malformed"))
}

fn reply(expected: &[Expect], bounds: Bounds) -> Reply {
    Reply::new(expected.iter().copied().collect(), bounds, None)
}

/// The replies to Parse, Describe and Bind of a statement with one column.
fn prepared() -> Vec<u8> {
    [message(b'1', &[]), message(b't', &[0, 0]), columns(&["a"]), message(b'2', &[])].concat()
}

fn answers(reply: Reply) -> Vec<Answer> {
    reply.into_result().unwrap()
}

#[test]
fn a_query_has_one_answer_with_its_rows_as_they_came() {
    let mut reply = reply(&QUERY, WIDE);
    let rows = [row(&[Some(b"x")]), row(&[None])].concat();
    let bytes = [prepared(), rows, message(b'C', b"SELECT 2\0"), ready(b'T')].concat();

    assert_eq!(feed(&mut reply, &bytes).unwrap(), Progress::Done);

    assert_eq!((reply.is_parsed(), reply.status()), (true, Some(TransactionStatus::Open)));
    let answers = answers(reply);
    assert_eq!((answers.len(), answers[0].row_count, answers[0].command.as_str()), (1, 2, "SELECT 2"));
    assert_eq!((answers[0].columns[0].name.as_str(), answers[0].columns[0].type_oid), ("a", 25));
    assert_eq!(answers[0].rows, [0, 0, 0, 1, b'x', 0xff, 0xff, 0xff, 0xff]);
}

#[test]
fn a_batch_has_an_answer_for_each_statement() {
    let mut reply = reply(&SIMPLE, WIDE);
    let bytes = [
        message(b'C', b"BEGIN\0"),
        columns(&["a"]),
        row(&[Some(b"1")]),
        message(b'C', b"SELECT 1\0"),
        message(b'C', b"COMMIT\0"),
        ready(b'I'),
    ]
    .concat();

    assert_eq!(feed(&mut reply, &bytes).unwrap(), Progress::Done);

    let commands: Vec<_> = answers(reply).into_iter().map(|answer| (answer.command, answer.row_count)).collect();
    assert_eq!(commands, [("BEGIN".to_owned(), 0), ("SELECT 1".to_owned(), 1), ("COMMIT".to_owned(), 0)]);
}

#[test]
fn an_error_skips_everything_up_to_the_end_of_the_pipeline() {
    let mut reply = reply(&QUERY, WIDE);

    assert_eq!(feed(&mut reply, &error("ERROR", "42601")).unwrap(), Progress::More);
    assert_eq!(feed(&mut reply, &ready(b'I')).unwrap(), Progress::Done);

    assert!(matches!(reply.into_result(), Err(Error::Database(error)) if error.code == "42601"));
}

#[test]
fn a_deferred_constraint_fails_after_the_answer() {
    let mut reply = reply(&QUERY, WIDE);
    let bytes = [prepared(), message(b'C', b"INSERT 0 1\0"), error("ERROR", "23503"), ready(b'I')].concat();

    assert_eq!(feed(&mut reply, &bytes).unwrap(), Progress::Done);

    assert!(matches!(reply.into_result(), Err(Error::Database(_))));
}

#[test]
fn too_many_rows_cancel_the_statement_once_and_free_the_answer() {
    let mut reply = reply(&QUERY, Bounds { rows: 2, bytes: 1000 });
    let one = row(&[Some(b"x")]);
    feed(&mut reply, &[prepared(), one.clone(), one.clone()].concat()).unwrap();

    assert_eq!(feed(&mut reply, &one).unwrap(), Progress::Cancel);
    assert_eq!(feed(&mut reply, &one).unwrap(), Progress::More);
    assert_eq!(feed(&mut reply, &[error("ERROR", "57014"), ready(b'I')].concat()).unwrap(), Progress::Done);

    assert!(matches!(reply.into_result(), Err(Error::TooLarge(reason)) if reason.contains("2 rows")));
}

#[test]
fn the_bytes_of_all_answers_of_a_batch_count_together() {
    let mut reply = reply(&SIMPLE, Bounds { rows: 100, bytes: 1000 });
    let one = [columns(&["a"]), row(&[Some(&[0; 150])]), message(b'C', b"SELECT 1\0")].concat();
    feed(&mut reply, &[one.clone(), one.clone()].concat()).unwrap();

    assert_eq!(feed(&mut reply, &one[..one.len() - 14]).unwrap(), Progress::More);
    assert_eq!(feed(&mut reply, &message(b'C', b"SELECT 1\0")).unwrap(), Progress::More);
    assert_eq!(feed(&mut reply, &one).unwrap(), Progress::More);

    assert!(matches!(reply.into_result(), Err(Error::TooLarge(reason)) if reason.contains("1000 bytes")));
}

#[test]
fn statements_without_rows_fill_the_memory_neither() {
    let mut reply = reply(&SIMPLE, Bounds { rows: 100, bytes: 1000 });
    let one = message(b'C', b"SET\0");

    let cancelled = (0..10).any(|_| feed(&mut reply, &one).unwrap() == Progress::Cancel);

    assert!(cancelled);
}

#[test]
fn copy_is_refused_in_the_way_that_the_protocol_needs() {
    let copy = message(b'G', &[0, 0, 0]);
    let extended = [Expect::Executed { kept: true }, Expect::Ready];
    let followed = [Expect::Executed { kept: true }, Expect::Parsed { kept: false }, Expect::Ready];
    let flushed = [Expect::Executed { kept: true }];
    let cases: [(&[Expect], bool, bool); 4] =
        [(&SIMPLE, true, false), (&extended, true, true), (&followed, false, false), (&flushed, true, false)];
    for (expected, fail, sync) in cases {
        let mut reply = reply(expected, WIDE);
        assert_eq!(feed(&mut reply, &copy).unwrap(), Progress::RefuseCopy { fail, sync }, "{expected:?}");
        feed(&mut reply, &error("ERROR", "57014")).unwrap();
        assert!(matches!(reply.into_result(), Err(Error::Invalid(_))));
    }
}

#[test]
fn copy_to_the_client_is_cancelled_and_its_data_discarded() {
    let mut reply = reply(&SIMPLE, WIDE);

    assert_eq!(feed(&mut reply, &message(b'H', &[0, 0, 0])).unwrap(), Progress::Cancel);
    let rest = [message(b'd', b"1\n"), message(b'c', &[]), message(b'C', b"COPY 1\0"), ready(b'I')].concat();
    assert_eq!(feed(&mut reply, &rest).unwrap(), Progress::Done);

    assert!(matches!(reply.into_result(), Err(Error::Invalid(_))));
}

#[test]
fn messages_in_the_wrong_order_are_violations() {
    let cases: [&[u8]; 12] = [
        &message(b'2', &[]),
        &message(b'C', b"SELECT 1\0"),
        &ready(b'I'),
        &row(&[Some(b"x")]),
        &[prepared(), row(&[Some(b"x"), None])].concat(),
        &[prepared(), row(&[])].concat(),
        &[prepared(), message(b'D', &[0, 1, 0, 0, 0, 9, b'x'])].concat(),
        &[prepared(), message(b'D', &[0, 1, 0xff, 0xff, 0xff, 0xfe])].concat(),
        &[prepared(), message(b'd', b"data")].concat(),
        &[prepared(), message(b'C', b"SELECT 0\0"), ready(b'?')].concat(),
        &[prepared(), message(b'C', b"SELECT 0\0"), ready(b'I'), ready(b'I')].concat(),
        &message(b'R', &[0, 0, 0, 0]),
    ];
    for bytes in cases {
        let mut reply = reply(&QUERY, WIDE);
        assert!(matches!(feed(&mut reply, bytes), Err(WireError::Violation(_))), "{bytes:?}");
    }
}

#[test]
fn a_row_before_its_columns_and_a_second_description_are_violations() {
    for bytes in [row(&[]), [columns(&["a"]), columns(&["a"])].concat()] {
        let mut reply = reply(&SIMPLE, WIDE);
        assert!(matches!(feed(&mut reply, &bytes), Err(WireError::Violation(_))));
    }
}

#[tokio::test]
async fn a_message_over_its_limit_is_refused_before_its_body_is_there() {
    let limits = Limits { row: 100, other: 50 };
    for (tag, length) in [(b'D', 101_u32), (b'D', u32::MAX / 2), (b'N', 51), (b'N', 0), (b'D', 0x8000_0000)] {
        let (client, mut server) = tokio::io::duplex(64);
        let mut frames = Frames::new(Box::new(client), limits);
        let header = [&[tag][..], &length.to_be_bytes()].concat();
        tokio::io::AsyncWriteExt::write_all(&mut server, &header).await.unwrap();

        let received = frames.receive().await;

        let refused =
            matches!(received, Err(WireError::LongRow(_) | WireError::LongMessage(_) | WireError::Violation(_)));
        assert!(refused, "{tag} {length}");
    }
}

proptest! {
    #[test]
    fn any_bytes_of_a_server_are_read_or_refused(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        simple in any::<bool>(),
    ) {
        let mut reply = reply(if simple { &SIMPLE } else { &QUERY }, WIDE);
        let _ = feed(&mut reply, &bytes);
        let _ = reply.into_result();
    }

    #[test]
    fn any_messages_of_a_server_are_read_or_refused(
        messages in proptest::collection::vec(("[12CDEGHIKNSTZcdnst]", proptest::collection::vec(any::<u8>(), 0..20)), 0..20),
        simple in any::<bool>(),
    ) {
        let mut reply = reply(if simple { &SIMPLE } else { &QUERY }, WIDE);
        for (tag, body) in messages {
            if feed(&mut reply, &message(tag.as_bytes()[0], &body)).is_err() {
                break;
            }
        }
    }
}
