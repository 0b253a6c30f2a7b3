//! Caches agents' cards in the plugin's key-value data, together with their caching headers: how long a card stays
//! fresh, and the validators for a conditional request.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use toril_plugin::kv::{self, KvError};
use toril_plugin::log;

use crate::exchange::Validators;
use crate::settings::Settings;

/// Maximum time for which a card is used without asking its server, whatever the server allows. A changed card should
/// take effect soon.
const MOST_FRESH: Duration = Duration::from_secs(300);
/// How long a card is used while its server is unreachable, counted from the last confirmation.
const MOST_STALE: Duration = Duration::from_secs(3600);
/// Minimum time between two writes that only update the confirmation time.
const NOTE: Duration = Duration::from_secs(60);
/// Maximum size of a cached card, in bytes.
const LARGEST: usize = 256 * 1024;

/// A cached card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CachedCard {
    /// The URL that it was read from.
    pub place: String,
    /// The card's original text.
    pub document: String,
    etag: Option<String>,
    modified: Option<String>,
    /// When the server last confirmed it, in seconds since the Unix epoch.
    right_at: u64,
    /// How many seconds after that it may be used without asking.
    fresh: u64,
}

impl CachedCard {
    /// An entry for a card that was just read. `None` if the server forbids caching or the card is too large.
    pub fn of(place: &str, document: &[u8], validators: &Validators, now: SystemTime) -> Option<Self> {
        let document = String::from_utf8(document.to_vec()).ok().filter(|document| document.len() <= LARGEST)?;
        let fresh = lifetime(validators)?.as_secs();
        let (etag, modified) = (validators.etag.clone(), validators.modified.clone());
        Some(Self { place: place.to_owned(), document, etag, modified, right_at: seconds(now), fresh })
    }

    /// The same card after its server has confirmed it.
    pub fn confirmed(self, validators: &Validators, now: SystemTime) -> Option<Self> {
        let fresh = lifetime(validators)?.as_secs();
        let etag = validators.etag.clone().or(self.etag);
        let modified = validators.modified.clone().or(self.modified);
        Some(Self { etag, modified, right_at: seconds(now), fresh, ..self })
    }

    /// Whether it may be used without asking its server.
    pub fn is_fresh(&self, now: SystemTime) -> bool {
        self.age(now).is_some_and(|age| age < Duration::from_secs(self.fresh))
    }

    /// Whether it may be used while its server is unreachable.
    pub fn may_serve(&self, now: SystemTime) -> bool {
        self.age(now).is_some_and(|age| age < MOST_STALE)
    }

    /// The headers of a conditional request.
    pub fn conditions(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let etag = self.etag.as_deref().map(|etag| ("if-none-match", etag));
        let modified = self.modified.as_deref().map(|modified| ("if-modified-since", modified));
        etag.into_iter().chain(modified)
    }

    /// The time since the last confirmation. `None` if the clock has gone back.
    fn age(&self, now: SystemTime) -> Option<Duration> {
        seconds(now).checked_sub(self.right_at).map(Duration::from_secs)
    }
}

