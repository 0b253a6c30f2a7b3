//! `github-sync` and two hundred repositories that change by chance, also while they are synced: in the end, what is kept
//! is what GitHub has, and until then nothing is removed that GitHub still has.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use toril_tests::github::case::Case;
use toril_tests::wait::LONG;
use toril_tests::wait_until;

const REPOSITORIES: usize = 200;
const ROUNDS: usize = 2;
/// `TORIL_SEED=N` plays other histories.
const SEED: u64 = 14;
const RESOURCES: [&str; 4] = ["issues", "comments", "labels", "commits"];
/// Somewhere within the dates of what is changed.
const SINCE: &str = "2025-01-01T00:00:20Z";
static NONE: BTreeSet<String> = BTreeSet::new();

/// Adds a sync of every repository.
async fn add_all(case: &Case, repositories: &[String], data: impl Fn(usize) -> Value) {
    let lines: String = repositories
        .iter()
        .enumerate()
        .map(|(n, repo)| {
            let mut data = data(n);
            data["repo"] = json!(repo);
            format!("{}\n", json!({ "name": "sync", "data": data }))
        })
        .collect();
    let file = case.toril.folder().join("jobs.ndjson");
    std::fs::write(&file, lines).expect("writes the jobs");
    case.toril.cli(["add", "github-sync", "--bulk", &file.to_string_lossy()]).await.succeeded();
}

/// Whether no job is left to be run. Fails if one failed.
async fn is_done(case: &Case) -> bool {
    let queue = case.toril.cli(["queues", "--json"]).await.succeeded().json()[0].clone();
    assert_eq!(queue["failed"], 0, "{queue}");
    ["waiting", "active", "delayed", "prioritized"].iter().all(|state| queue[*state] == 0)
}

/// The keys of all items that are kept, by `REPOSITORY ID:RESOURCE`.
async fn kept(case: &Case) -> BTreeMap<String, BTreeSet<String>> {
    let mut kept: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for key in case.keys("repo:*:item:*").await {
        // toril:plugin:github-sync:repo:ID:RESOURCE:item:KEY
        let steps: Vec<_> = key.splitn(8, ':').collect();
        kept.entry(format!("{}:{}", steps[4], steps[5])).or_default().insert(steps[7].to_owned());
    }
    kept
}

/// A sync of two resources.
fn job_by_chance(random: &mut fastrand::Rng) -> Value {
    let first = random.usize(..RESOURCES.len());
    let resources = [RESOURCES[first], RESOURCES[(first + 1) % RESOURCES.len()]];
    let mut data = json!({ "full": random.bool(), "resources": resources });
    if random.u8(..4) == 0 {
        data["since"] = json!(SINCE);
    }
    data
}

#[tokio::test]
async fn what_is_kept_of_two_hundred_random_histories_is_what_github_has() {
    histories("").await;
}

#[tokio::test]
async fn what_is_kept_of_two_hundred_random_histories_without_a_bound_is_what_github_has() {
    histories(", keep = \"all\"").await;
}

async fn histories(settings: &str) {
    let seed = std::env::var("TORIL_SEED").map_or(SEED, |seed| seed.parse().expect("TORIL_SEED is a number"));
    println!("TORIL_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let case = Case::with(&format!(", page-size = \"8\"{settings}"), "").await;
    let repositories: Vec<_> = (0..REPOSITORIES).map(|n| format!("octo-org/repository-{n}")).collect();
    for repo in &repositories {
        case.github.add_repository("octo-org", repo.trim_start_matches("octo-org/"));
        (0..30).for_each(|_| case.github.change(repo, &mut random));
    }

    let mut before = BTreeMap::new();
    for round in 0..ROUNDS {
        let jobs: Vec<_> = repositories.iter().map(|_| job_by_chance(&mut random)).collect();
        add_all(&case, &repositories, |n| jobs[n].clone()).await;
        // While they run.
        while !is_done(&case).await {
            for _ in 0..REPOSITORIES / 4 {
                let repo = random.choice(&repositories).expect("there are some");
                case.github.change(repo, &mut random);
            }
        }
        let now = kept(&case).await;
        for repo in &repositories {
            for resource in RESOURCES {
                let place = format!("{}:{resource}", case.github.id_of(repo));
                let there = case.github.keys_of(repo, resource);
                let (had, has) = (before.get(&place).unwrap_or(&NONE), now.get(&place).unwrap_or(&NONE));
                let removed: Vec<_> = had.difference(has).filter(|key| there.contains(*key)).collect();
                assert!(removed.is_empty(), "round {round}: {resource} of {repo} lost {removed:?}");
            }
        }
        before = now;
    }

    add_all(&case, &repositories, |_| json!({ "full": true, "resources": RESOURCES })).await;
    wait_until("all jobs to have ended", LONG * 4, async || is_done(&case).await).await;
    let now = kept(&case).await;
    for repo in &repositories {
        for resource in RESOURCES {
            let has = now.get(&format!("{}:{resource}", case.github.id_of(repo))).unwrap_or(&NONE);
            assert_eq!(*has, case.github.keys_of(repo, resource), "{resource} of {repo}");
        }
    }
}
