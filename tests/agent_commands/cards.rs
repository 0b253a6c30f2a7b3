//! Where an agent's card is, and whose it is. How long one that was read before is used is in `card_cache`.

use serde_json::json;
use toril_tests::RedisServer;
use toril_tests::stub_agent::{AgentRequest, Answer, CARD, StubAgent, card};

use crate::{Case, QUEUE, host};

/// A host whose agent has an address with a path: `/writer`. Below it `missing` is answered, and at the origin is the card
/// of an agent at the path `owner`.
async fn case(missing: (u16, &'static str, &'static str), owner: &'static str) -> Case<StubAgent> {
    let agent = StubAgent::start(move |request: AgentRequest| match (request.method.as_str(), request.path.as_str()) {
        (CARD, "/.well-known/agent-card.json") => Answer::Result(card(&format!("{}{owner}", request.url), false)),
        (CARD, _) => Answer::Raw(missing.0, missing.1, missing.2.into()),
        _ => {
            let message = json!({ "role": "ROLE_AGENT", "messageId": "m", "parts": [{ "text": request.path }] });
            Answer::Result(json!({ "message": message }))
        }
    });
    let agent = agent.await;
    let redis = RedisServer::start().await;
    let (url, address) = (agent.url(), format!("{}/writer", agent.url()));
    let plugin = format!("http = [{url:?}]\nconfig = {{ agent-url = {address:?} }}\n");
    let toril = host(&redis, QUEUE, &plugin).await;
    Case { agent, redis, toril }
}

#[tokio::test]
async fn the_card_of_another_agent_at_the_origin_is_not_taken() {
    for owner in ["/", "/reader", "/writers"] {
        let case = case((404, "text/plain", ""), owner).await;

        let output = case.run("send", &json!({ "message": "hello" })).await.exited(1);

        assert!(output.stderr.contains("an agent with another address"), "{owner}: {}", output.stderr);
        assert!(case.agent.methods().is_empty(), "{owner}: the wrong agent was sent the message");
    }
}

#[tokio::test]
async fn the_agents_own_card_at_the_origin_is_found_if_its_path_has_none() {
    for missing in [(404, "text/plain", ""), (405, "text/plain", ""), (200, "text/html", "<!doctype html><p>Writer")] {
        let case = case(missing, "/writer/rpc").await;

        assert_eq!(case.send("hello").await["text"], "/writer/rpc", "{missing:?}");
    }
}

#[tokio::test]
async fn a_card_with_a_byte_order_mark_is_read() {
    let case = Case::played(|request: AgentRequest| match request.method.as_str() {
        CARD => Answer::Raw(200, "application/json", format!("\u{feff}{}", card(&request.url, false))),
        _ => Answer::Result(json!({ "message": { "role": "ROLE_AGENT", "parts": [{ "text": "hi" }] } })),
    });

    assert_eq!(case.await.send("hello").await["text"], "hi");
}

#[tokio::test]
async fn json_rpc_in_the_older_part_of_a_newer_card_is_spoken() {
    let case = Case::played(|request: AgentRequest| match request.method.as_str() {
        CARD => {
            let mut card = card(&request.url, false);
            card["supportedInterfaces"][0]["protocolBinding"] = json!("GRPC");
            card["protocolVersion"] = json!("0.3.0");
            card["url"] = json!(request.url);
            Answer::Result(card)
        }
        _ => Answer::Result(json!({ "kind": "message", "role": "agent", "parts": [{ "kind": "text", "text": "hi" }] })),
    });

    let result = case.await.send("hello").await;

    assert_eq!((&result["text"], &result["protocol"]), (&json!("hi"), &json!("0.3")), "{result}");
}
