//! What there is at this GitHub.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::app::App;

const LIMIT: u32 = 5000;
const HOUR: u64 = 3600;
/// When everything began: 2025-01-01T00:00:00Z.
const BEGINNING: u64 = 1_735_689_600;

/// The repositories that there are: owner, name, language, stars, topics.
const REPOSITORIES: [(&str, &str, &str, u32, &[&str]); 3] = [
    ("octo-org", "hello-world", "Rust", 80, &["octocat", "api"]),
    ("octo-org", "octo-repo", "TypeScript", 1296, &[]),
    ("octocat", "spoon-knife", "HTML", 12_700, &["fork", "example"]),
];

/// All repositories, and what the client may do.
#[derive(Debug)]
pub(super) struct World {
    pub repositories: Vec<Repository>,
    /// Names that lead to a repository that has another one now.
    pub moved: Vec<(String, u64)>,
    pub revoked: bool,
    pub limit: u32,
    pub used: u32,
    pub resets_at: u64,
    /// How long after the limit was reached requests are allowed again, if not at `resets_at`.
    resets_after: Option<Duration>,
    pub refused: u32,
    /// How long each answer takes.
    pub latency: Duration,
    /// Ends of paths that no token may read, each with the headers that say why.
    pub forbidden: Vec<(String, Vec<(String, String)>)>,
    /// Whether each link of an answer has a `Link` header of its own, `last` before `next`.
    pub split_links: bool,
    /// Whether answers have no `Link` headers.
    pub no_links: bool,
    /// The start of paths whose answers take this long.
    pub delayed: Option<(String, Duration)>,
    /// Whether links are relative to the page's own address.
    pub relative_links: bool,
    /// How many bytes the text of each issue has in addition.
    pub padding: usize,
    /// The last page of a listing that is served.
    pub most_pages: Option<u32>,
    /// The app, if there is one: then every request has to have a token of it.
    pub app: Option<App>,
    /// By how many seconds GitHub's clock is ahead of the host's.
    pub ahead: i64,
}

#[derive(Debug)]
pub(super) struct Repository {
    pub id: u64,
    pub owner: String,
    pub name: String,
    pub language: &'static str,
    pub stars: u32,
    pub topics: &'static [&'static str],
    pub issues: Vec<Issue>,
    pub comments: Vec<Comment>,
    pub labels: Vec<(u64, String)>,
    pub milestones: Vec<u64>,
    pub releases: Vec<String>,
    /// The newest comes last.
    pub commits: Vec<(String, u64)>,
    pub tags: Vec<String>,
    pub archived: bool,
    pub fork: bool,
    pub reviews: Vec<Review>,
    pub review_comments: Vec<ReviewComment>,
    pub check_runs: Vec<CheckRun>,
    /// The newest comes last.
    pub workflow_runs: Vec<WorkflowRun>,
    /// How many issues there have ever been.
    opened: u64,
    /// How many commits there have ever been: no two have the same id.
    pushes: u64,
    /// Seconds since the Unix epoch: each change is a second later than the one before.
    now: u64,
}

#[derive(Debug)]
pub(super) struct Issue {
    pub number: u64,
    pub title: String,
    pub is_pull: bool,
    pub is_closed: bool,
    /// The newest commit of a pull request.
    pub head: String,
    pub created: u64,
    pub updated: u64,
}

#[derive(Debug)]
pub(super) struct Comment {
    pub id: u64,
    pub issue: u64,
    pub created: u64,
}

#[derive(Debug)]
pub(super) struct Review {
    pub id: u64,
    pub pull: u64,
    pub submitted: u64,
}

#[derive(Debug)]
pub(super) struct ReviewComment {
    pub id: u64,
    pub pull: u64,
    pub updated: u64,
}

#[derive(Debug)]
pub(super) struct CheckRun {
    pub id: u64,
    pub sha: String,
    pub is_done: bool,
    pub at: u64,
}

#[derive(Debug)]
pub(super) struct WorkflowRun {
    pub id: u64,
    pub is_done: bool,
    pub created: u64,
}

impl Default for World {
    fn default() -> Self {
        let mut world = Self {
            repositories: Vec::new(),
            moved: Vec::new(),
            revoked: false,
            limit: LIMIT,
            used: 0,
            resets_after: None,
            resets_at: seconds() / HOUR * HOUR + HOUR,
            refused: 0,
            latency: Duration::ZERO,
            forbidden: Vec::new(),
            split_links: false,
            no_links: false,
            delayed: None,
            relative_links: false,
            padding: 0,
            most_pages: None,
            app: None,
            ahead: 0,
        };
        for (owner, name, language, stars, topics) in REPOSITORIES {
            world.add(owner, name);
            if let Some(repository) = world.repositories.last_mut() {
                (repository.language, repository.stars, repository.topics) = (language, stars, topics);
            }
        }
        world
    }
}

