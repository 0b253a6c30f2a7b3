//! The request to the agent.

use toril_plugin::http;
use toril_plugin::{Failure, config, context, log};

use crate::a2a::{Reply, Request};
use crate::answer;
use crate::version::version;

/// What a person has to do when the agent's address is not set.
const NO_URL: &str = "the agent's address is not set: \
    add config = { agent-url = \"https://…\" } under [plugins.agent-commands] in queues.toml";

/// The agent that the plugin's settings name.
pub struct Agent {
    url: String,
    token: Option<String>,
}

impl Agent {
    pub fn from_config() -> Result<Self, Failure> {
        let is_set = |value: &String| !value.is_empty();
        let url = config::get("agent-url")?.filter(is_set).ok_or_else(|| Failure::fatal(NO_URL))?;
        let token = config::get("token")?.filter(is_set);
        Ok(Self { url, token })
    }

    /// Sends a message, and waits for the reply.
    pub fn send(&self, call: &Request) -> Result<Reply, Failure> {
        let mut request = http::Request::post(&self.url)
            .header("accept", "application/json")
            .header("user-agent", format!("toril-agent-commands/{}", version()))
            .json(call)
            // Leaves time to say that it was the agent that was slow.
            .timeout(context::remaining().mul_f64(0.9));
        if let Some(token) = &self.token {
            request = request.bearer(token);
        }
        let answer = request.send()?;
        log::debug(format_args!("the agent answered with {} and {} bytes", answer.status(), answer.body().len()));
        answer::reply(&answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_address_the_job_fails_and_says_which_line_is_missing() {
        let Err(Failure::Fatal(message)) = Agent::from_config() else { panic!("nothing is set in a test") };
        assert!(message.contains("agent-url") && message.contains("[plugins.agent-commands]"), "{message}");
    }
}
