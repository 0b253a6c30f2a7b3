use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn host(name: &str, port: u16) -> Host {
    Host { name: name.to_owned(), port }
}

#[test]
fn a_url_gives_all_parts() {
    let target = Target::parse(
        "postgresql://app:p%40ss%25@db-1:6432,db-2,[::1]:5433/orders?sslmode=verify-full&sslrootcert=/etc/ca.pem\
         &application_name=shop&options=-c%20search_path%3Da&connect_timeout=3&target_session_attrs=read-write",
    )
    .unwrap();

    assert_eq!(target.hosts, [host("db-1", 6432), host("db-2", 5432), host("::1", 5433)]);
    assert_eq!((target.user.as_str(), target.password.as_deref()), ("app", Some("p@ss%")));
    assert_eq!(target.database, "orders");
    assert_eq!(target.ssl_mode, SslMode::VerifyFull);
    assert_eq!(target.root_certificates.as_deref(), Some(Path::new("/etc/ca.pem")));
    assert_eq!(target.application_name.as_deref(), Some("shop"));
    assert_eq!(target.options.as_deref(), Some("-c search_path=a"));
    assert_eq!(target.connect_timeout, Some(Duration::from_secs(3)));
    assert_eq!(target.attributes, SessionAttributes::ReadWrite);
}

#[test]
fn pairs_give_the_same_parts_as_a_url() {
    let pairs =
        Target::parse(r"host=a,b port=1,2 user = app password='it\'s a \\' dbname=orders sslmode=require").unwrap();
    let url = Target::parse("postgres://app:it%27s%20a%20%5C@a:1,b:2/orders?sslmode=require").unwrap();

    assert_eq!(pairs, url);
}

#[test]
fn defaults_are_those_of_libpq() {
    let target = Target::parse("postgres://app@db").unwrap();

    assert_eq!(target.hosts, [host("db", 5432)]);
    assert_eq!((target.database.as_str(), target.password.as_deref()), ("app", None));
    assert_eq!((target.ssl_mode, target.attributes), (SslMode::Prefer, SessionAttributes::Any));
}

#[test]
fn hosts_of_a_url_can_be_options() {
    let target = Target::parse("postgres://app@/orders?host=a,b&port=7").unwrap();

    assert_eq!(target.hosts, [host("a", 7), host("b", 7)]);
}

#[test]
fn a_password_may_contain_an_at_sign_and_colons() {
    let target = Target::parse("postgres://app:a@b:c@db/orders").unwrap();

    assert_eq!((target.password.as_deref(), target.hosts[0].name.as_str()), (Some("a@b:c"), "db"));
}

#[test]
fn mistakes_are_named_without_the_text() {
    let cases = [
        ("", TargetError::Syntax),
        ("secret", TargetError::Syntax),
        ("mysql://app:secret@db", TargetError::Syntax),
        ("host=db user=app password='secret", TargetError::Syntax),
        ("postgres://app:50%secret@db", TargetError::Encoding),
        ("postgres://app:secret%00@db", TargetError::Zero),
        ("postgres://app:secret@/orders", TargetError::NoHost),
        ("postgres://app:secret@a,,b/orders", TargetError::NoHost),
        ("host=/var/run user=app password=secret", TargetError::UnixSocket),
        ("postgres://app:secret@db:0", TargetError::Port),
        ("postgres://app:secret@db:secret", TargetError::Port),
        ("host=a,b,c port=1,2 user=app password=secret", TargetError::Port),
        ("postgres://db/orders", TargetError::NoUser),
        ("postgres://app@db?secret=1", TargetError::Unknown(3)),
        ("postgres://app@db?sslcert=secret", TargetError::Unknown(3)),
        ("postgres://app@db?client_encoding=secret", TargetError::Value("client_encoding", "UTF8")),
        ("postgres://app@db?connect_timeout=secret", TargetError::Value("connect_timeout", "a number of seconds")),
    ];
    for (text, expected) in cases {
        let error = Target::parse(text).unwrap_err();
        assert_eq!(error, expected, "{text}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[test]
fn debug_output_hides_the_password_and_the_options() {
    let target = Target::parse("postgres://app:secret@db/orders?options=-csecret").unwrap();

    assert!(!format!("{target:?}").contains("secret"));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "(postgres(ql)?://)?[a-z:@/?&=,%'\\\\\\[\\] 0-9\\PC]{0,60}") {
        let _ = Target::parse(&text);
    }

    #[test]
    fn any_password_survives_pairs(password in "[^\0]{1,20}") {
        let quoted = password.replace('\\', "\\\\").replace('\'', "\\'");
        let target = Target::parse(&format!("host=db user=app password='{quoted}'")).unwrap();
        prop_assert_eq!(target.password, Some(password));
    }
}
