//! TypeScript through the SDK's bundler: what stacks show, what runs before the snapshot, and the grant `env`. Needs Node, and
//! no Redis server.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};
use toril_tests::toril::{Output, engine_cache};
use toril_tests::{Toril, repository};

const CONFIG: &str = "[queues.work]\nplugin = \"plugin\"\n";

/// A project with files, in a folder where `npm` would have installed the SDK. Its plugin is `src/plugin.ts`.
struct Project(Toril);

impl Project {
    fn of(files: &[(&str, &str)]) -> Self {
        Self::with(CONFIG, files)
    }

    fn with(config: &str, files: &[(&str, &str)]) -> Self {
        let toril = Toril::new().config(config).cache(engine_cache());
        let folder = toril.folder().join("project");
        let programs = folder.join("node_modules/.bin");
        fs::create_dir_all(&programs).expect("a folder for programs");
        let bundler = repository().join("sdk/js/bin/toril-plugin-build.js");
        symlink(bundler, programs.join("toril-plugin-build")).expect("a link to the bundler");
        fs::write(folder.join("package.json"), "{\"name\":\"plugin\",\"type\":\"module\"}")
            .expect("writes package.json");
        for (name, text) in files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder for the file");
            fs::write(path, text).expect("writes the file");
        }
        Self(toril)
    }

    async fn build(&self) -> Output {
        self.0.cli(["plugin", "build", "project", "--out", "plugins"]).await
    }

    /// The report of one job.
    async fn report(&self, options: &[&str]) -> Value {
        let job = ["plugin", "test", "plugins/plugin.wasm", "--name", "job", "--json"];
        self.0.cli(job.iter().chain(options)).await.json()
    }

    async fn built(files: &[(&str, &str)]) -> Self {
        let project = Self::of(files);
        project.build().await.succeeded();
        project
    }
}

fn lines(stack: &Value) -> Vec<&str> {
    stack.as_str().unwrap_or_default().lines().map(str::trim).collect()
}

#[tokio::test]
async fn a_stack_shows_the_files_lines_and_columns_of_the_author() {
    let project = Project::built(&[
        (
            "src/plugin.ts",
            "import { check } from './check.ts';\ninterface Data {\n  name: string;\n}\n\nexport async function handle({ data }: { data: Data }) {\n  await null;\n  return check(data.name);\n}\n",
        ),
        (
            "src/check.ts",
            "type Name = string | undefined;\n\nexport function check(name: Name): number {\n  if (name === undefined) throw new TypeError('no name');\n  return name.length;\n}\n",
        ),
    ])
    .await;
    let report = project.report(&[]).await;
    assert_eq!(
        lines(&report["failure"]["stack"]),
        ["TypeError: no name", "at check (src/check.ts:4:37)", "at handle (src/plugin.ts:8:16)"],
        "{report}"
    );
    assert!(report["log"].to_string().contains("at check (src/check.ts:4:37)"), "{report}");
}

#[tokio::test]
async fn a_stack_that_code_reads_itself_shows_packages_and_leaves_out_the_sdk() {
    let project = Project::built(&[
        (
            "src/plugin.ts",
            "import { each } from 'each';\nimport { config } from '@toril/plugin';\n\nexport function handle() {\n  const stacks: string[] = [];\n  each([1], () => stacks.push(new Error('here').stack!));\n  try {\n    config.require('missing');\n  } catch (error) {\n    stacks.push((error as Error).stack!);\n  }\n  return stacks;\n}\n",
        ),
        ("node_modules/each/package.json", "{\"name\":\"each\",\"main\":\"lib/each.js\"}"),
        ("node_modules/each/lib/each.js", "// A comment.\nexports.each = function each(list, call) {\n  for (const item of list) call(item);\n};\n"),
    ])
    .await;
    let report = project.report(&[]).await;
    let stacks = &report["result"];
    let own = lines(&stacks[0]);
    assert!(own[1].contains("src/plugin.ts:6:35"), "{report}");
    assert!(own[2].starts_with("at each (node_modules/each/lib/each.js:3:"), "{report}");
    assert!(own[3].starts_with("at handle (src/plugin.ts:6:"), "{report}");
    let [head, frame] = lines(&stacks[1])[..] else { panic!("one frame: {report}") };
    assert!(head.contains("missing") && frame.starts_with("at handle (src/plugin.ts:8:"), "{report}");
}

