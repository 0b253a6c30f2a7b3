//! Every kind of mistake, with its position and a part of its message.

use super::{nothing, problems, queue, section};

/// A file with one mistake: its text, the line and column of the mistake, and a part of the message or help.
type Case = (String, usize, usize, &'static str);

fn check(cases: Vec<Case>) {
    for (text, line, column, piece) in cases {
        let found = problems(&text, &nothing());
        let shown = found.to_string();
        assert_eq!(found.len(), 1, "{text}\n{shown}");
        let problem = found.iter().next().unwrap();
        assert_eq!((problem.line, problem.column), (line, column), "{text}\n{shown}");
        assert!(shown.contains(piece), "{piece:?} is not in\n{shown}");
    }
}

fn case(text: impl Into<String>, line: usize, column: usize, piece: &'static str) -> Case {
    (text.into(), line, column, piece)
}

#[test]
fn mistakes_in_toml_itself() {
    let quoted = "string values must be quoted";
    check(vec![
        case("[queues.a]\nplugin = a\n", 2, 10, quoted),
        case("[queues.a]\nplugin = \"a\n", 2, 12, "invalid basic string"),
        case("[queues.a\n", 1, 10, "unclosed table"),
        case("[queues.a]\nplugin\n", 2, 7, "key with no value"),
        case(
            "[queues.'ä']\nplugin = 'a'\n[queues.b]\nplugin = 'a'\n  [queues.\"ä\"]\n",
            5,
            11,
            "two queues of one name: `ä`\n",
        ),
        case(section("[queues.a]"), 3, 9, "the first one is on line 1"),
        case(section("[plugins.a]\n[plugins.a]"), 4, 10, "two plugins of one name: `a`"),
        case(queue("timeout = \"1s\"\ntimeout = \"2s\""), 4, 1, "`timeout` is there twice"),
        case(queue("timeout = \"1s\"\ntimeout = \"2s\""), 4, 1, "first one is on line 3"),
        case(queue("backoff = { delay = \"1s\", delay = 1 }"), 3, 27, "`delay` is there twice"),
    ]);
}

#[test]
fn keys_that_are_not_known() {
    check(vec![
        case(queue("concurency = 10"), 3, 1, "did you mean `concurrency`? Allowed here: attempts, backoff,"),
        case(queue("removeOnFail = true"), 3, 1, "did you mean `remove_on_fail`?"),
        case(queue("memory = \"1MiB\""), 3, 1, "`memory` belongs under [plugins.NAME]"),
        case(queue("delay = \"1s\""), 3, 1, "`delay` belongs into `backoff`"),
        case(queue("colour = 1"), 3, 1, "unknown key `colour` in queues.a"),
        case(queue("backoff = { type = \"fixed\", delay = \"1s\", jiter = 1 }"), 3, 43, "did you mean `jitter`?"),
        case(queue("rate_limit = { max = 1, per = \"1s\", each = 1 }"), 3, 37, "Allowed here: max, per"),
        case(queue("remove_on_fail = { age = \"1s\", cuont = 1 }"), 3, 32, "did you mean `count`?"),
        case(section("[redis]\nuri = 1"), 4, 1, "did you mean `url`?"),
        case(section("[host]\nlistn = 1"), 4, 1, "did you mean `listen`?"),
        case(section("[plugins.a]\nfule = 1"), 4, 1, "did you mean `fuel`?"),
        case(section("[queue.b]\nplugin = 'b'"), 3, 2, "unknown key `queue` at the top level of the file"),
        case(section("[plugins.a]\nkeyvalue = { tll = '1h' }"), 4, 14, "did you mean `ttl`?"),
        case(section("[plugins.a]\nkeyvalue = 1"), 4, 12, "keyvalue"),
        case(section("[plugins.a]\nadd_to = ['a:b']"), 4, 11, "BullMQ does not take"),
        case(section("[plugins.a.postgres.main]\nurl = 'file:/dev/zero'"), 4, 7, "larger than 1 MiB"),
        case(section("[plugins.a.postgres.main]\nconnections = 5"), 3, 21, "has no `url`"),
        case(section("[plugins.a.postgres.main]\nurl = 'postgres://db'"), 4, 7, "write \"env:NAME\""),
        case(
            section("[plugins.a.postgres.main]\nurl = 'file:/dev/null'\nmax_row = 5"),
            5,
            1,
            "did you mean `max_rows`?",
        ),
        case(section("[plugins.a.postgres.Main]\nurl = 'file:/dev/null'"), 3, 21, "not a valid name of a pool"),
        case(section("[plugins.a]\ntcp = ['smtp.test']"), 4, 8, "has no port"),
        case(section("[plugins.a]\ntcp = ['smtp://smtp.test:25']"), 4, 8, "must not have a scheme or a path"),
        case(section("[plugins.a]\ntls = ['*.test:465']"), 4, 8, "there are no wildcards"),
        case(section("[plugins.a]\ntls = 'smtp.test:465'"), 4, 7, "must be an array of hosts with ports"),
        case(section("[plugins.a]\ntcp_connections = 0"), 4, 19, "must be at least 1"),
        case(
            section("[plugins.a]\ntcp = ['A.test:25']\ntls = ['b.test:1', 'a.test:25']"),
            5,
            1,
            "a.test:25 is in both `tcp` and `tls` of plugins.a",
        ),
        case(section("[plugins.a]\nprivate_addresses = ['ten']"), 4, 22, "not a range of IP addresses"),
    ]);
}

#[test]
fn things_that_are_missing() {
    check(vec![
        case("", 0, 0, "no queue is configured"),
        case("[queues]\n", 1, 2, "no queue is configured"),
        case("[queues.a]\n", 1, 9, "queues.a has no `plugin`"),
        case(queue("backoff = { delay = \"1s\" }"), 3, 1, "queues.a.backoff has no `type`"),
        case(queue("backoff = { type = \"fixed\" }"), 3, 1, "queues.a.backoff has no `delay`"),
        case(queue("backoff = \"exponential\""), 3, 11, "`backoff` in queues.a has no delay"),
        case(queue("rate_limit = { max = 1 }"), 3, 1, "queues.a.rate_limit has no `per`"),
        case(queue("remove_on_fail = {}"), 3, 18, "has neither `age` nor `count`"),
    ]);
}

#[test]
fn backoff_strategies_that_cannot_be_used() {
    let strategy = |text: &str| queue(&format!("backoff_strategies.b = {{ {text} }}"));
    let kinds = "must be \"fixed\", \"exponential\", \"linear\" or \"list\", not \"cubic\"";
    check(vec![
        case(strategy("type = 'cubic', delay = '1s'"), 3, 33, kinds),
        case(strategy("type = 'linear'"), 3, 20, "queues.a.backoff_strategies.b has no `delay`"),
        case(strategy("type = 'list', delays = []"), 3, 50, "must not be empty"),
        case(strategy("type = 'list', delays = ['1s', 5]"), 3, 50, "has no unit"),
        case(strategy("type = 'list', delays = ['1s'], delay = '1s'"), 3, 58, "does not fit the strategy's type"),
        case(strategy("type = 'fixed', delay = '1s', delays = ['1s']"), 3, 56, "does not fit the strategy's type"),
        case(strategy("type = 'fixed', delay = '1s', most = '1m'"), 3, 56, "Allowed here: delay, delays, jitter, max"),
        case(queue("backoff_strategies.fixed = { type = 'fixed', delay = '1s' }"), 3, 20, "BullMQ has built in"),
        case(queue("backoff = { type = 'b' }"), 3, 20, "must be \"fixed\" or \"exponential\", not \"b\""),
        case(
            queue("backoff_strategies.b = { type = 'fixed', delay = '1s' }\nbackoff = { type = 'c' }"),
            4,
            20,
            "must be \"fixed\", \"exponential\" or \"b\", not \"c\"",
        ),
        case(
            queue("backoff_strategies.b = { type = 'fixed', delay = '1s' }\nbackoff = { type = 'b', delay = '1s' }"),
            4,
            25,
            "set it in the strategy",
        ),
    ]);
}

#[test]
fn other_worker_options_that_cannot_be_used() {
    check(vec![
        case(queue("metrics = 5"), 3, 11, "{ max_data_points = 20160 }"),
        case(queue("metrics = {}"), 3, 1, "queues.a.metrics has no `max_data_points`"),
        case(queue("metrics = { max_data_points = 0 }"), 3, 31, "must be at least 1, not 0"),
        case(queue("metrics = { maxDataPoints = 5, max_data_points = 5 }"), 3, 13, "did you mean `max_data_points`?"),
        case(queue("max_started_attempts = 0"), 3, 24, "must be at least 1, not 0"),
        case(queue("maxStartedAttempts = 3"), 3, 1, "did you mean `max_started_attempts`?"),
        case(section("[host]\nname = 'a b'"), 4, 8, "visible characters"),
        case(section("[host]\nname = ''"), 4, 8, "must not be empty"),
    ]);
}

#[test]
fn values_of_another_type() {
    check(vec![
        case("queues = 1", 1, 10, "`queues` must be a table, not an integer"),
        case("[[queues]]\nplugin = 'a'", 1, 1, "`queues` must be a table, not an array"),
        case("[queues]\na = true", 2, 5, "`a` in queues must be a table, not a boolean"),
        case("[queues]\nplugin = 'a'", 2, 1, "put it under [queues.NAME]"),
        case("[queues.a]\nplugin = ['a']", 2, 10, "must be a string, not an array"),
        case(queue("concurrency = \"10\""), 3, 15, "must be a whole number, not a string"),
        case(queue("attempts = 2.5"), 3, 12, "must be a whole number, not a decimal number"),
        case(queue("timeout = 1979-05-27"), 3, 11, "must be a duration such as \"30s\", not a date"),
        case(queue("backoff = true"), 3, 11, "must be a table or a duration, not a boolean"),
        case(
            queue("backoff = { type = 'fixed', delay = '1s', jitter = 'x' }"),
            3,
            52,
            "must be a number from 0.0 to 1.0, not a string",
        ),
        case(queue("remove_on_complete = \"1h\""), 3, 22, "{ age = \"1h\", count = 1000 }"),
        case(section("[redis]\ntls = \"yes\""), 4, 7, "must be true or false"),
        case(section("[plugins.a]\nhttp = \"https://a.example\""), 4, 8, "must be an array of origins"),
        case(section("[plugins.a]\nconfig = { x = [1] }"), 4, 16, "must be a string, a number or a boolean"),
        case(section("[plugins.a]\nmemory = true"), 4, 10, "must be a size such as \"64MiB\", not a boolean"),
    ]);
}

#[test]
fn units_that_are_missing_or_wrong() {
    check(vec![
        case(queue("timeout = 30"), 3, 11, "\"30ms\" for milliseconds, \"30s\" for seconds"),
        case(queue("timeout = 1.5"), 3, 11, "`timeout` in queues.a has no unit"),
        case(queue("timeout = \"30\""), 3, 11, "`timeout` in queues.a has no unit"),
        case(queue("timeout = \"30 parsecs\""), 3, 11, "has an unknown unit, \"parsecs\""),
        case(queue("timeout = \"soon\""), 3, 11, "is not a duration"),
        case(queue("timeout = \"10us\""), 3, 11, "is finer than a millisecond"),
        case(queue("backoff = 5"), 3, 11, "`backoff` in queues.a has no unit"),
        case(section("[plugins.a]\nmemory = 64"), 4, 10, "\"64MiB\" for mebibytes"),
        case(section("[plugins.a]\nmemory = \"64M\""), 4, 10, "one of B, KB, MB, GB, KiB, MiB, GiB"),
    ]);
}

#[test]
fn values_out_of_range() {
    check(vec![
        case(queue("concurrency = 0"), 3, 15, "must be at least 1, not 0"),
        case(queue("concurrency = -1"), 3, 15, "must be at least 1, not -1"),
        case(queue("concurrency = 1001"), 3, 15, "must be at most 1000, not 1001"),
        case(queue("concurrency = 5\n[host]\nmax_pens = 4"), 3, 15, "`max_pens` under [host]"),
        case(queue("attempts = 99999999999999999999999999999999999999999"), 3, 12, "must be at most 4294967295"),
        case(queue("max_stalled = -1"), 3, 15, "must be at least 0"),
        case(queue("timeout = \"0s\""), 3, 11, "must be longer than 0"),
        case(queue("stalled_interval = \"0s\""), 3, 20, "must be longer than 0"),
        case(queue("lock_duration = \"999ms\""), 3, 17, "must be at least 1s"),
        case(queue("rate_limit = { max = 0, per = \"1s\" }"), 3, 22, "must be at least 1"),
        case(queue("rate_limit = { max = 1, per = \"0s\" }"), 3, 31, "must be at least 1ms"),
        case(queue("remove_on_fail = -1"), 3, 18, "false to keep all"),
        case(queue("remove_on_fail = { age = \"1500ms\" }"), 3, 26, "must be whole seconds, at least 1"),
        case(queue("backoff = { type = 'fixed', delay = '1s', jitter = 1.5 }"), 3, 52, "from 0.0 to 1.0"),
        case(queue("backoff = { type = 'fixed', delay = '1s', jitter = nan }"), 3, 52, "from 0.0 to 1.0"),
        case(
            queue("backoff = { type = 'linear', delay = '1s' }"),
            3,
            20,
            "must be \"fixed\" or \"exponential\", not \"linear\"",
        ),
        case(section("[host]\npen_threads = 0"), 4, 15, "must be at least 1"),
        case(section("[redis]\nconnect_timeout = \"0s\""), 4, 19, "must be longer than 0"),
        case(section("[plugins.a]\nmemory = \"1000KiB\""), 4, 10, "must be at least 1MiB"),
        case(section("[plugins.a]\nmemory = \"5GiB\""), 4, 10, "must be at most 4GiB"),
        case(section("[plugins.a]\nmax_result = \"0B\""), 4, 14, "must be at least 1B"),
        case(section("[plugins.a]\nfuel = 0"), 4, 8, "must be at least 1"),
        case(section("[plugins.a]\nmax_added_jobs = 0"), 4, 18, "must be at least 1"),
        case(section("[plugins.a]\nhttp_rate = { max = 5 }"), 4, 1, "has no `per`"),
        case(section("[plugins.a]\nkeyvalue = { max_keys = 0 }"), 4, 25, "must be at least 1"),
        case(section("[plugins.a]\nkeyvalue = { max_bytes = 5 }"), 4, 26, "has no unit"),
        case(section("[plugins.a]\nisolation = \"reuse\"\nreuse_jobs = 0"), 5, 14, "must be at least 1"),
        case(section("[plugins.a]\nisolation = \"none\""), 4, 13, "must be \"fresh\" or \"reuse\", not \"none\""),
        case(section("[plugins.a]\nreuse_jobs = 5"), 4, 1, "add `isolation = \"reuse\"`, or remove the line"),
        case(
            section("[plugins.a]\nreuse_jobs = 5\nisolation = \"fresh\""),
            4,
            1,
            "`reuse_jobs` in plugins.a is for instances that run several jobs",
        ),
    ]);
}

#[test]
fn names_and_addresses_that_are_none() {
    check(vec![
        case("[queues.\"a:b\"]\nplugin = 'a'", 1, 9, "BullMQ allows no `:`"),
        case("[queues.\"\"]\nplugin = 'a'", 1, 9, "a queue's name must not be empty"),
        case("[queues.a]\nplugin = '../a'", 2, 10, "is not a valid name of a plugin"),
        case("[queues.a]\nplugin = 'Mail'", 2, 10, "lower-case letters"),
        case(section("[plugins.-a]"), 3, 10, "`-a` in plugins is not a valid name of a plugin"),
        case(queue("dead_letter = \"a\""), 3, 15, "is the queue itself"),
        case(queue("dead_letter = \"a:b\""), 3, 15, "names a queue with a `:`"),
        case(queue("dead_letter = \"\""), 3, 15, "must not be empty"),
        case(section("[redis]\nprefix = \"\""), 4, 10, "`prefix` in redis must not be empty"),
        case(section("[redis]\nnamespace = \"\""), 4, 13, "must not be empty"),
        case(section("[redis]\nurl = \"http://localhost\""), 4, 7, "must start with redis://"),
        case(section("[redis]\ncluster = 1"), 4, 11, "must be true or false"),
        case(section("[redis]\nnodes = [\"n\"]"), 4, 9, "add `cluster = true`"),
        case(section("[redis]\nsentinels = [\"s\", \"unix:///s\"]"), 4, 13, "must be a host and a port"),
        case(
            section("[redis]\nsentinels = [\"s\"]\nurl = \"redis://m:1\""),
            5,
            7,
            "its host is the name of the master",
        ),
        case(section("[redis]\nprefix = \"{b}\"\ncluster = true\nsentinels = [\"s\"]"), 6, 13, "are both set"),
        case(section("[redis]\nprefix = \"{b}\"\ncluster = true\nurl = \"redis://h/1\""), 6, 7, "has only number 0"),
        case(section("[redis]\nprefix = \"{b}\"\ncluster = true\nurl = \"unix:///s\""), 6, 7, "the path of a socket"),
        case(section("[redis]\ncluster = true"), 1, 9, "give it a hash tag, as in \"{a}\""),
        case(section("[redis]\nurl = \"redis:///0\""), 4, 7, "`url` in redis has no host"),
        case(
            section("[redis]\nurl = \"unix:///s\"\ntls = true"),
            5,
            7,
            "TLS is on, but Redis is reached through a Unix socket",
        ),
        case(section("[host]\nlisten = \"localhost:9090\""), 4, 10, "127.0.0.1:9090"),
        case(section("[host]\nplugins = \"\""), 4, 11, "must not be empty"),
        case(
            section("[plugins.a]\nhttp = [\"https://a.example\", \"https://b.example/\"]"),
            4,
            30,
            "`http[1]` in plugins.a must not end with a slash",
        ),
        case(section("[plugins.a]\nhttp = [\"a.example\"]"), 4, 9, "must start with http:// or https://"),
        case(section("[plugins.a]\nhttp = [\"https://*.example\"]"), 4, 9, "no wildcards"),
        case(
            section("[plugins.a]\nconfig = { k = 1 }\nsecrets = { k = \"file:/dev/null\" }"),
            5,
            13,
            "`k` is in both `config` and `secrets` of plugins.a",
        ),
    ]);
}

#[test]
fn dead_letters_that_come_back_are_reported_at_each_queue_of_the_circle() {
    let text = "queues.a = { plugin = 'p', dead_letter = 'b' }\nqueues.b = { plugin = 'p', dead_letter = 'c' }\nqueues.c = { plugin = 'p', dead_letter = 'a' }\nqueues.d = { plugin = 'p', dead_letter = 'a' }\n";
    let found = problems(text, &nothing());
    let keys: Vec<&str> = found.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, ["queues.a.dead_letter", "queues.b.dead_letter", "queues.c.dead_letter"]);
    assert!(found.to_string().contains("leads back to it"));
}
