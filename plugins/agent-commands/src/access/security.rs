//! The security section of an agent's card: its security schemes, and which of them it requires. Reads the forms of A2A
//! 1.0 and of 0.3, which uses OpenAPI's.

use serde_json::{Map, Value};

use super::credentials::KeyPlace;

/// The security schemes of a card, and its requirements.
#[derive(Debug, Default)]
pub struct Security {
    /// By name, in the card's order.
    schemes: Vec<(String, Scheme)>,
    /// The alternatives. A caller must meet one of them, with all of its schemes.
    alternatives: Vec<Vec<Required>>,
}

/// A way to authenticate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    ApiKey(KeyPlace),
    Bearer,
    Basic,
    /// With the URL of the token server, if the card offers client credentials.
    OAuth2(Option<String>),
    OpenId,
    MutualTls,
    Unknown,
}

/// A required scheme, with the scopes that its token needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Required {
    pub name: String,
    pub scopes: Vec<String>,
}

impl Security {
    /// Reads the card's `securitySchemes`, and its `securityRequirements` (1.0) or `security` (0.3). Anything of
    /// another form is ignored: the agent may still accept every caller.
    pub fn read(schemes: Option<&Value>, requirements: &[Option<&Value>]) -> Self {
        let schemes = schemes.and_then(Value::as_object).into_iter().flatten();
        let schemes = schemes.map(|(name, scheme)| (name.clone(), Scheme::read(scheme))).collect();
        let lists = requirements.iter().flatten().filter_map(|list| list.as_array());
        let alternatives = lists.flatten().filter_map(Value::as_object).map(alternative).collect();
        Self { schemes, alternatives }
    }

    /// The alternatives in the card's order. If the card only lists schemes, each of them is an alternative.
    pub fn alternatives(&self) -> Vec<Vec<Required>> {
        if !self.alternatives.is_empty() {
            return self.alternatives.clone();
        }
        let alone = |(name, _): &(String, Scheme)| vec![Required { name: name.clone(), scopes: Vec::new() }];
        self.schemes.iter().map(alone).collect()
    }

    /// The scheme with this name. `Unknown` if the card does not describe it.
    pub fn scheme(&self, name: &str) -> &Scheme {
        self.schemes.iter().find(|(known, _)| known == name).map_or(&Scheme::Unknown, |(_, scheme)| scheme)
    }

    /// All schemes, in the card's order.
    pub fn schemes(&self) -> impl Iterator<Item = &Scheme> {
        self.schemes.iter().map(|(_, scheme)| scheme)
    }
}

fn alternative(requirement: &Map<String, Value>) -> Vec<Required> {
    // 1.0: { "schemes": { "corp": { "list": ["read"] } } }. 0.3: { "corp": ["read"] }.
    let newer = requirement.get("schemes").and_then(Value::as_object);
    let scopes = |value: &Value| {
        let list = value.get("list").unwrap_or(value).as_array().into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let required = |(name, value): (&String, &Value)| Required { name: name.clone(), scopes: scopes(value) };
    newer.unwrap_or(requirement).iter().map(required).collect()
}

impl Scheme {
    fn read(scheme: &Value) -> Self {
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let (kind, body) = match text(scheme, "type") {
            Some(kind) => (kind, scheme),
            None => {
                match scheme.as_object().and_then(|scheme| scheme.iter().find(|(name, _)| name.ends_with("Scheme"))) {
                    Some((name, body)) => (name.clone(), body),
                    None => return Self::Unknown,
                }
            }
        };
        match kind.as_str() {
            "apiKey" | "apiKeySecurityScheme" => {
                let Some(name) = text(body, "name") else { return Self::Unknown };
                match text(body, "in").or_else(|| text(body, "location")).as_deref() {
                    Some("query") => Self::ApiKey(KeyPlace::Query(name)),
                    Some("cookie") => Self::ApiKey(KeyPlace::Cookie(name)),
                    Some("header") => Self::ApiKey(KeyPlace::Header(name)),
                    _ => Self::Unknown,
                }
            }
            "http" | "httpAuthSecurityScheme" => {
                match text(body, "scheme").unwrap_or_default().to_ascii_lowercase().as_str() {
                    "bearer" => Self::Bearer,
                    "basic" => Self::Basic,
                    _ => Self::Unknown,
                }
            }
            "oauth2" | "oauth2SecurityScheme" => {
                let flow = body.get("flows").and_then(|flows| flows.get("clientCredentials"));
                Self::OAuth2(flow.and_then(|flow| text(flow, "tokenUrl")).filter(|url| !url.is_empty()))
            }
            "openIdConnect" | "openIdConnectSecurityScheme" => Self::OpenId,
            "mutualTLS" | "mtlsSecurityScheme" => Self::MutualTls,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn schemes_are_read_in_both_forms() {
        let query = || Scheme::ApiKey(KeyPlace::Query("key".into()));
        for (older, newer, scheme) in [
            (
                json!({ "type": "apiKey", "in": "query", "name": "key" }),
                json!({ "apiKeySecurityScheme": { "location": "query", "name": "key" } }),
                query(),
            ),
            (
                json!({ "type": "http", "scheme": "Basic" }),
                json!({ "httpAuthSecurityScheme": { "scheme": "basic" } }),
                Scheme::Basic,
            ),
            (
                json!({ "type": "oauth2", "flows": { "clientCredentials": { "tokenUrl": "https://t", "scopes": {} } } }),
                json!({ "oauth2SecurityScheme": { "flows": { "clientCredentials": { "tokenUrl": "https://t" } } } }),
                Scheme::OAuth2(Some("https://t".into())),
            ),
            (
                json!({ "type": "oauth2", "flows": { "implicit": {} } }),
                json!({ "oauth2SecurityScheme": { "flows": { "deviceCode": {} } } }),
                Scheme::OAuth2(None),
            ),
            (json!({ "type": "mutualTLS" }), json!({ "mtlsSecurityScheme": {} }), Scheme::MutualTls),
            (json!({ "type": "tomorrow" }), json!({ "tomorrowSecurityScheme": {} }), Scheme::Unknown),
            (json!("secret"), json!({}), Scheme::Unknown),
        ] {
            let schemes = json!({ "older": older, "newer": newer });
            let security = Security::read(Some(&schemes), &[]);
            assert_eq!((security.scheme("older"), security.scheme("newer")), (&scheme, &scheme), "{schemes}");
        }
    }

    #[test]
    fn requirements_are_read_in_both_forms() {
        let both =
            [json!([{ "schemes": { "a": { "list": ["read"] }, "b": {} } }]), json!([{ "a": ["read"], "b": [] }])];
        for list in both {
            let alternatives = Security::read(None, &[Some(&list)]).alternatives();
            let required = |name: &str, scopes: &[&str]| Required {
                name: name.into(),
                scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            };
            assert_eq!(alternatives, [[required("a", &["read"]), required("b", &[])]], "{list}");
        }
    }

    #[test]
    fn a_card_that_only_names_schemes_takes_each_of_them() {
        let schemes =
            json!({ "b": { "type": "http", "scheme": "basic" }, "a": { "type": "http", "scheme": "bearer" } });
        let alternatives = Security::read(Some(&schemes), &[None]).alternatives();
        let names: Vec<_> = alternatives.iter().map(|required| required[0].name.as_str()).collect();
        assert_eq!(names, ["b", "a"]);
    }
}
