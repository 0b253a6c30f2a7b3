//! Administration: listing, reading and changing queues and jobs. The command line, the HTTP API and the dashboard call
//! the same functions, so this module does not know any of them.
//!
//! Changes use BullMQ's own scripts, and leave the same data in Redis as BullMQ's Node client. The number of commands
//! for a read depends on the request, never on the size of the queue. A read writes nothing: reading a queue that was
//! never used does not create it.
//!
//! | module | contents |
//! | --- | --- |
//! | `handle` | the access to the queues, which all operations share |
//! | `queues`, `list`, `job`, `state`, `flow`, `priorities`, `workers` | reading |
//! | `retry`, `change`, `wake`, `clean`, `pause`, `obliterate`, `limits`, `deduplication` | changing jobs and queues |
//! | `new_job`, `job_options`, `bulk`, `new_flow` | adding jobs |
//! | `schedulers`, `schedules` | job schedulers, and those from the configuration |
//! | `dead_letters` | dead letters |
//! | `events` | following events live, and removing old events |
//! | `hosts` | the hosts that work on the queues |
//! | `minutes`, `change_token` | throughput, and detection of changes |
//! | `redact` | redaction of secret fields |

mod bulk;
mod change;
mod change_token;
mod clean;
mod dead_letters;
mod deduplication;
mod error;
mod events;
mod flow;
#[cfg(any(fuzzing, test))]
pub mod fuzz;
mod handle;
mod hosts;
mod job;
mod job_options;
mod job_reference;
mod limits;
mod list;
mod minutes;
mod new_flow;
mod new_job;
mod obliterate;
mod pause;
mod priorities;
mod queues;
mod redact;
mod reply;
mod retry;
mod schedulers;
mod schedules;
mod state;
mod wake;
mod workers;

pub use bulk::BulkAdded;
pub use change::Children;
pub use change_token::Scope;
pub use clean::{Cleaned, DelayedJobs};
pub use dead_letters::{LetterOutcome, LettersReturned};
pub use deduplication::DeduplicationHolder;
pub use error::AdminError;
pub use events::{Event, Events, Trimmed};
pub use flow::{FlowNode, FlowRequest};
pub use handle::{Admin, Configured};
pub use hosts::{BEAT, HostQueue, HostStatus};
pub use job::{ChildCounts, JobDetails, LogPage, PastAttempt};
pub use job_options::{BackoffOptions, Deduplication, KeepOptions, NewJobOptions, ParentJob};
pub use job_reference::JobReference;
pub use limits::{QueueLimits, RateLimit};
pub use list::{JobPage, JobSummary, LARGEST_PAGE, PageRequest};
pub use minutes::Minutes;
pub use new_flow::{AddedFlow, NewFlow};
pub use new_job::{AddedJob, NewJob};
pub use obliterate::ActiveJobs;
pub use pause::PauseState;
pub use priorities::{MOST_PRIORITIES, PriorityCount};
pub use queues::QueueDetails;
pub use redact::Redaction;
pub use retry::Retried;
pub use schedulers::{Scheduler, SchedulerPage, SchedulerRequest, SchedulerTemplate};
pub use state::State;
pub use wake::Woken;
pub use workers::WorkerClient;

pub use crate::scripts::moves::{Order, RetryAttempts};
