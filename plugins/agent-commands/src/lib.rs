//! A Toril plugin that sends commands to an agent that speaks Agent2Agent (A2A) 0.3. README.md is its manual.
//!
//! `data` has what goes in and out, `a2a` the protocol's own documents, `answer` what each kind of answer means for the
//! job, `agent` the request.

#![cfg_attr(test, allow(clippy::expect_used, reason = "a test that panics has failed"))]

mod a2a;
mod agent;
mod answer;
mod data;
mod version;

use toril_plugin::{Failure, Job, Jobs, Plugin, log};

use data::{Command, Sent};

struct AgentCommands;

impl Plugin for AgentCommands {
    const DESCRIPTION: &'static str = "Sends commands to an agent that speaks Agent2Agent (A2A).";

    fn jobs() -> Jobs {
        Jobs::new().on("send", "Sends one message to the agent, and returns its reply.", send)
    }
}

fn send(job: Job<Command>) -> Result<Sent, Failure> {
    let agent = agent::Agent::from_config()?;
    let request = a2a::Request::new(job);
    log::info(format_args!("sending a message of {} bytes", request.text_len()));
    let reply = agent.send(&request)?;
    let sent = answer::sent(reply)?;
    // What was said is in the result. The log is read by more people.
    log::info(format_args!("the agent replied with a {} of {} bytes of text", sent.kind, sent.text.len()));
    Ok(sent)
}

toril_plugin::export!(AgentCommands);
