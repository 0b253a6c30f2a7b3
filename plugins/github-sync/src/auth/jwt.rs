//! The JWT (RFC 7519, RS256) with which a GitHub App authenticates.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::{Pkcs1v15Sign, PrivateKey};
use serde_json::json;
use sha2::{Digest, Sha256};
use toril_plugin::Failure;

/// A JWT is backdated by this much, as GitHub recommends, in case GitHub's clock is behind.
const BACK: Duration = Duration::from_secs(60);

/// Lifetime of a JWT. GitHub accepts at most 10 minutes, by its own clock.
const LASTS: Duration = Duration::from_secs(9 * 60);

/// Signs with the app's private key.
pub struct Signer {
    issuer: String,
    key: PrivateKey,
}

impl Signer {
    /// `pem` is the key in the form that GitHub issues (PKCS #1), or in PKCS #8.
    pub fn new(issuer: &str, pem: &str) -> Result<Self, Failure> {
        let unreadable = || {
            Failure::fatal(
                "the plugin's secret `private-key` is not an RSA private key in PEM form. Set it to the whole file that \
                 GitHub gave you for the app, from `-----BEGIN RSA PRIVATE KEY-----` to the END line. The plugin signs \
                 with it, so it has to be in `secrets` and not in `send_secrets`",
            )
        };
        let key = PrivateKey::from_pkcs1_pem(pem).or_else(|_| PrivateKey::from_pkcs8_pem(pem));
        Ok(Self { issuer: issuer.to_owned(), key: key.map_err(|_| unreadable())? })
    }

    /// A JWT that is valid at `now`, which is GitHub's time.
    pub fn sign(&self, now: SystemTime) -> Result<String, Failure> {
        let seconds = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let issued = seconds(now.checked_sub(BACK).unwrap_or(now));
        let claims = json!({ "iat": issued, "exp": seconds(now + LASTS), "iss": self.issuer });
        let head = json!({ "alg": "RS256", "typ": "JWT" });
        let text =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(head.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self.key.sign(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(&text));
        let signature = signature.map_err(|error| {
            Failure::fatal(format!(
                "the plugin's secret `private-key` cannot sign: {error}. Use another key of the app"
            ))
        })?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const PEM: &str = include_str!("../../../../tests/github/app.pem");

    fn claims(jwt: &str) -> Value {
        let part = jwt.split('.').nth(1).unwrap_or_default();
        let bytes = URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    #[test]
    fn a_jwt_names_the_app_and_lasts_less_than_ten_minutes() {
        let Ok(signer) = Signer::new("123", PEM) else { panic!("the key is readable") };
        let Ok(jwt) = signer.sign(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)) else {
            panic!("it signs")
        };
        assert_eq!(claims(&jwt), json!({ "iat": 1_699_999_940, "exp": 1_700_000_540, "iss": "123" }));
    }

    #[test]
    fn a_key_that_cannot_be_read_is_named_and_not_quoted() {
        for pem in ["", "hunter2", "<toril-secret:private-key>", &PEM[..200]] {
            let Err(Failure::Fatal(message)) = Signer::new("123", pem) else { panic!("no key") };
            assert!(message.contains("`private-key`") && !message.contains("hunter2"), "{message}");
        }
    }
}