impl World {
    pub fn add(&mut self, owner: &str, name: &str) {
        let id = 1_296_269 + self.repositories.len() as u64;
        let mut repository = Repository {
            id,
            owner: owner.to_owned(),
            name: name.to_owned(),
            language: "Rust",
            stars: 1,
            topics: &[],
            issues: Vec::new(),
            comments: Vec::new(),
            labels: Vec::new(),
            milestones: vec![1],
            releases: vec!["v1.0.0".to_owned()],
            commits: Vec::new(),
            tags: vec!["v1.0.0".to_owned()],
            archived: false,
            fork: false,
            reviews: Vec::new(),
            review_comments: Vec::new(),
            check_runs: Vec::new(),
            workflow_runs: Vec::new(),
            opened: 0,
            pushes: 0,
            now: BEGINNING,
        };
        repository.add_label("bug");
        repository.add_label("documentation");
        repository.commit();
        repository.commit();
        repository.open_issue(false);
        repository.open_issue(true);
        repository.comment(1);
        // Of the pull request. They move no date: tests count on the dates of what comes later.
        let (at, head) = (repository.now, repository.commits.last().map(|(sha, _)| sha.clone()));
        repository.reviews.push(Review { id: id * 1_000 + 1, pull: 2, submitted: at });
        repository.review_comments.push(ReviewComment { id: id * 1_000 + 1, pull: 2, updated: at });
        repository.check_runs.push(CheckRun { id: id * 1_000 + 1, sha: head.unwrap_or_default(), is_done: true, at });
        repository.workflow_runs.push(WorkflowRun { id: id * 1_000 + 1, is_done: true, created: at });
        self.repositories.push(repository);
    }

    pub fn named(&self, repo: &str) -> Option<&Repository> {
        self.repositories.iter().find(|known| known.full_name().eq_ignore_ascii_case(repo))
    }

    /// A repository that the test knows to be there.
    pub fn existing(&mut self, repo: &str) -> &mut Repository {
        let found = self.repositories.iter_mut().find(|known| known.full_name() == repo);
        found.unwrap_or_else(|| panic!("this GitHub has no repository {repo}"))
    }

    pub fn rename(&mut self, repo: &str, name: &str) {
        let repository = self.existing(repo);
        repository.name = name.to_owned();
        let id = repository.id;
        self.moved.push((repo.to_ascii_lowercase(), id));
    }

    pub fn allow(&mut self, requests: u32, then: Duration) {
        self.limit = self.used + requests;
        self.resets_after = Some(then);
    }

    /// How long the answer for a path takes.
    pub fn latency_of(&self, path: &str) -> Duration {
        let delayed = self.delayed.as_ref().filter(|(start, _)| path.starts_with(start.as_str()));
        delayed.map_or(self.latency, |(_, latency)| *latency)
    }

    /// Counts a request in, if the limit allows one more.
    pub fn may_ask(&mut self) -> bool {
        if seconds() >= self.resets_at {
            (self.limit, self.used) = (LIMIT, 0);
            self.resets_at = seconds() / HOUR * HOUR + HOUR;
        }
        let may = self.used < self.limit;
        self.used += u32::from(may);
        self.refused += u32::from(!may);
        if self.used >= self.limit
            && let Some(after) = self.resets_after.take()
        {
            self.resets_at = seconds() + after.as_secs();
        }
        may
    }
}

impl Repository {
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    pub fn open_issue(&mut self, is_pull: bool) {
        // As at GitHub, no two issues have the same number, also after one was deleted.
        self.opened += 1;
        let number = self.opened;
        let now = self.tick();
        let title = format!("{} {number}", if is_pull { "Change" } else { "Problem" });
        let head = format!("{number:040x}");
        self.issues.push(Issue { number, title, is_pull, is_closed: false, head, created: now, updated: now });
    }

    pub fn retitle(&mut self, number: u64, title: &str) {
        let now = self.tick();
        for issue in self.issues.iter_mut().filter(|issue| issue.number == number) {
            (issue.title, issue.updated) = (title.to_owned(), now);
        }
    }

    pub fn comment(&mut self, issue: u64) {
        let created = self.tick();
        self.comments.push(Comment { id: self.id * 1_000_000 + created - BEGINNING, issue, created });
    }

    /// Submits a review, which changes its pull request.
    pub fn review(&mut self, pull: u64) {
        let at = self.touch(pull);
        self.reviews.push(Review { id: self.id * 1_000 + at, pull, submitted: at });
    }

    /// Pushes to a pull request.
    pub fn push_to_pull(&mut self, pull: u64) {
        let at = self.touch(pull);
        for issue in self.issues.iter_mut().filter(|issue| issue.number == pull) {
            issue.head = format!("{:040x}", at * 1_000 + pull);
        }
    }

    pub fn close(&mut self, number: u64) {
        self.touch(number);
        self.issues.iter_mut().filter(|issue| issue.number == number).for_each(|issue| issue.is_closed = true);
    }

    pub fn start_check(&mut self, sha: &str) -> u64 {
        let at = self.tick();
        let id = self.id * 1_000 + at;
        self.check_runs.push(CheckRun { id, sha: sha.to_owned(), is_done: false, at });
        id
    }

    pub fn start_workflow(&mut self) -> u64 {
        let created = self.tick();
        let id = self.id * 1_000 + created;
        self.workflow_runs.push(WorkflowRun { id, is_done: false, created });
        id
    }

    /// Makes an issue or pull request the one that was changed last.
    fn touch(&mut self, number: u64) -> u64 {
        let now = self.tick();
        self.issues.iter_mut().filter(|issue| issue.number == number).for_each(|issue| issue.updated = now);
        now
    }

    pub fn add_label(&mut self, name: &str) {
        let id = self.tick();
        self.labels.push((id, name.to_owned()));
    }

    pub fn commit(&mut self) {
        let at = self.tick();
        self.commit_at(at);
    }

    /// Adds a commit with a date of its own, in seconds since the Unix epoch.
    pub fn commit_at(&mut self, at: u64) {
        self.pushes += 1;
        self.commits.push((format!("{:040x}", self.id * 1_000_000 + self.pushes), at));
    }

    fn tick(&mut self) -> u64 {
        self.now += 1;
        self.now
    }
}

/// Since the Unix epoch.
pub(super) fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
