use redis::{AsyncCommands, RedisResult, TlsCertificates};

use super::*;

#[tokio::test]
async fn what_was_acknowledged_outlives_the_servers_end_and_its_death() -> RedisResult<()> {
    let mut redis = RedisServer::start().await;
    let url = redis.url();
    let _: () = redis.connection().await.set("a", 1).await?;
    redis.restart().await;
    let _: () = redis.connection().await.set("b", 2).await?;
    redis.kill();
    redis.restart().await;
    assert_eq!(redis.url(), url);
    let kept: (i32, i32) = redis.connection().await.mget(&["a", "b"]).await?;
    assert_eq!(kept, (1, 2));
    Ok(())
}

#[tokio::test]
async fn it_answers_at_its_url_with_the_arguments_that_it_was_given() -> RedisResult<()> {
    let redis = RedisServer::start_with(&["--maxmemory", "64mb"]).await;
    let mut connection = Client::open(redis.url())?.get_multiplexed_async_connection().await?;
    let limit: (String, u64) = redis::cmd("CONFIG").arg("GET").arg("maxmemory").query_async(&mut connection).await?;
    assert_eq!(limit.1, 64 * 1024 * 1024);
    Ok(())
}

#[tokio::test]
async fn a_paused_server_answers_once_it_runs_on() -> RedisResult<()> {
    let mut redis = RedisServer::start().await;
    let mut connection = redis.connection().await;
    redis.pause();
    let asked = tokio::time::timeout(Duration::from_millis(200), connection.exists::<_, bool>("a")).await;
    assert!(asked.is_err());
    redis.resume();
    assert!(!redis.connection().await.exists::<_, bool>("a").await?);
    Ok(())
}

#[tokio::test]
async fn tls_is_spoken_to_who_trusts_the_ca_and_to_nobody_else() -> RedisResult<()> {
    let redis = RedisServer::start_tls().await;
    let trusting = |root_cert| Client::build_with_tls(redis.url(), TlsCertificates { client_tls: None, root_cert });
    let mut connection = trusting(fs::read(redis.ca_path()).ok())?.get_multiplexed_async_connection().await?;
    let _: () = connection.set("a", 1).await?;
    assert_eq!(redis.connection().await.get::<_, i32>("a").await?, 1);
    assert!(trusting(None)?.get_multiplexed_async_connection().await.is_err());
    Ok(())
}
