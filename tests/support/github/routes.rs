//! How requests are answered: who may ask, where things are, pages, ETags.

use std::cmp::Reverse;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::world::{Issue, Repository, World};
use super::{Shared, app, documents, lock, runs};

/// Items of a page that is asked for without a size, and the most of one.
const PAGE: usize = 30;
const LARGEST_PAGE: usize = 100;

pub(super) fn routes(world: Shared) -> Router {
    Router::new().fallback(answer).with_state(world)
}

async fn answer(State(world): State<Shared>, request: Request) -> Response {
    let latency = lock(&world).latency_of(request.uri().path());
    tokio::time::sleep(latency).await;
    let mut world = lock(&world);
    let mut response = answer_now(&mut world, &request);
    let date = UNIX_EPOCH + Duration::from_secs(app::now(world.ahead));
    set(&mut response, header::DATE, &httpdate::fmt_http_date(date));
    response
}

fn answer_now(world: &mut World, request: &Request) -> Response {
    let headers = request.headers();
    // As GitHub does: a client that does not say who it is gets nothing.
    if !headers.contains_key(header::USER_AGENT) {
        let message =
            "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.";
        return (StatusCode::FORBIDDEN, message).into_response();
    }
    if world.revoked && headers.contains_key(header::AUTHORIZATION) {
        return error(world, 401, "Bad credentials", "authentication");
    }
    let now = app::now(world.ahead);
    let bearer = text(headers, header::AUTHORIZATION).trim_start_matches("Bearer ").to_owned();
    let steps: Vec<&str> = request.uri().path().split('/').skip(1).collect();
    if let Some(app) = &mut world.app {
        if let Some((status, body)) = app.answer(request.method().as_str(), &steps, &bearer, now) {
            return document(
                StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
                body.to_string(),
            );
        }
        if !app.is_valid(&bearer, now) {
            return error(world, 401, "Bad credentials", "authentication");
        }
    }
    if !world.may_ask() {
        let message = "API rate limit exceeded for user ID 583231.";
        return error(world, 403, message, "overview/rate-limits-for-the-rest-api");
    }
    let query = request.uri().query().unwrap_or_default();
    let wanted = ApiRequest { host: text(headers, header::HOST), path: request.uri().path(), query };
    if let Some((_, headers)) = world.forbidden.iter().find(|(end, _)| wanted.path.ends_with(end.as_str())) {
        let mut response = error(world, 403, "Resource not accessible by personal access token", "overview");
        for (name, value) in headers {
            let name = HeaderName::try_from(name).unwrap_or_else(|error| panic!("{name:?} is no header: {error}"));
            set(&mut response, name, value);
        }
        return response;
    }
    if world.most_pages.is_some_and(|most| wanted.parameter("page").and_then(|page| page.parse().ok()) > Some(most)) {
        let message = "In order to keep the API fast for everyone, pagination is limited for this resource.";
        return error(world, 422, message, "overview");
    }
    let Some((body, links)) = wanted.content(world) else { return wanted.refused(world) };

    let body = body.to_string();
    let mut hasher = DefaultHasher::new();
    // An ETag is that of one token.
    (&body, &bearer).hash(&mut hasher);
    let etag = format!("W/\"{:064x}\"", hasher.finish());
    let is_known = text(headers, header::IF_NONE_MATCH) == etag;
    if is_known {
        // It costs nothing.
        world.used -= 1;
    }
    let mut response = if is_known { StatusCode::NOT_MODIFIED.into_response() } else { document(StatusCode::OK, body) };
    set(&mut response, header::ETAG, &etag);
    set(&mut response, header::CACHE_CONTROL, "private, max-age=60, s-maxage=60");
    let links = links.iter().filter(|_| !world.no_links).map(|link| {
        let start = if world.relative_links { String::new() } else { format!("http://{}/{}", wanted.host, link.place) };
        format!("<{start}?{}>; rel=\"{}\"", link.query, link.relation)
    });
    if world.split_links {
        for link in links.collect::<Vec<_>>().into_iter().rev() {
            append(&mut response, header::LINK, &link);
        }
    } else if let Some(link) = links.reduce(|links, link| format!("{links}, {link}")) {
        append(&mut response, header::LINK, &link);
    }
    limits(world, &mut response);
    response
}

/// Where another page of a listing is.
struct Link {
    relation: &'static str,
    place: String,
    query: String,
}

/// One request, taken apart.
struct ApiRequest<'a> {
    host: &'a str,
    path: &'a str,
    query: &'a str,
}

