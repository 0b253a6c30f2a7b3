//! Which credentials are sent where, and the advice after a refusal.

use serde_json::{Value, json};

use super::credentials::Client;
use super::*;

fn access(credentials: Credentials, schemes: Value, required: Value) -> Access {
    let mut access = Access::new("agent x", credentials);
    access.set_security(Security::read(Some(&schemes), &[Some(&required)]));
    access
}

fn set(token: bool, basic: bool, key: bool, client: bool) -> Credentials {
    let secret = |is: bool, text: &str| is.then(|| Secret::new(text));
    let client = client.then(|| Client {
        id: "me".into(),
        secret: Secret::new("hunter2"),
        scope: None,
        audience: None,
        in_body: false,
    });
    Credentials {
        prefix: "agents.x.".into(),
        token: secret(token, "hunter2"),
        basic: secret(basic, "hunter2"),
        api_key: secret(key, "hunter2"),
        client,
        ..Credentials::default()
    }
}

fn kind(access: &Access) -> &'static str {
    match access.authorization() {
        Authorization::Nothing => "nothing",
        Authorization::Bearer(_) => "bearer",
        Authorization::Basic(_) => "basic",
        Authorization::Client(_) => "client",
    }
}

fn schemes() -> Value {
    json!({
        "corp": { "type": "oauth2", "flows": { "clientCredentials": { "tokenUrl": "https://t", "scopes": {} } } },
        "user": { "type": "http", "scheme": "basic" },
        "key": { "type": "apiKey", "in": "query", "name": "k" },
    })
}

#[test]
fn the_first_alternative_of_which_everything_is_set_is_chosen() {
    let required = json!([{ "corp": ["read", "write"] }, { "user": [], "key": [] }]);
    let chosen = |credentials| kind(&access(credentials, schemes(), required.clone()));
    assert_eq!(chosen(set(true, true, true, true)), "client");
    assert_eq!(chosen(set(false, true, true, false)), "basic");
    assert_eq!(chosen(set(true, true, true, false)), "bearer", "a token that somebody else got will do");
    assert_eq!(chosen(set(false, false, false, false)), "nothing");
}

#[test]
fn a_client_asks_for_the_scopes_that_the_card_requires_unless_the_settings_have_others() {
    let mut credentials = set(false, false, false, true);
    let required = || json!([{ "corp": ["read", "write"] }]);
    let scope = |access: &Access| match access.authorization() {
        Authorization::Client(source) => (source.url.to_owned(), source.scope),
        _ => panic!("a client"),
    };
    let of_card = access(set(false, false, false, true), schemes(), required());
    assert_eq!(scope(&of_card), ("https://t".into(), Some("read write".into())));
    credentials.token_url = Some("https://other".into());
    credentials.client.as_mut().expect("a client").scope = Some("all".into());
    let of_settings = access(credentials, schemes(), required());
    assert_eq!(scope(&of_settings), ("https://other".into(), Some("all".into())));
}

#[test]
fn an_api_key_goes_where_the_settings_say_else_the_card_else_into_the_usual_header() {
    let place = |set_place: Option<KeyPlace>, schemes| {
        let credentials = Credentials { key_place: set_place, ..set(false, false, true, false) };
        access(credentials, schemes, json!([])).key_places()
    };
    assert_eq!(place(None, schemes()), [KeyPlace::Query("k".into())]);
    let header = KeyPlace::Header("x-mine".into());
    assert_eq!(place(Some(header.clone()), schemes()), [header]);
    assert_eq!(place(None, json!({})), [KeyPlace::Header("x-api-key".into())]);
}

#[test]
fn a_key_in_an_address_is_encoded_and_cannot_be_a_placeholder() {
    assert_eq!(with_query("https://a/x?y=1#z", "k", "a b&c"), "https://a/x?y=1&k=a%20b%26c");
    let key = Some(Secret::new("<toril-secret:agents.x.api-key>"));
    let access = access(Credentials { api_key: key, ..set(false, false, false, false) }, schemes(), json!([]));
    let refused =
        access.request("GET", "https://a", crate::watch::Watch::last_call(std::time::Duration::from_secs(60)));
    let Err(CallError::NoToken { message, transient: false }) = refused else { panic!("it is refused") };
    assert!(message.contains("`agents.x.api-key`") && message.contains("`secrets`"), "{message}");
}

#[test]
fn the_advice_names_what_the_card_requires_and_the_lines_to_add() {
    let required = json!([{ "corp": [] }, { "user": [], "key": [] }, { "a secret text": [] }]);
    let advice = access(set(true, false, false, false), json!({}), json!([])).advice();
    assert!(advice.contains("`agents.x.token`"), "{advice}");
    let advice = access(set(false, false, true, false), schemes(), required.clone()).advice();
    for part in [
        "OAuth2 (scheme \"corp\") (config = { \"agents.x.client-id\" = \"…\" }, secrets = { \"agents.x.client-secret\"",
        "HTTP Basic (scheme \"user\")",
        "an API key (`agents.x.api-key`) (scheme \"key\")",
    ] {
        assert!(advice.contains(part), "{part}: {advice}");
    }
    assert!(!advice.contains("a secret text"), "{advice}");
    let advice = access(set(false, false, false, true), schemes(), required).advice();
    assert!(advice.contains("it does not accept what is set for OAuth2 (scheme \"corp\")"), "{advice}");
    assert!(!advice.contains("hunter2"), "{advice}");
}
