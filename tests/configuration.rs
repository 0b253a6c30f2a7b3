//! Invalid configurations: each mistake has its own message with its place, and the exit code is 2.

use toril_tests::{RedisServer, Toril};

/// A mistake: its description, the text of `queues.toml` after `[host]`, its line, and a part of the message.
struct Mistake {
    what: &'static str,
    text: &'static str,
    line: &'static str,
    says: &'static str,
}

const MISTAKES: [Mistake; 14] = [
    Mistake {
        what: "an unknown key",
        text: "[queues.work]\nplugin = \"basics\"\nconcurency = 3\n",
        line: "concurency = 3",
        says: "did you mean `concurrency`",
    },
    Mistake {
        what: "a duration without a unit",
        text: "[queues.work]\nplugin = \"basics\"\ntimeout = 30\n",
        line: "timeout = 30",
        says: "unit",
    },
    Mistake {
        what: "an invalid duration",
        text: "[queues.work]\nplugin = \"basics\"\ntimeout = \"soon\"\n",
        line: "timeout = \"soon\"",
        says: "is not a duration",
    },
    Mistake {
        what: "no concurrency at all",
        text: "[queues.work]\nplugin = \"basics\"\nconcurrency = 0\n",
        line: "concurrency = 0",
        says: "concurrency",
    },
    Mistake {
        what: "a queue without a plugin",
        text: "[queues.work]\nconcurrency = 2\n",
        line: "[queues.work]",
        says: "plugin",
    },
    Mistake {
        what: "a queue name that BullMQ does not take",
        text: "[queues.\"a:b\"]\nplugin = \"basics\"\n",
        line: "[queues.\"a:b\"]",
        says: ":",
    },
    Mistake {
        what: "two queues with the same name",
        text: "[queues.work]\nplugin = \"basics\"\n[queues.work]\nplugin = \"basics\"\n",
        line: "[queues.work]",
        says: "work",
    },
    Mistake {
        what: "an unknown backoff",
        text: "[queues.work]\nplugin = \"basics\"\nbackoff = { type = \"linear\", delay = \"1s\" }\n",
        line: "backoff = { type = \"linear\", delay = \"1s\" }",
        says: "exponential",
    },
    Mistake {
        what: "an origin with a path",
        text: "[queues.work]\nplugin = \"basics\"\n[plugins.basics]\nhttp = [\"https://api.github.com/repos\"]\n",
        line: "http = [\"https://api.github.com/repos\"]",
        says: "path",
    },
    Mistake {
        what: "a secret whose variable is not set",
        text: "[queues.work]\nplugin = \"basics\"\n[plugins.basics]\nsecrets = { token = \"env:NOT_SET_ANYWHERE\" }\n",
        line: "",
        says: "NOT_SET_ANYWHERE",
    },
    Mistake {
        what: "a secret in the file itself",
        text: "[queues.work]\nplugin = \"basics\"\n[plugins.basics]\nsecrets = { token = \"hunter2\" }\n",
        line: "",
        says: "env:",
    },
    Mistake {
        what: "a size without a unit",
        text: "[queues.work]\nplugin = \"basics\"\n[plugins.basics]\nmemory = \"64\"\n",
        line: "memory = \"64\"",
        says: "MiB",
    },
    Mistake {
        what: "a queue that is its own dead-letter queue",
        text: "[queues.work]\nplugin = \"basics\"\ndead_letter = \"work\"\n",
        line: "dead_letter = \"work\"",
        says: "dead",
    },
    Mistake {
        what: "broken TOML",
        text: "[queues.work\nplugin = \"basics\"\n",
        line: "[queues.work",
        says: "queues.toml:",
    },
];

