//! Hostile plugins. Each runs next to a queue that must not be affected. The list below has the attacks,
//! `database_cases.rs` has those on databases, and `socket_cases.rs` those through TCP connections. The folders next to
//! this file contain the plugins, and `forged.rs` writes the components that no compiler would.

mod bundles;
mod case;
mod computing;
mod database_cases;
mod databases;
mod files;
mod floods;
mod forged;
mod network;
mod quotas;
mod ring;
mod socket_cases;
mod sockets;
mod texts;

use case::cases;

cases! {
    an_endless_loop_in_handle => computing::in_handle {
        "an endless loop in `handle`",
        "`timeout` of the queue",
        "timeout: the plugin did not finish within 1s, the `timeout` of queue hostile"
    }
    an_endless_loop_in_describe => computing::in_describe {
        "an endless loop in `describe`",
        "5 seconds",
        "hostile.wasm was refused: its `describe` failed: `describe` did not return within 5s"
    }
    an_endless_loop_at_the_start_of_a_version => computing::at_the_start_of_a_new_version {
        "an endless loop while its instance starts",
        "the same 5 seconds",
        "hostile.wasm was refused: its `describe` failed: `describe` did not return within 5s"
    }
    an_endless_loop_at_the_start_of_an_attempt => computing::at_the_start_of_an_attempt {
        "the same, and only when a job is to be run",
        "`timeout` of the queue",
        "timeout: the plugin did not finish within 1s, the `timeout` of queue hostile"
    }
    a_call_as_a_supertype_in_describe => computing::a_call_as_a_supertype_in_describe {
        "a call through a table as a type that may have subtypes, while its instance starts",
        "the `gc` proposal is off: wasmtime 48.0.8 would abort the host",
        "hostile.wasm does not compile: …"
    }
    a_call_as_a_supertype_in_handle => computing::a_call_as_a_supertype_in_handle {
        "the same, and only when a job is to be run",
        "the same, before anything of it is run",
        "hostile.wasm does not compile: failed to parse WebAssembly module: gc proposal must be enabled to use subtypes (at offset 0x…)"
    }
    many_memories => computing::many_memories {
        "8 memories",
        "4 memories in all modules",
        "hostile.wasm was refused: it needs 8 memories, and a plugin may have 4"
    }
    all_that_pens_may_hold => computing::all_that_pens_may_hold {
        "as many attempts as it may run at once, each with as many memories as it may have",
        "each of the `max_pens` places has room for the most that an attempt may have",
        "3 attempts run, and jobs of the other queue complete"
    }
    endless_calls_of_the_host => computing::in_host_calls {
        "calls of the host without end",
        "`timeout` of the queue",
        "timeout: the plugin did not finish within 1s, the `timeout` of queue hostile"
    }
    an_endless_wait => computing::waiting_for_ever {
        "a wait of five hundred years",
        "`timeout` of the queue",
        "timeout: the plugin did not finish within 1s, the `timeout` of queue hostile"
    }
    deferred_for_ever => computing::deferred_for_ever {
        "a job deferred for five hundred million years",
        "a hundred years",
        "state \"delayed\", delay 3153600000000, limit -2"
    }
    limited_for_ever => computing::limited_for_ever {
        "a rate limit of the same time",
        "a hundred years, and no other queue",
        "state \"waiting\", delay 0, limit 3153…"
    }
    a_job_for_never => computing::a_job_for_never {
        "adding a job that is delayed for the same time",
        "a hundred years",
        "…delay is at most 3153600000000 ms (a hundred years), not …"
    }
    endless_recursion => computing::recursion {
        "recursion without end",
        "the stack of its pen",
        "the plugin trapped: … (endless recursion or a bad pointer, mostly)"
    }
    endless_memory => computing::memory {
        "memory without end",
        "`memory` of the plugin",
        "out of memory: it wanted … bytes of memory and may have 67108864; `memory` under [plugins.hostile] sets the limit"
    }
    many_large_tables => computing::many_large_tables {
        "many tables of 19,000 elements",
        "100,000 elements in all tables",
        "hostile.wasm was refused: its `describe` failed: out of memory: it wanted tables of … elements and may have 100000; `memory` under [plugins.hostile] sets the limit"
    }
    a_growing_table => computing::a_growing_table {
        "a table that grows without end",
        "20,000 elements in one table: it grows no more, and the plugin may do something else",
        "hostile.wasm was refused: its `describe` failed: the plugin trapped: wasm trap: wasm `unreachable` instruction executed"
    }
    a_million_handles => computing::handles {
        "a million handles of the host's resources at once",
        "1,000 at a time",
        "the plugin trapped: it holds 1000 of the host's resources (streams, requests, lists of headers, …), and wanted one more"
    }
    a_million_lines => floods::lines {
        "a million lines in its log",
        "1,000 lines of an attempt",
        "[warn] the log ends here: an attempt may write 1000 lines"
    }
    many_printed_lines => floods::printed_lines {
        "100,000 lines on its standard output",
        "1,000 lines of an attempt",
        "the output ends here: an attempt may write 1000 lines"
    }
    a_huge_line => floods::a_huge_line {
        "a line of 100 MB",
        "16 MiB and `max_result`, which one call may take from the plugin",
        "the plugin trapped: it passed more to the host at once than `max_result` of the plugin and 16 MiB"
    }
    a_long_line => floods::a_long_line {
        "a line of 10 MB",
        "8 KiB of it are kept",
        "x…"
    }
    a_flood_of_progress => floods::progress {
        "progress of 60 KB without end",
        "`timeout` of the queue, and Redis keeps the last 10,000 events or so",
        "timeout: the plugin did not finish within 2s, the `timeout` of queue hostile"
    }
    a_result_of_100_mb => floods::a_result {
        "a result of 100 MB",
        "the same as a line of 100 MB",
        "the plugin trapped: it passed more to the host at once than `max_result` of the plugin and 16 MiB"
    }
    a_result_of_10_mb => floods::a_large_result {
        "a result of 10 MB",
        "`max_result`",
        "the plugin returned 10000002 bytes and may return 1048576: return less, or raise `max_result` of the plugin"
    }
    a_reason_of_10_mb => floods::a_reason {
        "a failure whose reason has 10 MB",
        "64 KiB of it are kept",
        "x…"
    }
    much_randomness => floods::random {
        "4 GB of random bytes in one call",
        "64 KiB in one call",
        "the plugin trapped: it wanted more than 64 KiB of random bytes at once"
    }
    data_larger_than_its_memory => floods::data {
        "a job with 10 MB of data, where the plugin has 2 MiB of memory",
        "`memory` of the plugin",
        "out of memory: it wanted … bytes of memory and may have 2097152; `memory` under [plugins.hostile] sets the limit"
    }
    bodies_that_are_never_sent => floods::bodies {
        "requests with full bodies that it keeps and does not send",
        "8 MiB in the bodies of all its requests",
        "the plugin trapped: the bodies of its requests hold more than 8 MiB that were not sent"
    }
    bodies_that_are_never_sent_in_describe => floods::bodies_in_describe {
        "the same in `describe`",
        "the same",
        "hostile.wasm was refused: its `describe` failed: the plugin trapped: the bodies of its requests hold more than 8 MiB that were not sent"
    }
    requests_that_are_never_sent => floods::requests {
        "a thousand requests that it keeps and does not send",
        "128 at a time",
        "the plugin trapped: it made 128 requests that it has not sent, and wanted one more"
    }
    huge_parts_of_a_request => floods::parts_of_a_request {
        "a request whose method or authority has 10 MB",
        "64 bytes, and 1 KiB",
        "refused: ()"
    }
    orders_to_a_terminal => texts::orders_to_a_terminal {
        "escape sequences of a terminal in its log and in its reason",
        "commands print them as text",
        "error: job 1 failed: before\\u001b[31m\\u001b[2J\\u001b]0;owned\\u0007\\u009b31mafter"
    }
    orders_in_what_it_describes => texts::orders_in_what_it_describes {
        "the same in what `describe` returns",
        "the same",
        "plugin hostile version …: before\\u001b[31m\\u001b[2J\\u001b]0;owned\\u0007\\u009b31mafter (handles any job)"
    }
    orders_in_the_names_of_its_exports => texts::orders_in_the_names_of_exports {
        "the same in the names of its exports",
        "the same, and so does the host's log",
        "hostile.wasm is not a plugin for this host: it exports \\u{1b}[31mred, and a plugin exports toril:plugin/handler"
    }
    bytes_that_are_no_text => texts::bytes_that_are_no_text {
        "bytes that are no UTF-8 as a line of its log",
        "text of the interface is UTF-8",
        "the plugin trapped: invalid utf-8 sequence of 1 bytes from index 1"
    }
    printed_bytes_that_are_no_text => texts::printed_bytes_that_are_no_text {
        "the same on its standard output",
        "it is read as text all the same",
        "caf\u{fffd} \u{fffd}\u{fffd}"
    }
    a_result_that_is_no_json => texts::a_result_that_is_no_json {
        "a result that is not JSON",
        "the host reads it",
        "the plugin returned something that is not JSON: EOF while parsing a value at line 1 column 9"
    }
    a_deep_result => texts::a_deep_result {
        "a result that is 500,000 arrays in each other",
        "it is read without recursion, and is a result like another",
        "completed"
    }
    a_schema_that_is_itself => texts::a_schema_that_is_itself {
        "a schema of its jobs' data that refers to itself",
        "5,000 schemas that are in each other, through references too",
        "the job's data takes too much work to be checked against the schema of \"any\""
    }
    a_schema_that_doubles => texts::a_schema_that_doubles {
        "a schema of sixty definitions, each of which is twice the next one",
        "1,000,000 steps, and 256 for each byte of the data",
        "the job's data takes too much work to be checked against the schema of \"any\""
    }
    unevaluated_fields_of_a_schema_that_doubles => texts::unevaluated_fields_of_a_schema_that_doubles {
        "the same with `unevaluatedProperties`, which has to know what each of them looks at",
        "each definition is compiled once, and a job's check has the same number of steps",
        "the job's data takes too much work to be checked against the schema of \"any\""
    }
    a_schema_of_much_for_each_item => texts::a_schema_of_much_for_each_item {
        "a schema of 70,000 schemas for each item of a list",
        "each schema takes a step for each item",
        "the job's data takes too much work to be checked against the schema of \"any\""
    }
    a_schema_of_much_for_very_many_items => texts::a_schema_of_much_for_very_many_items {
        "the same for a list of a million items, which has steps for minutes",
        "`timeout` of the queue, and a pause after 50,000 steps, in which others use the thread",
        "timeout: checking the job's data against its schema did not finish within 1s, the `timeout` of queue hostile"
    }
    a_schema_that_is_a_chain => texts::a_schema_that_is_a_chain {
        "a schema of twenty thousand definitions, each of which is the next one",
        "5,000 schemas that are in each other",
        "the job's data takes too much work to be checked against the schema of \"any\""
    }
    a_schema_from_elsewhere => texts::a_schema_from_elsewhere {
        "a schema that is a file of the host's machine",
        "nothing is fetched for a schema",
        "hostile.wasm was refused: the schema of the data or the result of job \"any\" is not a JSON Schema (draft 2020-12): it refers to \"file:///etc/passwd\", which is not in the schema, and nothing is fetched for one"
    }
    a_schema_of_large_patterns => texts::a_schema_of_large_patterns {
        "a schema with 5,000 regular expressions that take a megabyte each",
        "200,000 instructions and ranges of characters for all expressions of a plugin",
        "hostile.wasm was refused: the schema of the data or the result of job \"any\" is not a JSON Schema (draft 2020-12): …cannot be used: all expressions of the plugin together take more than 200000 units of memory"
    }
    a_pattern_without_end => texts::a_pattern_that_never_comes_to_an_end {
        "a pattern in a schema that tries all combinations",
        "expressions are searched without backtracking: a step for each character and alternative",
        "the job's data does not fit the schema of \"any\": the data: the value does not match …"
    }
    many_kinds_of_job => texts::many_kinds_of_job {
        "20,000 kinds of job",
        "1,000 kinds",
        "hostile.wasm was refused: it describes 20000 kinds of job, and may describe 1000"
    }
    a_forbidden_origin => network::a_forbidden_origin {
        "a request to an origin that was not granted",
        "`http` of the plugin",
        "requests to http://127.0.0.1:… are not allowed (plugin hostile may not send requests to http://127.0.0.1:…: add \"http://127.0.0.1:…\" to `http` under [plugins.hostile] in the configuration to allow it)"
    }
    targets_that_mean_another_server => network::targets_that_mean_another_server {
        "targets of requests that could mean another server",
        "they are refused, or belong to an origin that was not granted",
        "[\"no answer: ErrorCode::HttpRequestDenied\",\"no answer: ErrorCode::HttpRequestDenied\",\"no authority\",\"no authority\",\"no authority\",\"no authority\",\"no path\",\"no path\",\"no path\",\"no path\"]"
    }
    a_name_that_leads_inside => network::a_name_that_leads_inside {
        "a request to a granted name that leads to an address that is not public",
        "a name is looked up once, and the connection goes to an address that was checked",
        "…plugin hostile may not send requests to http://…:9: the name leads to …, which is not public; add the range to `private_addresses` under [plugins.hostile] in the configuration to allow it…"
    }
    failing_requests_without_end => network::failing_requests {
        "hundreds of requests that fail",
        "10 lines a minute in the host's log",
        "…request failed plugin=\"hostile\" origin=http://127.0.0.1:… error=\"connection error: Connection refused (os error 111)\""
    }
    a_million_headers => network::headers {
        "a request with a million headers",
        "64 KiB of headers",
        "the plugin trapped: it wrote more than 64 KiB of headers for one message"
    }
    an_answer_to_a_request_that_was_not_sent => network::two_answers {
        "a second request to a server that has sent two answers to the first one",
        "a connection on which anything arrives after the answer is closed",
        "[200,200]"
    }
    an_endless_head_of_an_answer => network::an_endless_head {
        "reading an answer whose head has no end",
        "64 KiB",
        "[\"no answer: ErrorCode::HttpProtocolError\"]"
    }
    an_endless_body_of_an_answer => network::an_endless_body {
        "reading an answer whose body has no end",
        "64 MiB",
        "{\"bytes\":…,\"whole\":false}"
    }
    a_slow_body_of_an_answer => network::a_slow_body {
        "reading an answer of which a byte comes now and then",
        "`timeout` of the queue",
        "timeout: the plugin did not finish within 2s, the `timeout` of queue hostile"
    }
    an_id_that_is_a_key_of_the_queue => quotas::an_id_that_is_a_key {
        "adding a job whose id is the name of a key of the queue, such as `wait` or `meta`",
        "names of the queue's own keys are no ids",
        "…the job was not added: the job id \"wait\" is the name of a key of the queue itself: choose another id…"
    }
    endless_jobs => quotas::endless_jobs {
        "adding a million jobs",
        "`max_added_jobs` of the plugin",
        "…plugin hostile has added 100 jobs in this attempt and may add no more: raise `max_added_jobs` under [plugins.hostile] in the configuration, or add them in several jobs…"
    }
    endless_keys => quotas::endless_keys {
        "a million keys of key-value data",
        "`max_keys` in `keyvalue` of the plugin",
        "…plugin hostile would keep 101 keys of key-value data, and may keep 100: raise `max_keys` in `keyvalue` under [plugins.hostile] in the configuration, or have the plugin delete data…"
    }
    endless_values => quotas::endless_values {
        "a terabyte of key-value data",
        "`max_bytes` in `keyvalue` of the plugin",
        "…plugin hostile would keep 4194328 bytes of key-value data, and may keep 4194304: raise `max_bytes` in `keyvalue` under [plugins.hostile] in the configuration, or have the plugin delete data…"
    }
    endless_requests => quotas::endless_requests {
        "a million requests to a granted origin",
        "`http_rate` of the plugin: a request waits for its turn, or fails if that comes too late",
        "…plugin hostile sends more requests than 5 in 1h: the next one would be sent in …, and the attempt has … left; raise `http_rate` under [plugins.hostile] in the configuration to allow more…"
    }
    a_secret_for_another_server => quotas::a_secret_for_another {
        "sending a secret of `send_secrets` to another origin, or in another header",
        "it has a placeholder alone, and a request with a misplaced one is not sent",
        "…plugin hostile may send the secret api only to http://127.0.0.1:… in the header authorization: the request to http://127.0.0.1:… had it in the header …"
    }
    large_results_of_children => quotas::large_results_of_children {
        "reading 200 MiB of what a job's children returned",
        "16 MiB for all of them together",
        "…the results of the job's children have 209718090 bytes in total, and one call returns at most 16777216: return less from each child…"
    }
    a_file_of_100_mb => files::of_100_mb {
        "a component of 100 MB",
        "`max_component` of the host",
        "hostile.wasm is larger than 67108864 bytes, the `max_component` under [host]"
    }
    a_file_that_compiles_for_minutes => files::that_compiles_for_minutes {
        "a component that compiles for minutes",
        "`compile_timeout` of the host",
        "hostile.wasm does not compile: it takes longer than 1s; `compile_timeout` under [host] sets the limit"
    }
    a_file_that_takes_memory_to_compile => files::that_takes_memory_to_compile {
        "a component that takes a gigabyte to compile",
        "`compile_memory` of the host",
        "hostile.wasm does not compile: it takes more than 268435456 bytes of memory; `compile_memory` under [host] sets the limit"
    }
    a_compiler_that_crashes => files::whose_compiler_is_killed {
        "a component of which the compiler dies",
        "it is a process of its own",
        "hostile.wasm does not compile: the compiler ended without a result (signal: 9 (SIGKILL))"
    }
    ten_thousand_exports => files::with_ten_thousand_exports {
        "a component with ten thousand exports that no host has asked for",
        "five of them are named",
        "hostile.wasm is not a plugin for this host: it exports export-0, export-1, export-2, export-3, export-4 and 9995 more, and a plugin exports toril:plugin/handler"
    }
    a_module_of_ten_thousand_exports => files::with_a_module_of_ten_thousand_exports {
        "a plugin with a module of ten thousand exports in it",
        "nothing has to: nobody uses them",
        "\"fine\""
    }
    a_zip_of_nonsense => files::a_zip_of_nonsense {
        "a file of another kind",
        "its first bytes",
        "hostile.wasm is not a WebAssembly component"
    }
    a_component_of_nonsense => files::a_component_of_nonsense {
        "a component of which a thousand bytes were changed at random",
        "it is read and checked before anything of it is run",
        "hostile.wasm …(at offset 0x…)"
    }
    a_file_that_is_replaced_while_it_is_read => files::replaced_while_it_is_read {
        "a file that is written again and again while it is read",
        "an error is believed once the file has stayed as it is",
        "plugin reloaded plugin=\"hostile\" version=…"
    }
    a_device_in_its_place => files::a_device {
        "a device that never ends in the place of the file",
        "only files are read",
        "hostile.wasm is not a file"
    }
    a_regular_expression_that_explodes => bundles::a_regular_expression_that_explodes {
        "a regular expression in JavaScript that tries all combinations",
        "`timeout` of the queue",
        "timeout: the plugin did not finish within 1s, the `timeout` of queue hostile"
    }
    promises_in_a_circle => bundles::promises_in_a_circle {
        "promises in JavaScript that settle one after the other without end",
        "`timeout` of the queue",
        "timeout: the plugin did not finish within 1s, the `timeout` of queue hostile"
    }
    promises_without_number => bundles::promises_without_number {
        "promises in JavaScript without number",
        "`memory` of the plugin",
        "out of memory: it wanted … bytes of memory and may have 16777216; `memory` under [plugins.hostile] sets the limit"
    }
    timers_without_number => bundles::timers_without_number {
        "timers in JavaScript without number",
        "`memory` of the plugin",
        "out of memory: it wanted … bytes of memory and may have 16777216; `memory` under [plugins.hostile] sets the limit"
    }
    deep_recursion => bundles::deep_recursion {
        "recursion without end in JavaScript",
        "the engine's own limit, before the stack of the pen ends",
        "RangeError: Maximum call stack size exceeded"
    }
    deep_recursion_in_the_engine => bundles::deep_recursion_in_the_engine {
        "data, proxies, expressions and source text nested 200,000 times, which functions of the engine follow",
        "the same limit, or the stack of the pen, which ends the attempt",
        "10 attacks, and jobs of the other queue complete"
    }
    a_giant_string => bundles::a_giant_string {
        "a string in JavaScript that doubles without end",
        "the engine's limit for a string, and `memory` of the plugin",
        "InternalError: string too long"
    }
    a_changed_prototype => bundles::a_changed_prototype {
        "changing `Object.prototype` for the jobs after it",
        "each attempt begins with the snapshot. With `isolation = \"reuse\"` nothing does: [above](#what-reuse-gives-away)",
        "clean and clean, with `reuse` clean and polluted"
    }
    broken_builtins => bundles::broken_builtins {
        "replacing functions of `Promise`, `JSON`, `Array` and `Object` for the jobs after it, with `isolation = \"reuse\"`",
        "an instance is discarded after a failure",
        "[\"hello\",[2],\"{\\\"a\\\":1}\"] after at most one failed job: true"
    }
    an_erased_snapshot => bundles::an_erased_snapshot {
        "a JavaScript plugin whose snapshot was overwritten",
        "the snapshot is memory of the component, and `describe` fails",
        "hostile.wasm was refused: its `describe` failed: …"
    }
    a_changed_snapshot => bundles::a_changed_snapshot {
        "JavaScript plugins with 100 changed bytes in each snapshot",
        "what the engine does with them stays within its pen",
        "12 changed components, and jobs of the other queue complete"
    }
}

/// The page with the table.
const PAGE: &str = "docs/security.md";
const BEGIN: &str = "<!-- hostile -->\n";
const END: &str = "<!-- end hostile -->";

/// `TORIL_WRITE_TABLE=1` writes it.
#[test]
fn the_manual_has_the_table_of_these_tests() {
    let path = toril_tests::repository().join(PAGE);
    let page = std::fs::read_to_string(&path).expect("the page exists");
    let (before, rest) = page.split_once(BEGIN).expect("the page has the marker before the table");
    let (there, after) = rest.split_once(END).expect("the page has the marker after the table");
    let wanted = case::table(&[CASES, database_cases::CASES, socket_cases::CASES]);
    if std::env::var_os("TORIL_WRITE_TABLE").is_some() {
        std::fs::write(&path, [before, BEGIN, &wanted, END, after].concat()).expect("writes");
        return;
    }
    assert_eq!(there, wanted, "{PAGE} differs: `TORIL_WRITE_TABLE=1 cargo xtask test the_manual_has` writes it");
}
