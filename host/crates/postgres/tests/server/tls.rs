use super::*;

async fn connect(url: &str, server: &PostgresServer, ca: bool) -> Result<String, Error> {
    let pool = pool_with(url, |settings| settings.ca = ca.then(|| server.ca_path()));
    let connection = connection(&pool);
    let rows = rows(&connection, "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()").await?;
    Ok(rows[0][0].clone().unwrap_or_default())
}

#[tokio::test]
async fn each_ssl_mode_checks_what_libpq_checks() {
    let server = PostgresServer::start_tls().await;
    let right = server.url();
    // The certificate is not for this address.
    let wrong = server.url_at("127.0.0.2", server.port());
    // The mode, whether the CA file is given, and whether a right and a wrong name connect.
    let cases = [
        ("prefer", false, true, true),
        ("require", false, true, true),
        ("require", true, true, true),
        ("verify-ca", true, true, true),
        ("verify-full", true, true, false),
        ("verify-full", false, false, false),
        ("disable", false, false, false),
    ];
    for (mode, ca, right_connects, wrong_connects) in cases {
        for (url, connects) in [(&right, right_connects), (&wrong, wrong_connects)] {
            let outcome = connect(&format!("{url}?sslmode={mode}"), &server, ca).await;
            assert_eq!(outcome.is_ok(), connects, "{mode} {ca} {url}: {outcome:?}");
            assert!(outcome.is_err() || outcome == Ok("TLSv1.3".to_owned()));
        }
    }
}

#[tokio::test]
async fn an_unknown_authority_is_refused() {
    let (server, other) = (PostgresServer::start_tls().await, PostgresServer::start_tls().await);
    for mode in ["require", "verify-ca", "verify-full"] {
        let outcome = connect(&format!("{}?sslmode={mode}", server.url()), &other, true).await;
        assert!(matches!(outcome, Err(Error::Unavailable(_))), "{mode}: {outcome:?}");
    }
    let target = Target::parse(&format!("{}?sslmode=verify-ca", server.url())).unwrap();
    assert!(Pool::new(Settings { target, ..settings(&server.url()) }, Arc::new(())).is_err());
}

#[tokio::test]
async fn the_authentication_can_be_bound_to_the_certificate() {
    let server = PostgresServer::start_tls().await;

    let bound = connect(&format!("{}?sslmode=require&channel_binding=require", server.url()), &server, false).await;

    assert!(bound.is_ok(), "{bound:?}");
}

#[tokio::test]
async fn a_statement_is_cancelled_over_tls() {
    let server = PostgresServer::start_tls().await;
    let pool = pool_with(&format!("{}?sslmode=require", server.url()), |settings| {
        settings.statement_timeout = Duration::from_secs(2);
    });
    let connection = connection(&pool);
    let process = backend(&connection).await;

    assert!(matches!(rows(&connection, "SELECT pg_sleep(600)").await, Err(Error::Timeout(_))));

    assert_eq!(backend(&connection).await, process);
}
