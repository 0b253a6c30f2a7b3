//! Finds the server that owns each slot. It refreshes this regularly, and notifies about changes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redis::RedisError;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::task::AbortOnDropHandle;

use super::cluster::{Nodes, Ranges};
use super::dial::{Address, Dialler, QueryConnection, TIMEOUT};
use super::find_error::FindError;
use super::sentinel::Sentinels;
use super::slot::SLOTS;

/// The refresh interval without a reason to ask earlier.
const REFRESH_INTERVAL: Duration = Duration::from_secs(2);
/// The shortest time between two refreshes.
const MIN_INTERVAL: Duration = Duration::from_millis(100);
/// How long an answer is valid when a connection is made.
const VALID_FOR: Duration = Duration::from_secs(1);
/// The most waiting questions. A question that does not fit is covered by the next refresh.
const MAX_WAITING: usize = 64;

/// The servers to ask.
pub enum Source {
    /// One master for all slots.
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
                tracing::warn!(master, "connecting to the new Redis master");
            }
            Self::Cluster(_) => tracing::info!("connecting to the new owners of moved Redis Cluster slots"),
        }
    }
}

/// Why the owner of a slot cannot be reached.
#[derive(Debug, thiserror::Error)]
pub enum ReachError {
    /// The owner is not known.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The owner does not answer as expected.
    #[error("{address}: {source}")]
    Server {
        /// Its address.
        address: Address,
        /// Its error.
        source: RedisError,
    },
}

/// The sender for the answer. `None`: there is only a reason to refresh.
type Question = Option<oneshot::Sender<Result<(), FindError>>>;

/// The state that the directory and its refresh task share.
#[derive(Default)]
struct Shared {
    /// The time of the last successful answer.
    answered: Mutex<Option<Instant>>,
    /// The slots that this process uses.
    slots: Mutex<BTreeSet<u16>>,
}

/// The directory of slot owners.
pub struct Directory {
    dialler: Dialler,
    ranges: watch::Receiver<Arc<Ranges>>,
    shared: Arc<Shared>,
    questions: mpsc::Sender<Question>,
    _refreshing: AbortOnDropHandle<()>,
}

impl Directory {
    /// Starts the refresh task.
    pub fn open(source: Source) -> Self {
        let dialler = source.dialler().clone();
        let (questions, asked) = mpsc::channel(MAX_WAITING);
        let (known, ranges) = watch::channel(Arc::default());
        let shared = Arc::<Shared>::default();
        let refreshing = tokio::spawn(refresh(source, asked, known, shared.clone()));
        Self { dialler, ranges, shared, questions, _refreshing: AbortOnDropHandle::new(refreshing) }
    }

    /// The dialler for the servers in this directory.
    pub fn dialler(&self) -> &Dialler {
        &self.dialler
    }

    /// The owner of this slot. It refreshes first, unless the last answer is recent. If no server answers, it returns
    /// the last known owner.
    pub async fn owner(&self, slot: u16) -> Result<Address, FindError> {
        locked(&self.shared.slots).insert(slot);
        let fresh = locked(&self.shared.answered).is_some_and(|at| at.elapsed() < VALID_FOR);
        let known = owner(&self.ranges.borrow(), slot);
        let asked = match known {
            Some(_) if fresh => Ok(()),
            // The last known owner is better than a long wait for silent servers.
            Some(_) => tokio::time::timeout(TIMEOUT, self.ask()).await.unwrap_or(Ok(())),
            None => self.ask().await,
        };
        let known = owner(&self.ranges.borrow(), slot);
        match (known, asked) {
            (Some(address), _) => Ok(address),
            (None, Err(error)) => Err(error),
            (None, Ok(())) => Err(FindError::new(format!("no node of the cluster has slot {slot}"))),
        }
    }

    /// A direct connection to the owner of the slot, for queries. Unlike a connection through a proxy it returns an error
    /// with the cause.
    pub async fn reach(&self, slot: u16) -> Result<QueryConnection, ReachError> {
        let address = self.owner(slot).await?;
        self.dialler.query_connection(&address).await.map_err(|source| {
            self.doubt();
            ReachError::Server { address, source }
        })
    }

    /// Returns when the slot has another owner than this server.
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

    /// Requests a refresh soon, because an answer may be outdated.
    pub fn doubt(&self) {
        // If the queue is full, a refresh comes anyway.
        let _full = self.questions.try_send(None);
    }

    async fn ask(&self) -> Result<(), FindError> {
        let gone = || FindError::new("the refresh task of the directory has ended".to_owned());
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

async fn refresh(
    mut source: Source,
    mut asked: mpsc::Receiver<Question>,
    known: watch::Sender<Arc<Ranges>>,
    shared: Arc<Shared>,
) {
    let (mut turn, mut silent) = (0_usize, false);
    loop {
        let mut waiting: Vec<Question> = match tokio::time::timeout(REFRESH_INTERVAL, asked.recv()).await {
            Ok(Some(question)) => vec![question],
            Ok(None) => return,
            Err(_) => Vec::new(),
        };
        while let Ok(question) = asked.try_recv() {
            waiting.push(question);
        }
        // If the last answer is in doubt, the next refresh starts with another server.
        turn = turn.wrapping_add(usize::from(waiting.iter().any(Option::is_none)));
        let before = known.borrow().clone();
        let answer = source.find(&before, turn).await;
        let outcome = match answer {
            Ok(ranges) => {
                *locked(&shared.answered) = Some(Instant::now());
                if std::mem::take(&mut silent) {
                    tracing::info!("Redis discovery works again");
                }
                if *before != ranges {
                    // Moves of slots that this process does not use are not logged.
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
                // At the start the caller logs the error.
                if !before.is_empty() && !std::mem::replace(&mut silent, true) {
                    tracing::warn!(%error, "Redis discovery failed, using the last known servers until it works again");
                }
                Err(error)
            }
        };
        for question in waiting.into_iter().flatten() {
            // The receiver may have stopped waiting.
            let _gone = question.send(outcome.clone());
        }
        tokio::time::sleep(MIN_INTERVAL).await;
    }
}
