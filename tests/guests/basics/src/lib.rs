//! Every way in which a job can end, selected by the job's name. Accepts any name and does not validate data, because
//! the host is under test.

mod ends;
mod flow;
mod host;
mod kept;
mod produce;
mod running;
mod shared;

use std::time::Duration;

use toril_plugin::{Failure, Job, Json, Manifest, RawPlugin};

/// Distinguishes two builds of this plugin.
const BUILD: Option<&str> = option_env!("TORIL_PLUGIN_BUILD");

struct Basics;

impl RawPlugin for Basics {
    fn describe() -> Manifest {
        Manifest { description: "Does what the job's name says.".into(), jobs: Vec::new() }
    }

    fn handle(job: Job<Json>) -> Result<Json, Failure> {
        match job.name.as_str() {
            "echo" => Ok(job.data),
            "fail-times" => ends::fail_times(job.parse()?),
            "fatal" => Err(Failure::fatal("this job cannot be done")),
            "defer" => ends::defer(job.parse()?),
            "rate-limit" => ends::rate_limit(job.parse()?),
            "await" => Err(Failure::AwaitChildren),
            "bad-json" => Ok(Json::from_text("not json")),
            "huge" => ends::huge(job.parse()?),
            "panic" => panic!("this job panics on purpose"),
            "who" => Ok(Json::from(serde_json::json!({
                "queue": job.queue,
                "id": job.id,
                "parent": job.parent.map(|parent| format!("{}/{}", parent.queue, parent.id)),
            }))),
            "version" => Ok(Json::from(serde_json::json!({ "version": BUILD.unwrap_or("0") }))),
            "served" => shared::served(job.parse()?),
            "progress" => host::progress(),
            "sleep" => host::sleep(job.parse()?),
            "sleep-until-cancelled" => host::sleep_until_cancelled(),
            "ignore-cancel" => host::ignore_cancel(),
            "remaining" => host::remaining(),
            "fetch" => host::fetch(job.parse()?),
            "fetch-many" => host::fetch_many(job.parse()?),
            "send" => host::send(job.parse()?),
            "log-slowly" => host::log_slowly(job.parse()?),
            "ledger" => host::ledger(job.parse()?),
            "config" => host::config(job.parse()?),
            "kv" => kept::count(job.parse()?),
            "kv-roundtrip" => kept::roundtrip(job.parse()?),
            "kv-set" => kept::set(job.parse()?),
            "kv-batch" => kept::batch(job.parse()?),
            "kv-too-large" => kept::too_large(),
            "kv-fill" => kept::fill(job.parse()?),
            "checkpoint" => kept::checkpoint(job),
            "defer-once" => kept::defer_once(job, Duration::from_millis(50)),
            "give-back" => kept::give_back_once(job),
            "add" => produce::add(job.parse()?),
            "add-many" => produce::add_many(job.parse()?),
            "add-flow" => produce::add_flow(job.parse()?),
            "children" => flow::children(),
            "list-children" => running::list_children(job.parse()?),
            "details" => running::details(),
            "requeue-once" => running::requeue_once(),
            "flow" => flow::run(job.parse()?),
            "flow-failing" => flow::failing(job.parse()?),
            "dependencies" => flow::dependencies(),
            other => Err(Failure::fatal(format!("there is no behaviour called `{other}`"))),
        }
    }
}

toril_plugin::export!(Basics);
