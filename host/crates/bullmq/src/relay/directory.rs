//! Knows which server is responsible for which slot, asks again now and then, and tells when that changes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redis::RedisError;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::task::AbortOnDropHandle;

use super::cluster::{Nodes, Ranges};
use super::dial::{Address, BOUND, Dialler, is_refusal};
use super::sentinel::Sentinels;
use crate::slot::SLOTS;

/// How often it is asked though nothing has happened.
const EVERY: Duration = Duration::from_secs(2);
/// The shortest time between two rounds of questions.
const GAP: Duration = Duration::from_millis(100);
/// For how long an answer is believed when a connection is made.
const FRESH: Duration = Duration::from_secs(1);
/// How many questions wait at most. One that finds no place is asked with the next round.
const WAITING: usize = 64;

/// Nobody says who is responsible.
#[derive(Clone, Debug, Default, thiserror::Error)]
#[error("{}", .reasons.join("; "))]
pub struct FindError {
    reasons: Vec<String>,
    /// Whether somebody is there and does not want this client.
    pub refused: bool,
}

impl FindError {
    /// For this reason.
    pub fn new(reason: String) -> Self {
        Self { reasons: vec![reason], refused: false }
    }

    /// Somebody said something else than who is responsible.
    pub fn note(&mut self, reason: String) {
        self.reasons.push(reason);
    }

    /// Somebody, called `who`, did not answer as they should.
    pub fn note_error(&mut self, who: &str, error: &RedisError) {
        self.refused |= is_refusal(error);
        self.reasons.push(format!("{who}: {error}"));
    }
}

/// Who is asked.
pub enum Source {
    /// One master for everything.
    Sentinels(Sentinels),
    /// A master for each slot.
    Cluster(Nodes),
}

impl Source {
    fn dialler(&self) -> &Dialler {
        match self {
            Self::Sentinels(sentinels) => &sentinels.dialler,
            Self::Cluster(nodes) => &nodes.dialler,
        }
    }

    async fn find(&mut self, known: &Ranges, turn: usize) -> Result<Ranges, FindError> {
        match self {
            Self::Sentinels(sentinels) => {
                let master = sentinels.find(known.first().map(|(_, master)| master)).await?;
                Ok(vec![(0..=SLOTS - 1, master)])
            }
            Self::Cluster(nodes) => {
                let mut servers: Vec<Address> = Vec::new();
                for (_, server) in known {
                    if !servers.contains(server) {
                        servers.push(server.clone());
                    }
                }
                nodes.find(&servers, turn).await
            }
        }
    }

    fn moved(&self, ranges: &Ranges) {
        match self {
            Self::Sentinels(_) => {
                let master = ranges.first().map(|(_, master)| master.to_string()).unwrap_or_default();
                tracing::warn!(master, "Redis has another master, connecting to it");
            }
            Self::Cluster(_) => tracing::info!("slots of the Redis Cluster have moved, connecting to where they are"),
        }
    }
}

/// Whoever waits for an answer. None: nobody, but there is a reason to ask.
type Question = Option<oneshot::Sender<Result<(), FindError>>>;

/// What both sides of the directory have to know.
#[derive(Default)]
struct Asked {
    /// When somebody last said who is responsible.
    answered: Mutex<Option<Instant>>,
    /// The slots that somebody wants to reach.
    slots: Mutex<BTreeSet<u16>>,
}

/// The directory.
pub struct Directory {
    dialler: Dialler,
    ranges: watch::Receiver<Arc<Ranges>>,
    asked: Arc<Asked>,
    questions: mpsc::Sender<Question>,
    _asking: AbortOnDropHandle<()>,
}

impl Directory {
    /// Begins to ask.
    pub fn open(source: Source) -> Self {
        let dialler = source.dialler().clone();
        let (questions, asked) = mpsc::channel(WAITING);
        let (known, ranges) = watch::channel(Arc::default());
        let shared = Arc::<Asked>::default();
        let asking = tokio::spawn(ask(source, asked, known, shared.clone()));
        Self { dialler, ranges, asked: shared, questions, _asking: AbortOnDropHandle::new(asking) }
    }