/// How long a card may be used without asking. `None` if it must not be cached.
fn lifetime(validators: &Validators) -> Option<Duration> {
    let control = validators.cache_control.as_deref().unwrap_or_default().to_ascii_lowercase();
    let mut directives = control.split(',').map(str::trim);
    if directives.clone().any(|directive| directive == "no-store") {
        return None;
    }
    if directives.clone().any(|directive| directive == "no-cache" || directive.starts_with("no-cache=")) {
        return Some(Duration::ZERO);
    }
    let number = |text: &str| text.trim_matches('"').parse().ok().map(Duration::from_secs);
    let most = directives.find_map(|directive| number(directive.strip_prefix("max-age=")?)).unwrap_or_default();
    let age = validators.age.as_deref().and_then(number).unwrap_or_default();
    Some(most.saturating_sub(age).min(MOST_FRESH))
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The cache entry of one agent's card. If caching fails, the job continues.
pub struct CardCache {
    /// `None` if cards are not cached.
    key: Option<String>,
}

impl CardCache {
    /// The key depends on the agent's name and on whether the job gives its address: then other credentials or none are
    /// used, and the same address may return another card.
    pub fn of(settings: &Settings) -> Self {
        let key = settings.keep_card.then(|| {
            let name = if settings.by_address { "" } else { settings.name.as_str() };
            let digest = Sha256::digest(format!("{name}\n{}", settings.url));
            format!("card:{}", hex::encode(&digest[..16]))
        });
        Self { key }
    }

    /// The cached card, if there is one.
    pub fn card(&self) -> Option<CachedCard> {
        let key = self.key.as_ref()?;
        ok_or_log(kv::open().and_then(|store| store.get_json(key))).flatten()
    }

    /// Replaces the cached card, or removes it if `now` is `None`.
    pub fn put(&self, before: Option<&CachedCard>, now: Option<&CachedCard>) {
        let Some(key) = &self.key else { return };
        ok_or_log(match (before, now) {
            (None, None) => return,
            (Some(before), Some(now)) if now.is_hardly_newer(before) => return,
            (_, Some(now)) => kv::open().and_then(|store| store.set_json(key, now)),
            (Some(_), None) => kv::open().and_then(|store| store.delete(key)),
        });
    }
}

impl CachedCard {
    fn is_hardly_newer(&self, before: &Self) -> bool {
        let age = self.right_at.checked_sub(before.right_at).map(Duration::from_secs);
        // Only for cards that are never fresh. A fresh card is used without asking, so its server confirms it seldom
        // enough.
        self.fresh == 0
            && age.is_some_and(|age| age < NOTE)
            && Self { right_at: self.right_at, ..before.clone() } == *self
    }
}

fn ok_or_log<T>(done: Result<T, KvError>) -> Option<T> {
    done.inspect_err(|error| log::warn(format_args!("the agent's card was not cached: {error}"))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validators(cache_control: &str, age: Option<&str>) -> Validators {
        Validators {
            etag: Some("\"1\"".into()),
            cache_control: Some(cache_control.into()),
            age: age.map(Into::into),
            ..Validators::default()
        }
    }

    #[test]
    fn a_card_is_used_without_asking_for_as_long_as_its_server_allows_and_five_minutes_at_most() {
        let fresh = |control: &str, age| lifetime(&validators(control, age)).map(|time| time.as_secs());
        assert_eq!(fresh("public, max-age=60", None), Some(60));
        assert_eq!(fresh("Max-Age=60", Some("45")), Some(15));
        assert_eq!(fresh("max-age=86400", None), Some(300));
        assert_eq!((fresh("no-cache, max-age=60", None), fresh("", None)), (Some(0), Some(0)));
        assert_eq!((fresh("no-store", None), fresh("max-age=soon", None)), (None, Some(0)));
    }

    #[test]
    fn a_card_serves_for_an_hour_while_its_server_is_away() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let kept = CachedCard::of("https://a", b"{}", &validators("max-age=60", None), at(1000)).expect("kept");
        assert!(kept.is_fresh(at(1059)) && !kept.is_fresh(at(1060)));
        assert!(kept.may_serve(at(4599)) && !kept.may_serve(at(4600)));
        assert!(!kept.is_fresh(at(999)) && !kept.may_serve(at(999)), "the clock has gone back");
        let confirmed = kept.clone().confirmed(&Validators::default(), at(5000)).expect("kept");
        assert_eq!(confirmed.conditions().collect::<Vec<_>>(), [("if-none-match", "\"1\"")]);
        assert!(confirmed.may_serve(at(5001)) && !confirmed.is_fresh(at(5001)));
    }

    #[test]
    fn a_card_that_only_was_confirmed_again_is_not_written_each_time() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let kept = CachedCard::of("https://a", b"{}", &validators("", None), at(1000)).expect("kept");
        let later = |seconds| kept.clone().confirmed(&validators("", None), at(seconds)).expect("kept");
        assert!(later(1059).is_hardly_newer(&kept) && !later(1060).is_hardly_newer(&kept));
        let changed = CachedCard { document: "{\"a\":1}".into(), ..later(1001) };
        assert!(!changed.is_hardly_newer(&kept));
    }

    #[test]
    fn an_agent_that_a_job_gives_by_its_address_has_a_cache_entry_of_its_own() {
        let key = |by_address| {
            let settings =
                Settings { name: "the agent".into(), url: "https://a".into(), keep_card: true, ..Settings::default() };
            CardCache::of(&Settings { by_address, ..settings }).key
        };
        assert_ne!(key(true), key(false), "one is read with credentials and the other without");
    }
}
