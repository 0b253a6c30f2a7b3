//! Built for `wit/since-0.1`, without the SDK, which uses a newer version. Hosts must run it unchanged.

#[cfg(target_arch = "wasm32")]
mod component {
    #![allow(unsafe_code, reason = "generated code calls the component's exports")]

    wit_bindgen::generate!({ path: "../../../wit/since-0.1", world: "processor" });

    use exports::toril::plugin::handler::{Failure, Guest, Job, Manifest};
    use toril::plugin::job_context::{self as context, Level};
    use toril::plugin::jobs::{self, AddOptions, Backoff, BackoffKind, Deduplication, OnFailure};
    use toril::plugin::types::JobType;

    struct First;

    impl Guest for First {
        fn describe() -> Manifest {
            let kinds = ["calls", "family", "wait", "fatal"];
            let kind = |name: &str| JobType {
                name: name.into(),
                description: "Shows one side of the interface.".into(),
                data_schema: Some("true".into()),
                result_schema: None,
            };
            Manifest { description: "Built for the first version.".into(), jobs: kinds.map(kind).into() }
        }

        fn handle(job: Job) -> Result<String, Failure> {
            match job.name.as_str() {
                "calls" => calls(&job),
                "family" => family(&job),
                "wait" => Ok(format!("{:?}", wait())),
                _ => Err(Failure::Fatal(format!("attempt {} of {}", job.attempt, job.max_attempts))),
            }
        }
    }

    /// Calls every function that a job without children can call.
    fn calls(job: &Job) -> Result<String, Failure> {
        context::log(Level::Warn, "a line");
        context::set_progress("42").map_err(failed)?;
        context::set_data("{\"kept\":true}").map_err(failed)?;
        let refused = context::set_progress("no JSON").is_err();
        let backoff = Backoff { kind: BackoffKind::Exponential, delay: 7, jitter: 0.0 };
        let once =
            Deduplication { id: "once".into(), ttl: None, extend: false, replace: false, keep_last_if_active: false };
        let options = AddOptions { backoff: Some(backoff), deduplication: Some(once), ..delayed("added") };
        let added = jobs::add(&job.queue, "wait", "[1]", &options).map_err(failed)?;
        let denied = jobs::add("elsewhere", "wait", "[1]", &delayed("denied")).is_err();
        let time = context::remaining() > 0;
        let cancelled = context::cancelled().is_some();
        Ok(format!("[{refused}, {added:?}, {denied}, {time}, {cancelled}]"))
    }

    /// Adds a child that fails, and waits for it.
    fn family(job: &Job) -> Result<String, Failure> {
        let counts = context::dependencies().map_err(failed)?;
        if counts.ignored == 0 {
            let child = AddOptions { delay: None, ..delayed("child") };
            jobs::add_child(&job.queue, "fatal", "{}", &child, OnFailure::Ignore).map_err(failed)?;
            return Err(Failure::AwaitChildren);
        }
        let completed = context::children_values().map_err(failed)?.len();
        let failures = context::ignored_failures().map_err(failed)?;
        let reasons: Vec<_> = failures.iter().map(|failure| failure.reason.as_str()).collect();
        Ok(format!("[{completed}, {reasons:?}]"))
    }

    /// Waits until it should end.
    fn wait() -> String {
        loop {
            if let Some(reason) = context::cancelled() {
                return reason;
            }
        }
    }

    fn delayed(id: &str) -> AddOptions {
        AddOptions {
            id: Some(id.into()),
            delay: Some(3_600_000),
            priority: None,
            attempts: Some(1),
            backoff: None,
            deduplication: None,
        }
    }

    fn failed(error: impl std::fmt::Debug) -> Failure {
        Failure::Fatal(format!("{error:?}"))
    }

    export!(First);
}
