//! The options of a claimed job, in every form in which BullMQ's clients store them.

use serde::Deserialize;
use serde_json::Value;

use crate::backoff::Backoff;
use crate::js;

/// The options in a job's `opts` that matter once it is claimed. They are parsed here because the BullMQ crate's type
/// drops some of them. An invalid option counts as missing.
#[derive(Debug, Default)]
pub struct Options {
    /// How many attempts it has in all.
    pub attempts: Option<u32>,
    /// The backoff between its attempts.
    pub backoff: Option<Backoff>,
    /// The delay that it was added with, in milliseconds.
    pub delay: u64,
    /// Which completed jobs are kept. `None`: as in the queue's settings.
    pub remove_on_complete: Option<Keep>,
    /// Which failed jobs are kept. `None`: as in the queue's settings.
    pub remove_on_fail: Option<Keep>,
    /// How many lines of its log are kept. `None`: all.
    pub keep_logs: Option<u32>,
    /// How many stack traces are kept. `None`: BullMQ's default.
    pub stack_trace_limit: Option<u32>,
    /// Whether it goes to the front of the queue when it is retried without a delay.
    pub lifo: bool,
    /// The trace context that its producer stored, in the telemetry's own text format.
    pub trace_context: Option<String>,
    /// All options of a job that a scheduler created. The scheduler's next job gets the same ones.
    pub template: Option<Value>,
}

impl Options {
    /// Reads the field `opts`.
    pub fn read(text: &str) -> Self {
        let Ok(Value::Object(opts)) = serde_json::from_str(text) else { return Self::default() };
        let number = |name: &str| js::number(opts.get(name));
        let small = |name: &str| js::whole(number(name)).filter(|number| *number >= 0).map(saturated);
        let mut options = Self {
            // A job is retried while fewer attempts than this were made, so 2.5 means three.
            attempts: js::whole(number("attempts").ceil()).map(saturated),
            delay: js::whole(number("delay")).and_then(|number| u64::try_from(number).ok()).unwrap_or(0),
            remove_on_complete: opts.get("removeOnComplete").and_then(Keep::read),
            remove_on_fail: opts.get("removeOnFail").and_then(Keep::read),
            keep_logs: small("kl").filter(|lines| *lines > 0),
            stack_trace_limit: small("stackTraceLimit"),
            lifo: js::truthy(opts.get("lifo")),
            ..Self::default()
        };
        options.trace_context = opts.get("tm").and_then(Value::as_str).map(str::to_owned);
        options.backoff = opts.get("backoff").and_then(|backoff| Backoff::deserialize(backoff).ok());
        if opts.contains_key("repeat") {
            options.template = Some(Value::Object(opts));
        }
        options
    }
}

/// Converts a number and saturates it: a larger number becomes the maximum, a negative number becomes 0.
fn saturated(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

/// Which ended jobs stay in Redis. By default all stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// The number of newest jobs to keep. `None` or a negative number keeps any number. 0 does not even keep this job.
    pub count: Option<i64>,
    /// Keeps the jobs that ended within this many seconds.
    pub age: Option<i64>,
    /// The most jobs that one call removes because of their age.
    pub limit: Option<i64>,
}

impl Keep {
    /// Reads the forms of this option. A number keeps that many jobs. An object has the fields of [`Keep`]. Another
    /// truthy value keeps no job, and another falsy value keeps all. `None`: the job's options do not set it.
    fn read(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Null | Value::Array(_) => return None,
            Value::Number(_) => Self { count: js::whole(js::number(Some(value))), ..Self::default() },
            Value::Object(keep) => {
                let number = |name: &str| keep.get(name).and_then(|value| js::whole(js::number(Some(value))));
                Self { count: number("count"), age: number("age"), limit: number("limit") }
            }
            Value::Bool(_) | Value::String(_) if js::truthy(Some(value)) => Self { count: Some(0), ..Self::default() },
            Value::Bool(_) | Value::String(_) => Self::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_keeping_is_read() {
        let keep = |text: &str| Options::read(&format!(r#"{{"removeOnComplete":{text}}}"#)).remove_on_complete;
        let count = |count| Some(Keep { count: Some(count), ..Keep::default() });
        assert_eq!(
            (keep("true"), keep("false"), keep("7"), keep("-1")),
            (count(0), Some(Keep::default()), count(7), count(-1))
        );
        assert_eq!(keep(r#"{"age":60,"limit":5}"#), Some(Keep { count: None, age: Some(60), limit: Some(5) }));
        assert_eq!((keep("null"), Options::read("{}").remove_on_complete), (None, None));
    }

    #[test]
    fn attempts_are_counted_as_javascript_compares_them() {
        let attempts = |text: &str| Options::read(&format!(r#"{{"attempts":{text}}}"#)).attempts;
        for (stored, expected) in [
            ("9.007199254741e+15", Some(u32::MAX)),
            ("9007199254740991", Some(u32::MAX)),
            ("\"3\"", Some(3)),
            ("2.5", Some(3)),
            ("3.0", Some(3)),
            ("true", Some(1)),
            ("null", Some(0)),
            ("-1", Some(0)),
            ("\"many\"", None),
            ("{}", None),
        ] {
            assert_eq!(attempts(stored), expected, "{stored}");
        }
    }

    #[test]
    fn numbers_of_other_options_have_every_form() {
        let text = r#"{"delay":"5e3","kl":1e20,"lifo":1,"backoff":{"type":"fixed","delay":"70","jitter":null},
            "removeOnComplete":{"count":"5","age":6.5e1,"limit":1e300},"removeOnFail":"yes"}"#;
        let options = Options::read(text);
        assert_eq!((options.delay, options.keep_logs, options.lifo), (5000, Some(u32::MAX), true));
        let keep = Keep { count: Some(5), age: Some(65), limit: Some(i64::MAX) };
        let none = Keep { count: Some(0), ..Keep::default() };
        assert_eq!((options.remove_on_complete, options.remove_on_fail), (Some(keep), Some(none)));
        let Some(Backoff::Strategy { delay, jitter, .. }) = options.backoff else { panic!("a strategy") };
        assert_eq!((delay, jitter), (Some(70.0), Some(0.0)));
    }

    #[test]
    fn one_option_without_sense_takes_no_other_with_it() {
        let options =
            Options::read(r#"{"attempts":3,"backoff":{"type":7},"kl":"many","stackTraceLimit":1.0,"tm":"ctx"}"#);
        assert_eq!((options.attempts, options.keep_logs, options.stack_trace_limit), (Some(3), None, Some(1)));
        assert!(options.backoff.is_none());
        assert_eq!(options.trace_context.as_deref(), Some("ctx"));
    }
}
