//! Turns a [`RawPlugin`](crate::RawPlugin) into the exports of a component.

/// Exports a plugin from this crate, which must be a `cdylib`. Use it once, with a type that implements
/// [`Plugin`](crate::Plugin) or [`RawPlugin`](crate::RawPlugin).
///
/// On targets other than WebAssembly it only checks that the type is a plugin.
#[macro_export]
macro_rules! export {
    ($plugin:ty) => {
        const _: () = {
            const fn is_a_plugin<P: $crate::RawPlugin>() {}
            is_a_plugin::<$plugin>();
        };

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type Component = $crate::__private::Adapter<$plugin>;
            $crate::__private::bindings::export_component!(
                Component with_types_in $crate::__private::bindings
            );
        };
    };
}

#[cfg(target_arch = "wasm32")]
pub use adapter::Adapter;

#[cfg(target_arch = "wasm32")]
mod adapter {
    use std::marker::PhantomData;
    use std::time::{Duration, SystemTime};

    use crate::bindings::exports::toril::plugin::handler::{Guest, Job as WitJob};
    use crate::bindings::toril::plugin::types as wit;
    use crate::{Failure, Job, JobRef, JobType, Json, Manifest, RawPlugin, host};

    /// The component's exports for the plugin `P`.
    pub struct Adapter<P>(PhantomData<P>);

    impl<P: RawPlugin> Guest for Adapter<P> {
        fn describe() -> wit::Manifest {
            report_panics();
            manifest_to_wit(P::describe())
        }

        fn handle(job: WitJob) -> Result<String, wit::Failure> {
            report_panics();
            P::handle(job_from_wit(job)).map(Json::into_text).map_err(failure_to_wit)
        }
    }

    /// Without this, a panic is a trap without a message.
    fn report_panics() {
        std::panic::set_hook(Box::new(|panic| host::log(crate::log::Level::Error, &panic.to_string())));
    }

    fn job_from_wit(job: WitJob) -> Job<Json> {
        let added = Duration::from_millis(job.added_at);
        Job {
            id: job.id,
            queue: job.queue,
            name: job.name,
            data: Json::from_text(job.data),
            attempt: job.attempt,
            max_attempts: job.max_attempts,
            added_at: SystemTime::UNIX_EPOCH.checked_add(added).unwrap_or(SystemTime::UNIX_EPOCH),
            parent: job.parent.map(|parent| JobRef { queue: parent.queue, id: parent.id }),
        }
    }

    fn failure_to_wit(failure: Failure) -> wit::Failure {
        match failure {
            Failure::Retry(message) => wit::Failure::Retry(wit::Reason { message, stack: None }),
            Failure::Fatal(message) => wit::Failure::Fatal(wit::Reason { message, stack: None }),
            Failure::Defer(delay) => wit::Failure::Defer(host::whole_millis(delay)),
            Failure::Requeue => wit::Failure::Requeue,
            Failure::RateLimited(delay) => wit::Failure::RateLimited(host::whole_millis(delay)),
            Failure::AwaitChildren => wit::Failure::AwaitChildren,
        }
    }

    fn manifest_to_wit(manifest: Manifest) -> wit::Manifest {
        let job_type = |job: JobType| wit::JobType {
            name: job.name,
            description: job.description,
            data_schema: job.data_schema.map(|schema| schema.as_value().to_string()),
            result_schema: job.result_schema.map(|schema| schema.as_value().to_string()),
        };
        wit::Manifest { description: manifest.description, jobs: manifest.jobs.into_iter().map(job_type).collect() }
    }
}