#[tokio::test]
async fn each_kind_of_mistake_has_its_own_message_with_its_place() {
    for Mistake { what, text, line, says } in MISTAKES {
        let toril = Toril::new().redis("redis://127.0.0.1:1").plugin("basics").config(text);

        let output = toril.cli(["check"]).await;

        assert_eq!(output.code, Some(2), "{what}: {output:?}");
        let shown = output.stderr;
        let document = std::fs::read_to_string(toril.config_path()).expect("the configuration");
        // The last such line: with two entries of the same name, the second one is the mistake.
        if let Some(number) = document.lines().collect::<Vec<_>>().iter().rposition(|l| !line.is_empty() && *l == line)
        {
            assert!(shown.contains(&format!("queues.toml:{}:", number + 1)), "{what}: no place in\n{shown}");
        } else {
            assert!(line.is_empty(), "{what}: the line is not in the file");
            assert!(shown.contains("queues.toml:"), "{what}: no place in\n{shown}");
        }
        assert!(shown.contains(says), "{what}: {says:?} is not in\n{shown}");
        assert!(!shown.contains("hunter2"), "{what}: a secret is in\n{shown}");
    }
}

#[tokio::test]
async fn all_mistakes_of_a_file_are_reported_at_once() {
    let text = "[queues.work]\nplugin = \"basics\"\ntimeout = 5\nconcurency = 1\n[queues.other]\nattempts = 0\n";
    let toril = Toril::new().redis("redis://127.0.0.1:1").plugin("basics").config(text);

    let output = toril.cli(["check"]).await.exited(2);

    for part in ["timeout", "concurency", "attempts", "plugin"] {
        assert!(output.stderr.contains(part), "{part} is not in\n{}", output.stderr);
    }
}

#[tokio::test]
async fn a_plugin_without_a_file_is_reported_with_the_expected_path() {
    let toril = Toril::new().redis("redis://127.0.0.1:1").config("[queues.work]\nplugin = \"basics\"\n");

    let output = toril.cli(["check"]).await.exited(2);

    assert!(output.stderr.contains("basics.wasm does not exist"), "{}", output.stderr);
}

#[tokio::test]
async fn a_host_does_not_start_with_a_broken_plugin() {
    let redis = RedisServer::start().await;
    let toril = Toril::new().redis(redis.url()).config("[queues.work]\nplugin = \"basics\"\n");
    toril.replace_plugin("basics", b"\0asm\x0d\0\x01\0\xff\xff");

    let output = toril.cli(["run"]).await.exited(2);

    assert!(output.stderr.contains("plugin basics cannot be used"), "{}", output.stderr);
}

#[tokio::test]
async fn run_without_a_redis_exits_at_once_with_code_2_and_says_what_to_set() {
    let toril = Toril::new().plugin("basics").config("[queues.work]\nplugin = \"basics\"\n");

    let output = toril.cli(["run"]).await.exited(2);

    for part in ["REDIS_URL", "[redis]", "toril dev"] {
        assert!(output.stderr.contains(part), "{part} is not in\n{}", output.stderr);
    }
}

#[tokio::test]
async fn the_environment_overrides_the_file() {
    let redis = RedisServer::start().await;
    let toril = Toril::new()
        .redis("redis://127.0.0.1:1")
        .env("REDIS_URL", redis.url())
        .config("[queues.work]\nplugin = \"basics\"\n");

    toril.cli(["queues"]).await.succeeded();
}

#[tokio::test]
async fn an_unreachable_redis_leads_to_exit_code_1_after_a_bounded_wait() {
    let config = "[redis]\nurl = \"redis://me:hunter2@127.0.0.1:1\"\nconnect_timeout = \"500ms\"\n[queues.work]\nplugin = \"basics\"\n";
    let toril = Toril::new().plugin("basics").config(config);

    let output = toril.cli(["run"]).await.exited(1);

    assert!(output.stderr.contains("127.0.0.1:1") && output.stderr.contains("REDIS_URL"), "{}", output.stderr);
    assert!(!output.stderr.contains("hunter2"), "the password is in\n{}", output.stderr);
}

#[tokio::test]
async fn an_address_that_is_in_use_is_reported() {
    let redis = RedisServer::start().await;
    let first = Toril::new().redis(redis.url()).plugin("basics").config("[queues.work]\nplugin = \"basics\"\n");
    let listener = std::net::TcpListener::bind(first.listen()).expect("the port is free");

    let output = first.cli(["run"]).await.exited(1);

    assert!(output.stderr.contains(&format!("cannot listen on {}", first.listen())), "{}", output.stderr);
    drop(listener);
}
