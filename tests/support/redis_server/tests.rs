use redis::{AsyncCommands, RedisResult, TlsCertificates};

use super::*;

#[tokio::test]
async fn acknowledged_writes_survive_a_stop_and_a_kill() -> RedisResult<()> {
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
async fn a_server_answers_at_its_url_with_its_arguments() -> RedisResult<()> {
    let redis = RedisServer::start_with(&["--maxmemory", "64mb"]).await;
    let mut connection = Client::open(redis.url())?.get_multiplexed_async_connection().await?;
    let limit: (String, u64) = redis::cmd("CONFIG").arg("GET").arg("maxmemory").query_async(&mut connection).await?;
    assert_eq!(limit.1, 64 * 1024 * 1024);
    Ok(())
}

#[tokio::test]
async fn a_paused_server_answers_after_it_continues() -> RedisResult<()> {
    let mut redis = RedisServer::start().await;
    let mut connection = redis.connection().await;
    redis.pause();
    let asked = tokio::time::timeout(std::time::Duration::from_millis(200), connection.exists::<_, bool>("a")).await;
    assert!(asked.is_err());
    redis.resume();
    assert!(!redis.connection().await.exists::<_, bool>("a").await?);
    Ok(())
}

#[tokio::test]
async fn only_a_client_that_trusts_the_ca_connects_with_tls() -> RedisResult<()> {
    let redis = RedisServer::start_tls().await;
    let trusting = |root_cert| Client::build_with_tls(redis.url(), TlsCertificates { client_tls: None, root_cert });
    let mut connection = trusting(fs::read(redis.ca_path()).ok())?.get_multiplexed_async_connection().await?;
    let _: () = connection.set("a", 1).await?;
    assert_eq!(redis.connection().await.get::<_, i32>("a").await?, 1);
    assert!(trusting(None)?.get_multiplexed_async_connection().await.is_err());
    Ok(())
}

#[tokio::test]
async fn a_cluster_keeps_its_slots_during_a_restart_and_a_move() -> RedisResult<()> {
    let mut cluster = RedisCluster::start().await;
    let queue = cluster.queue_on(1, "work").await;
    let _: () = cluster.connection(&queue).await.set(&queue, 1).await?;
    cluster.node_mut(1).kill();
    cluster.node_mut(1).restart().await;
    cluster.wait_ok().await;

    cluster.move_slot(&queue, 2).await;

    assert_eq!(cluster.owner(&queue).await, 2);
    assert_eq!(cluster.connection(&queue).await.get::<_, i32>(&queue).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_replica_is_promoted_when_the_master_is_killed_and_has_what_was_replicated() -> RedisResult<()> {
    let mut group = RedisSentinel::start().await;
    let _: () = group.connection().await.set("a", 1).await?;
    group.wait_replicated().await;

    let old = group.kill_master().await;
    let new = group.wait_promoted(old).await;

    assert_eq!(group.server(new).connection().await.get::<_, i32>("a").await?, 1);
    group.server_mut(old).restart().await;
    group.wait_demoted(old).await;
    Ok(())
}

#[tokio::test]
async fn a_replica_is_promoted_while_the_master_runs() {
    let mut group = RedisSentinel::start().await;
    let old = group.master().await;
    let new = group.promote().await;
    assert_ne!(new, old);
    group.wait_demoted(old).await;
}
