//! Components import sockets only if their bundle uses them.

use serde_json::Value;
use toril_tests::{Toril, repository};

/// What `toril plugin inspect` says about a file of `folder`, built as a plugin.
async fn inspected(folder: &str, file: &str) -> Value {
    let toril = Toril::new().config("[queues.work]\nplugin = \"plugin\"\n");
    let folder = repository().join("tests").join(folder);
    let packages = folder.join("node_modules");
    toril.build_plugin("plugin", &folder.join(file), &packages).await;
    let component = toril.plugin_path("plugin").display().to_string();
    toril.cli(["plugin", "inspect", &component, "--json"]).await.succeeded().json()
}

fn names<'a>(inspected: &'a Value, list: &str) -> Vec<&'a str> {
    let found = inspected[list].as_array().into_iter().flatten().filter_map(Value::as_str);
    found.filter(|name| name.starts_with("wasi:sockets/") || name.starts_with("wasi:tls/")).collect()
}

#[tokio::test]
async fn a_plugin_with_a_client_over_sockets_imports_them_and_needs_the_grant() {
    let seen = inspected("tcp", "cases/ioredis.ts").await;

    assert!(names(&seen, "imports").iter().any(|name| name.starts_with("wasi:sockets/tcp@")), "{seen}");
    assert_eq!(names(&seen, "uses"), ["wasi:sockets/tcp-create-socket@0.2.0"], "{seen}");
}

#[tokio::test]
async fn plugins_without_connections_of_their_own_import_no_sockets() {
    // `axios` has agents for proxies, which use `node:net`. The host makes the connections of requests.
    for file in ["plugins/axios.ts", "plugins/uuid.ts"] {
        let seen = inspected("npm", file).await;
        assert_eq!((names(&seen, "imports"), names(&seen, "uses")), (Vec::new(), Vec::new()), "{file}: {seen}");
    }
}