impl ApiRequest<'_> {
    /// What is there, with the links to its other pages.
    fn content(&self, world: &World) -> Option<(Value, Vec<Link>)> {
        let steps: Vec<&str> = self.path.split('/').skip(1).collect();
        if let ["orgs" | "users", owner, "repos"] = steps[..] {
            // An organisation is no user, and the other way round.
            if owner.ends_with("-org") != (steps[0] == "orgs") {
                return None;
            }
            let of_owner = world.repositories.iter().filter(|known| known.owner == owner);
            let all: Vec<_> = of_owner.collect();
            return (!all.is_empty()).then(|| self.page(&self.path[1..], &all, |found| documents::repository(found)));
        }
        let (repository, rest) = match &steps[..] {
            ["repos", owner, name, rest @ ..] => (world.named(&format!("{owner}/{name}"))?, rest.join("/")),
            ["repositories", id, rest @ ..] => {
                let id: u64 = id.parse().ok()?;
                (world.repositories.iter().find(|known| known.id == id)?, rest.join("/"))
            }
            _ => return None,
        };
        self.of_repository(repository, &rest, world.padding)
    }

    fn of_repository(&self, found: &Repository, rest: &str, padding: usize) -> Option<(Value, Vec<Link>)> {
        let own = format!("repositories/{}/{rest}", found.id);
        let issues = |only_pulls: bool| {
            let mut issues: Vec<&Issue> = found.issues.iter().filter(|issue| !only_pulls || issue.is_pull).collect();
            match self.parameter("sort") {
                Some("updated") => self.by_date(&mut issues, |issue| issue.updated),
                _ => self.by_date(&mut issues, |issue| issue.created),
            }
            issues
        };
        Some(match rest {
            "" => (documents::repository(found), Vec::new()),
            "issues" => self.page(&own, &issues(false), |issue| documents::issue(found, issue, padding)),
            "pulls" => {
                let is_listed = |issue: &&Issue| self.parameter("state") == Some("all") || !issue.is_closed;
                let pulls: Vec<_> = issues(true).into_iter().filter(is_listed).collect();
                self.page(&own, &pulls, |issue| documents::pull(found, issue))
            }
            "pulls/comments" => {
                let mut comments: Vec<_> = found.review_comments.iter().collect();
                self.by_date(&mut comments, |comment| comment.updated);
                self.page(&own, &comments, |comment| runs::review_comment(found, comment))
            }
            "actions/runs" => {
                let listed: Vec<_> = found.workflow_runs.iter().rev().collect();
                let (items, links) = self.page(&own, &listed, |run| runs::workflow_run(found, run));
                (json!({ "total_count": listed.len(), "workflow_runs": items }), links)
            }
            "issues/comments" => {
                let mut comments: Vec<_> = found.comments.iter().rev().collect();
                self.by_date(&mut comments, |comment| comment.created);
                self.page(&own, &comments, |comment| documents::comment(found, comment))
            }
            "labels" => self.page(&own, &documents::labels(found), Clone::clone),
            "milestones" => self.page(&own, &found.milestones, |number| documents::milestone(found, *number)),
            "releases" => {
                let releases: Vec<_> = found.releases.iter().enumerate().rev().collect();
                self.page(&own, &releases, |(number, tag)| documents::release(found, *number, tag))
            }
            "commits" if found.commits.is_empty() => return None,
            "commits" => {
                let numbers: Vec<_> = (0..found.commits.len()).rev().collect();
                self.page(&own, &numbers, |number| {
                    let (sha, at) = &found.commits[*number];
                    let parent = number.checked_sub(1).map(|number| found.commits[number].0.as_str());
                    documents::commit(found, sha, *at, parent)
                })
            }
            "branches" => self.page(&own, &["main"], |name| documents::branch(found, name)),
            "tags" => self.page(&own, &found.tags, |name| documents::tag(found, name)),
            _ => return self.of_parent(found, &own, rest),
        })
    }

    /// What a pull request or a commit has.
    fn of_parent(&self, found: &Repository, own: &str, rest: &str) -> Option<(Value, Vec<Link>)> {
        match rest.split('/').collect::<Vec<_>>()[..] {
            ["issues", number] => {
                let issue = found.issues.iter().find(|issue| issue.number.to_string() == number)?;
                Some((documents::issue(found, issue, 0), Vec::new()))
            }
            ["issues", "comments", id] => {
                let comment = found.comments.iter().find(|comment| comment.id.to_string() == id)?;
                Some((documents::comment(found, comment), Vec::new()))
            }
            ["pulls", "comments", id] => {
                let comment = found.review_comments.iter().find(|comment| comment.id.to_string() == id)?;
                Some((runs::review_comment(found, comment), Vec::new()))
            }
            ["pulls", number] => {
                let pull = found.issues.iter().find(|issue| issue.is_pull && issue.number.to_string() == number)?;
                Some((documents::pull(found, pull), Vec::new()))
            }
            ["pulls", number, "reviews"] => {
                let number: u64 = number.parse().ok()?;
                found.issues.iter().find(|issue| issue.is_pull && issue.number == number)?;
                let reviews: Vec<_> = found.reviews.iter().filter(|review| review.pull == number).collect();
                Some(self.page(own, &reviews, |review| runs::review(found, review)))
            }
            ["commits", sha, "check-runs"] => {
                let listed: Vec<_> = found.check_runs.iter().rev().filter(|run| run.sha == sha).collect();
                let (items, links) = self.page(own, &listed, |run| runs::check_run(found, run));
                Some((json!({ "total_count": listed.len(), "check_runs": items }), links))
            }
            _ => None,
        }
    }

    /// Why there is nothing.
    fn refused(&self, world: &World) -> Response {
        let repo = self.path.strip_prefix("/repos/").unwrap_or_default();
        let name: String = repo.split('/').take(2).collect::<Vec<_>>().join("/").to_ascii_lowercase();
        if let Some((_, id)) = world.moved.iter().rev().find(|(moved, _)| *moved == name) {
            let rest = repo.get(name.len()..).unwrap_or_default();
            let query = if self.query.is_empty() { String::new() } else { format!("?{}", self.query) };
            let to = format!("http://{}/repositories/{id}{rest}{query}", self.host);
            let mut response = error(world, 301, "Moved Permanently", "guides/best-practices-for-using-the-rest-api");
            set(&mut response, header::LOCATION, &to);
            return response;
        }
        if world.named(&name).is_some_and(|known| known.commits.is_empty()) && repo.ends_with("/commits") {
            return error(world, 409, "Git Repository is empty.", "commits/commits#list-commits");
        }
        error(world, 404, "Not Found", "repos/repos#get-a-repository")
    }

    /// The page that is asked for, and where the others are: at `place`, as GitHub's own links are by number.
    fn page<T>(&self, place: &str, all: &[T], document: impl Fn(&T) -> Value) -> (Value, Vec<Link>) {
        let number = |name: &str, default: usize| {
            self.parameter(name).and_then(|text| text.parse().ok()).filter(|number| *number > 0).unwrap_or(default)
        };
        let (size, page) = (number("per_page", PAGE).min(LARGEST_PAGE), number("page", 1));
        let last = all.len().div_ceil(size).max(1);
        let items = all.iter().skip((page - 1) * size).take(size).map(document).collect();
        let link = |relation: &'static str, number: usize| {
            let others =
                self.query.split('&').filter(|parameter| !parameter.starts_with("page=") && !parameter.is_empty());
            let others: String = others.flat_map(|parameter| [parameter, "&"]).collect();
            Link { relation, place: place.to_owned(), query: format!("{others}page={number}") }
        };
        let mut links = Vec::new();
        if page > 1 {
            links.extend([link("prev", page - 1), link("first", 1)]);
        }
        if page < last {
            links.extend([link("next", page + 1), link("last", last)]);
        }
        (Value::Array(items), links)
    }

    /// Sorts by a date, newest first unless the request says otherwise, and leaves out what is older than it wants.
    fn by_date<T>(&self, items: &mut Vec<&T>, date: impl Fn(&T) -> u64) {
        if let Some(since) = self.parameter("since") {
            items.retain(|item| documents::time(date(item)).as_str() >= since);
        }
        match self.parameter("direction") {
            Some("asc") => items.sort_by_key(|item| date(item)),
            _ => items.sort_by_key(|item| Reverse(date(item))),
        }
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.query.split('&').find_map(|parameter| parameter.strip_prefix(name)?.strip_prefix('='))
    }
}

fn error(world: &World, status: u16, message: &str, page: &str) -> Response {
    let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = document(code, documents::error(status, message, page).to_string());
    limits(world, &mut response);
    response
}

fn document(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], body).into_response()
}

/// The headers that tell a client how many requests it has left until when.
fn limits(world: &World, response: &mut Response) {
    let headers = [
        ("x-ratelimit-limit", world.limit.to_string()),
        ("x-ratelimit-remaining", world.limit.saturating_sub(world.used).to_string()),
        ("x-ratelimit-used", world.used.to_string()),
        ("x-ratelimit-reset", world.resets_at.to_string()),
        ("x-ratelimit-resource", "core".to_owned()),
    ];
    for (name, value) in headers {
        set(response, HeaderName::from_static(name), &value);
    }
}

fn set(response: &mut Response, name: HeaderName, value: &str) {
    response.headers_mut().insert(name, valid(value));
}

fn append(response: &mut Response, name: HeaderName, value: &str) {
    response.headers_mut().append(name, valid(value));
}

fn valid(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or_else(|error| panic!("{value:?} is no header: {error}"))
}

fn text(headers: &HeaderMap, name: HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
