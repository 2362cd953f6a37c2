//! Is this request meant for this relay, and who sent it? The audience rules, and the bearer token of a request.
//!
//! Signature, times, method and path are checked by [`entwine_core::token`]. Not answered here: what the keyholder may do.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use entwine_core::id::KeyholderId;
use entwine_core::time::Timestamp;
use entwine_core::token::{Claims, Expected, SignedToken, TokenError};
use url::{Host, Url};

use crate::error::ApiError;

/// Scheme, host and port: `https://relay.example.org`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    text: String,
    host: Host,
}

/// Text that is no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected scheme, host and port alone, such as https://relay.example.org")]
pub struct ParseOriginError;

impl FromStr for Origin {
    type Err = ParseOriginError;
    fn from_str(text: &str) -> Result<Self, ParseOriginError> {
        let url = Url::parse(text.trim()).map_err(|_| ParseOriginError)?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let anonymous = url.username().is_empty() && url.password().is_none();
        if !bare || !anonymous || !matches!(url.scheme(), "http" | "https") {
            return Err(ParseOriginError);
        }
        let host = url.host().ok_or(ParseOriginError)?.to_owned();
        Ok(Self { text: url.origin().ascii_serialization(), host })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Origin {
    /// Whether only a home network would answer under this host: an address, `localhost`, a single label, or one of the
    /// names that no registry hands out. Such an origin cannot be another relay on the internet that passes on tokens.
    fn is_at_home(&self) -> bool {
        match &self.host {
            Host::Ipv4(_) | Host::Ipv6(_) => true,
            Host::Domain(name) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                !name.contains('.')
                    || [".localhost", ".local", ".lan", ".home.arpa"].iter().any(|end| name.ends_with(end))
            }
        }
    }
}

/// Which origins mean this relay. What a request's `Host` says is never looked at: whoever passes on a token chooses it.
#[derive(Debug, Clone, Default)]
pub struct Audience {
    public_urls: Vec<Origin>,
}

impl Audience {
    /// The configured origins, or none.
    #[must_use]
    pub fn new(public_urls: Vec<Origin>) -> Self {
        Self { public_urls }
    }

    /// Whether a token for `aud` is meant for this relay: a configured origin, or where none is, any at home.
    #[must_use]
    pub fn includes(&self, aud: &str) -> bool {
        let Ok(origin) = aud.parse::<Origin>() else { return false };
        if self.public_urls.is_empty() { origin.is_at_home() } else { self.public_urls.contains(&origin) }
    }
}

/// The bearer token of a request, not yet checked.
///
/// # Errors
/// [`TokenError::Missing`], [`TokenError::Malformed`], [`TokenError::WrongAlgorithm`].
pub fn bearer(request: &HttpRequest) -> Result<SignedToken<'_>, TokenError> {
    let header = request.headers().get(AUTHORIZATION).ok_or(TokenError::Missing)?;
    let text = header.to_str().map_err(|_| TokenError::Malformed)?;
    let (scheme, token) = text.split_once(' ').ok_or(TokenError::Malformed)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(TokenError::Malformed);
    }
    SignedToken::parse(token.trim())
}

/// Who sent a request, after all checks.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The keyholder that signed the token.
    pub keyholder: KeyholderId,
    /// The relay's origin as the caller knows it.
    pub aud: String,
}

/// Checks a request's token with the keyholder's Ed25519 key.
///
/// # Errors
/// The token's faults, and an audience that is not this relay.
pub fn check(
    (method, path): (&str, &str),
    token: &SignedToken<'_>,
    signing_key: &[u8; 32],
    audience: &Audience,
    now: Timestamp,
) -> Result<Caller, ApiError> {
    let expected = Expected { method, path, now };
    let Claims { aud, .. } = token.verify(signing_key, &expected)?;
    if !audience.includes(&aud) {
        return Err(ApiError::AudienceUnknown { aud });
    }
    Ok(Caller { keyholder: token.keyholder(), aud })
}

/// Whether the address is one that means "everywhere" rather than a place to reach this machine.
#[must_use]
pub fn is_unspecified(address: &IpAddr) -> bool {
    address.is_unspecified()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_nothing_more() {
        assert_eq!(
            "HTTPS://Relay.Example.org:443/".parse::<Origin>().unwrap().to_string(),
            "https://relay.example.org"
        );
        for text in ["relay.example.org", "ftp://a", "https://a/b", "https://a?b", "https://u@a", "https://a#b", ""] {
            assert_eq!(text.parse::<Origin>(), Err(ParseOriginError), "{text}");
        }
    }

    #[test]
    fn without_configuration_a_relay_answers_to_home_names() {
        let audience = Audience::default();
        for aud in [
            "http://127.0.0.1:8080",
            "http://[::1]:1",
            "http://localhost",
            "http://relay:80",
            "http://box.lan:8080",
            "https://nas.local",
            "http://a.home.arpa",
            "http://203.0.113.9:99",
        ] {
            assert!(audience.includes(aud), "{aud}");
        }
        for aud in
            ["https://relay.example.org", "http://local.example", "http://evil-lan", "x", "http://a.lan.example.org"]
        {
            assert_eq!(audience.includes(aud), aud == "http://evil-lan", "{aud}");
        }
    }

    #[test]
    fn with_configuration_it_answers_to_that_alone() {
        let audience = Audience::new(vec!["https://relay.example.org".parse().unwrap()]);
        assert!(audience.includes("https://relay.example.org"));
        assert!(audience.includes("https://relay.example.org:443/"));
        for aud in ["http://relay.example.org", "http://127.0.0.1:8080", "https://relay.example.org.evil.example"] {
            assert!(!audience.includes(aud), "{aud}");
        }
    }
}
