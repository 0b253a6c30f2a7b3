//! How problems are displayed.

use super::super::Severity;
use super::{config, nothing, problems, queue, section};

#[test]
fn everything_that_is_wrong_is_reported_at_once_in_the_order_of_the_lines() {
    let text = r#"[plugins.agent]
memory = 64
[queues.agent-commands]
plugin = "agent"
concurency = 10
timeout = 30
[queues.github-sync]
attempts = 0
backoff = { type = "expo", delay = "2 parsecs" }
[host]
listen = "here"
"#;
    let found = problems(text, &nothing());
    let places: Vec<(usize, &str)> = found.iter().map(|problem| (problem.line, problem.key.as_str())).collect();
    assert_eq!(
        places,
        [
            (2, "plugins.agent.memory"),
            (5, "queues.agent-commands.concurency"),
            (6, "queues.agent-commands.timeout"),
            (7, "queues.github-sync.plugin"),
            (8, "queues.github-sync.attempts"),
            (9, "queues.github-sync.backoff.type"),
            (9, "queues.github-sync.backoff.delay"),
            (11, "host.listen"),
        ]
    );
    assert!(found.to_string().ends_with("\n\n8 problems in queues.toml"));
}

#[test]
fn a_problem_shows_its_line_with_the_part_that_is_meant() {
    let text = format!("{}\n\n\n\n\n\n{}", queue("timeout = \"1s\""), "remove_on_fail = { cont = 5, age = \"1h\" }\n");
    assert_eq!(
        problems(&text, &nothing()).to_string(),
        "error: unknown key `cont` in queues.a.remove_on_fail
  --> queues.toml:10:20
   |
10 | remove_on_fail = { cont = 5, age = \"1h\" }
   |                    ^^^^
   = help: did you mean `count`? Allowed here: age, count, limit

1 problem in queues.toml"
    );
}

#[test]
fn a_text_under_a_mistyped_key_is_cut_off() {
    let shown = problems(&queue("dead_leter = \"graveyard\""), &nothing()).to_string();
    assert!(shown.contains("\n3 | dead_leter = …\n  | ^^^^^^^^^^\n"), "{shown}");
}

#[test]
fn tabs_and_wide_characters_do_not_move_the_mark() {
    let text = "[queues.\"größe\"]\n\tplugin = \"a\"\n\tattempts\t= 0\n";
    let shown = problems(text, &nothing()).to_string();
    assert!(shown.contains("`attempts` in queues.\"größe\" must"), "{shown}");
    assert!(shown.contains("3:13\n  |\n3 |  attempts = 0\n  |             ^\n"), "{shown}");
}

#[test]
fn a_check_outside_of_the_file_can_point_into_it() {
    let config = config(&section("[queues.\"b.c\"]\nplugin = \"b\""), &nothing());
    let help = Some("build it".to_owned());
    let problem = config.problem(&["queues", "b.c", "plugin"], "b.wasm does not exist", help);
    assert_eq!(problem.severity, Severity::Error);
    assert_eq!(problem.key, "queues.\"b.c\".plugin");
    assert_eq!(
        problem.to_string(),
        "error: b.wasm does not exist\n --> queues.toml:4:10\n  |\n4 | plugin = \"b\"\n  |          ^^^\n  = help: build it"
    );
    let nowhere = config.problem(&["host", "cache"], "it is full", None);
    assert_eq!(nowhere.to_string(), "error: it is full\n --> queues.toml");
}