#[tokio::test]
async fn an_error_at_the_top_level_fails_the_build_with_the_authors_line() {
    let project = Project::of(&[(
        "src/plugin.ts",
        "const none: any = null;\n\nexport const value = none.property;\nexport const handle = () => value;\n",
    )]);
    let refused = project.build().await.exited(1);
    assert!(refused.stderr.contains("src/plugin.ts:3:"), "{}", refused.stderr);
}

#[tokio::test]
async fn what_warmup_has_made_is_there_for_each_job() {
    let project = Project::built(&[(
        "src/plugin.ts",
        "let table: Map<number, number> | undefined;\nexport async function warmup() {\n  await Promise.resolve();\n  table = new Map([[1, 2]]);\n}\nexport const handle = () => table?.get(1);\n",
    )])
    .await;
    assert_eq!(project.report(&[]).await["result"], 2);
}

#[tokio::test]
async fn a_processor_of_bullmq_may_have_a_warmup() {
    let project = Project::built(&[(
        "src/plugin.ts",
        "let warm = 'cold';\nexport const warmup = () => void (warm = 'warm');\nexport default async () => warm;\n",
    )])
    .await;
    assert_eq!(project.report(&[]).await["result"], "warm");
}

#[tokio::test]
async fn a_warmup_that_throws_or_waits_for_a_job_fails_the_build_with_the_reason() {
    for (warmup, reason) in [
        (
            "export function warmup() {\n  throw new Error('no table');\n}",
            "Error: no table\n    at warmup (src/plugin.ts:2:13)",
        ),
        ("export const warmup = () => fetch('http://a.example');", "requests are not available"),
        (
            "export const warmup = () => new Promise((resolve) => setTimeout(resolve, 10));",
            "something that only a job can do",
        ),
        ("export const warmup = 1;", "`warmup` is a function"),
    ] {
        let project = Project::of(&[("src/plugin.ts", &format!("{warmup}\nexport const handle = () => 1;\n"))]);
        let refused = project.build().await.exited(1);
        assert!(refused.stderr.contains(reason), "{reason}: {}", refused.stderr);
    }
}

const READS: &str = "export const handle = () => [process.env.API_KEY, process.env.NODE_ENV, Object.keys(process.env), process.env.OTHER ?? null];\n";

#[tokio::test]
async fn process_env_has_the_variables_of_the_grant() {
    let granted =
        "[plugins.plugin]\nconfig = { OTHER = \"no variable\" }\nenv = { API_KEY = \"file:key\", LEVEL = 3 }\n";
    let project = Project::with(&format!("{CONFIG}{granted}"), &[("src/plugin.ts", READS)]);
    fs::write(project.0.folder().join("key"), "hunter2\n").expect("writes the secret");
    project.build().await.succeeded();
    let report = project.report(&[]).await;
    assert_eq!(report["result"], json!(["hunter2", "production", ["API_KEY", "LEVEL"], null]), "{report}");
    let report = project.report(&["--env", "API_KEY=other", "--env", "OTHER=given"]).await;
    assert_eq!(report["result"], json!(["other", "production", ["API_KEY", "LEVEL", "OTHER"], "given"]), "{report}");
}

#[tokio::test]
async fn the_build_names_the_variables_that_the_authors_own_code_reads_too_early() {
    let project = Project::of(&[
        (
            "src/plugin.ts",
            "import { level } from 'levels';\nconst key = process.env.API_KEY;\nexport const handle = () => [key, level, process.env.LATER];\n",
        ),
        ("node_modules/levels/package.json", "{\"name\":\"levels\",\"main\":\"index.js\"}"),
        ("node_modules/levels/index.js", "exports.level = process.env.LEVEL || 'info';\n"),
    ]);
    let built = project.build().await.succeeded();
    assert!(built.stderr.contains("src/plugin.ts:2: process.env.API_KEY is undefined here"), "{}", built.stderr);
    assert!(built.stderr.contains("env = { API_KEY = \"env:API_KEY\" }"), "{}", built.stderr);
    assert!(!built.stderr.contains("LEVEL") && !built.stderr.contains("LATER"), "{}", built.stderr);
    let inspected = project.0.cli(["plugin", "inspect", "plugins/plugin.wasm"]).await.succeeded();
    assert!(inspected.stdout.contains("env = {"), "{}", inspected.stdout);
}