    /// How one connects to a server that is found here.
    pub fn dialler(&self) -> &Dialler {
        &self.dialler
    }

    /// Who has this slot. Asks anew unless that was done a moment ago; when nobody answers, it is who had it.
    pub async fn owner(&self, slot: u16) -> Result<Address, FindError> {
        locked(&self.asked.slots).insert(slot);
        let fresh = locked(&self.asked.answered).is_some_and(|at| at.elapsed() < FRESH);
        let known = owner(&self.ranges.borrow(), slot);
        let asked = match known {
            Some(_) if fresh => Ok(()),
            // Who had it is better than to wait for servers that are silent.
            Some(_) => tokio::time::timeout(BOUND, self.ask()).await.unwrap_or(Ok(())),
            None => self.ask().await,
        };
        let known = owner(&self.ranges.borrow(), slot);
        match (known, asked) {
            (Some(address), _) => Ok(address),
            (None, Err(error)) => Err(error),
            (None, Ok(())) => Err(FindError::new(format!("no node of the cluster has slot {slot}"))),
        }
    }

    /// Returns when another server than this one has the slot.
    pub async fn left(&self, slot: u16, address: &Address) {
        let mut ranges = self.ranges.clone();
        loop {
            if owner(&ranges.borrow_and_update(), slot).is_some_and(|owner| owner != *address) {
                return;
            }
            if ranges.changed().await.is_err() {
                return;
            }
        }
    }

    /// There is a reason to ask soon.
    pub fn doubt(&self) {
        // Where no place is free it is going to be asked anyway.
        let _full = self.questions.try_send(None);
    }

    async fn ask(&self) -> Result<(), FindError> {
        let gone = || FindError::new("nobody is asked any more".to_owned());
        let (answer, answered) = oneshot::channel();
        self.questions.send(Some(answer)).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn owner(ranges: &Ranges, slot: u16) -> Option<Address> {
    ranges.iter().find(|(slots, _)| slots.contains(&slot)).map(|(_, address)| address.clone())
}

async fn ask(
    mut source: Source,
    mut asked: mpsc::Receiver<Question>,
    known: watch::Sender<Arc<Ranges>>,
    shared: Arc<Asked>,
) {
    let (mut turn, mut silent) = (0_usize, false);
    loop {
        let mut waiting: Vec<Question> = match tokio::time::timeout(EVERY, asked.recv()).await {
            Ok(Some(question)) => vec![question],
            Ok(None) => return,
            Err(_) => Vec::new(),
        };
        while let Ok(question) = asked.try_recv() {
            waiting.push(question);
        }
        // Where there is reason to doubt, somebody else is asked.
        turn = turn.wrapping_add(usize::from(waiting.iter().any(Option::is_none)));
        let before = known.borrow().clone();
        let answer = source.find(&before, turn).await;
        let outcome = match answer {
            Ok(ranges) => {
                *locked(&shared.answered) = Some(Instant::now());
                if std::mem::take(&mut silent) {
                    tracing::info!("it is known again where Redis is");
                }
                if *before != ranges {
                    // What nobody here wants to reach may move as it likes.
                    let moved =
                        |slot: &u16| owner(&before, *slot).is_some_and(|had| owner(&ranges, *slot) != Some(had));
                    if locked(&shared.slots).iter().any(moved) {
                        source.moved(&ranges);
                    }
                    known.send_replace(Arc::new(ranges));
                }
                Ok(())
            }
            Err(error) => {
                // At the start it is the caller that tells.
                if !before.is_empty() && !std::mem::replace(&mut silent, true) {
                    tracing::warn!(%error, "nobody says where Redis is, staying where it was until somebody does");
                }
                Err(error)
            }
        };
        for question in waiting.into_iter().flatten() {
            // Who does not wait any more has given up.
            let _gone = question.send(outcome.clone());
        }
        tokio::time::sleep(GAP).await;
    }
}
