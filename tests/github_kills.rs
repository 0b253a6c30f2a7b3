//! `github-sync` under a host that is killed again and again.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use toril_tests::{GithubServer, RedisServer, Toril, github, wait_until};

const JOBS: usize = 200;
const REPOSITORIES: usize = 20;
const ISSUES: usize = 30;
/// How often the host is killed while jobs run.
const KILLS: usize = 12;
/// The moments are the same on every run, as far as the machine's speed lets them be.
const SEED: u64 = 4;
/// Far more than it takes: jobs whose host has died wait until that is noticed.
const BOUND: Duration = Duration::from_secs(300);

fn host(redis: &RedisServer, github: &GithubServer) -> Toril {
    let url = github.url();
    let config = format!(
        "[queues.github-sync]\nplugin = \"github-sync\"\nconcurrency = 8\nlock_duration = \"1s\"\n\
         stalled_interval = \"500ms\"\nmax_stalled = 1000\n[plugins.github-sync]\nhttp = [{url:?}]\nkeyvalue = true\n\
         config = {{ api-url = {url:?}, page-size = \"5\" }}\n"
    );
    Toril::new().redis(redis.url()).plugin("github-sync").config(config)
}

/// How many jobs of the queue are in each state.
async fn counts(toril: &Toril) -> Value {
    toril.cli(["queues", "--json"]).await.succeeded().json()[0].clone()
}

/// What is kept of a repository: the titles of its issues by number, as the items say, and the keys of the index.
async fn kept(redis: &RedisServer, id: &Value) -> (BTreeMap<u64, String>, Vec<u64>) {
    let mut connection = redis.connection().await;
    let of = format!("toril:plugin:github-sync:repo:{id}:issues:");
    let keys: Vec<String> =
        redis::cmd("KEYS").arg(format!("{of}item:*")).query_async(&mut connection).await.expect("KEYS");
    let mut titles = BTreeMap::new();
    for key in keys {
        let text: String = redis::cmd("GET").arg(&key).query_async(&mut connection).await.expect("GET");
        let issue: Value = serde_json::from_str(&text).expect("JSON");
        titles.insert(issue["number"].as_u64().expect("a number"), issue["title"].to_string());
    }
    let index: String = redis::cmd("GET").arg(format!("{of}index")).query_async(&mut connection).await.expect("GET");
    let index: Value = serde_json::from_str(&index).expect("JSON");
    let mut numbers: Vec<u64> =
        index["items"].as_object().expect("items").keys().filter_map(|key| key.parse().ok()).collect();
    numbers.sort_unstable();
    (titles, numbers)
}

#[tokio::test]
async fn two_hundred_jobs_under_kill_9_end_completed_with_the_right_state_in_the_store() {
    let (redis, github) = (RedisServer::start().await, github::serve().await);
    let repositories: Vec<String> = (0..REPOSITORIES).map(|n| format!("octo-org/repository-{n}")).collect();
    for repo in &repositories {
        github.add_repository("octo-org", repo.trim_start_matches("octo-org/"));
        github.add_issues(repo, ISSUES);
    }
    github.slow_down(Duration::from_millis(50));
    let mut toril = host(&redis, &github);
    for job in 0..JOBS {
        let repo = &repositories[job % REPOSITORIES];
        let data = json!({ "repo": repo, "resources": ["issues", "labels"], "full": job % 3 == 0 });
        toril.cli(["add", "github-sync", "sync", "--data", &data.to_string()]).await.succeeded();
    }

    let mut random = fastrand::Rng::with_seed(SEED);
    let mut in_flight = 0;
    toril.start(["run"]);
    for kill in 0..KILLS {
        toril.wait_ready().await;
        tokio::time::sleep(Duration::from_millis(random.u64(100..900))).await;
        if kill == KILLS / 2 {
            for repo in &repositories {
                github.retitle_issue(repo, 5, "changed on the way");
                github.delete_issue(repo, 9);
            }
        }
        in_flight += usize::from(counts(&toril).await["active"] != 0);
        toril.kill();
        toril.start(["run"]);
    }
    assert!(in_flight > KILLS / 2, "jobs ran at only {in_flight} of the kills");
    wait_until("all jobs to end", BOUND, async || {
        let counts = counts(&toril).await;
        assert_eq!(counts["failed"], 0, "{counts}");
        counts["completed"] == JOBS
    })
    .await;

    github.slow_down(Duration::ZERO);
    let data = json!({ "repo": repositories[0], "resources": ["issues"], "full": true }).to_string();
    for repo in &repositories {
        let data = data.replace(&repositories[0], repo);
        let result = toril.cli(["add", "github-sync", "sync", "--data", &data, "--wait"]).await.succeeded().json();
        assert_eq!(result["created"], 0, "{result}");
        let (titles, index) = kept(&redis, &result["id"]).await;
        let numbers: Vec<u64> = (1..=ISSUES as u64 + 2).filter(|number| *number != 9).collect();
        assert_eq!((titles.keys().copied().collect::<Vec<_>>(), index), (numbers.clone(), numbers), "{repo}");
        assert_eq!(titles[&5], "\"changed on the way\"", "{repo}");
    }
}
