//! A Toril plugin that delivers commands to AI agents over Agent2Agent (A2A), 1.0 and 0.3. README.md is its manual.
//!
//! | module | contents |
//! | --- | --- |
//! | `data`, `outcome` | input and output of a job; their doc comments become the reference |
//! | `deliver`, `lookup` | sends a message once, even if the job is retried |
//! | `follow`, `progress` | follows a task to its end, and reports its progress |
//! | `push` | asks the agent for push notifications, so that the job can be deferred meanwhile |
//! | `tasks` | the commands about an existing task |
//! | `agent`, `settings`, `card` | the agent: its address, its card, and how to call it |
//! | `access`, `exchange` | authenticates and sends calls |
//! | `wire`, `envelope`, `model` | the protocol versions, their transports, and what they have in common |
//! | `error`, `watch`, `retry` | why a call failed, why an attempt should end, and retries of calls |

#![cfg_attr(test, allow(clippy::expect_used, reason = "a test that panics has failed"))]

mod access;
mod agent;
mod card;
mod data;
mod deliver;
mod envelope;
mod error;
mod exchange;
mod follow;
mod lookup;
mod model;
mod outcome;
mod progress;
mod push;
mod retry;
mod settings;
mod tasks;
mod version;
mod watch;
mod wire;

use toril_plugin::{Failure, Job, Jobs, Plugin};

use data::{Command, Kind, Send};
use deliver::Deliver;
use outcome::Outcome;

struct AgentCommands;

impl Plugin for AgentCommands {
    const DESCRIPTION: &'static str = "Delivers commands to AI agents that speak Agent2Agent (A2A).";

    fn jobs() -> Jobs {
        Jobs::new()
            .on(
                "command",
                "Does what its `command` says: sends a message to an agent, or is about a task there.",
                command,
            )
            .on("send", "Sends a message to an agent, and follows what the agent makes of it to its end.", send)
    }
}

fn command(job: Job<Command>) -> Result<Outcome, Failure> {
    match job.data.command {
        Kind::Send => Deliver::new(&job, job.data.clone())?.run(),
        Kind::Status => tasks::status(&job),
        Kind::Follow => tasks::follow(&job),
        Kind::Cancel => tasks::cancel(&job),
    }
}

fn send(job: Job<Send>) -> Result<Outcome, Failure> {
    Deliver::new(&job, job.data.0.clone())?.run()
}

toril_plugin::export!(AgentCommands);
