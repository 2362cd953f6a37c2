//! Who sends this request? The bearer token of a request: a JWT that the keyholder signs with its own Ed25519 key.
//!
//! ```text
//! device                                   relay
//! sign(keyholder, seed, claims) ──text──►  SignedToken::parse      what it claims; only `keyholder()` may be looked at
//!                                            └─ look up the keys of that keyholder
//!                                          .verify(key, expected) ─► Claims
//! ```
//!
//! Signature and header go through the `jsonwebtoken` crate with a provider of our own, which knows EdDSA alone and checks
//! strictly, as everything else here does. That crate would read the system's clock to judge `exp`; its checks are off, and
//! time is judged here against a `now` that is handed in. Not answered here: whether `aud` names this relay (it depends on
//! how the relay is configured), and what the keyholder may do.

use std::sync::Once;

use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::id::KeyholderId;
use crate::limits::{ORIGIN_BYTES_MAX, TOKEN_BYTES_MAX, TOKEN_CLOCK_SKEW_SECONDS, TOKEN_SECONDS_MAX};
use crate::time::Timestamp;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The relay's origin as the sender knows it: `http://192.168.1.5:8080`.
    pub aud: String,
    /// The method of the request.
    pub htm: String,
    /// The path of the request, without query.
    pub htu: String,
    /// When it was signed, in seconds since 1970.
    pub iat: u64,
    /// From when on it is void, at most [`TOKEN_SECONDS_MAX`] after `iat`.
    pub exp: u64,
}

impl Claims {
    /// Claims for one request, valid for as long as a token may be.
    #[must_use]
    pub fn new(origin: &str, method: &str, path: &str, now: Timestamp) -> Self {
        let iat = now.as_seconds();
        Self { aud: origin.into(), htm: method.into(), htu: path.into(), iat, exp: iat + TOKEN_SECONDS_MAX }
    }
}

/// The request that a token must be for, and the relay's time.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'r> {
    /// The method of the request.
    pub method: &'r str,
    /// The path of the request, without query.
    pub path: &'r str,
    /// The relay's time.
    pub now: Timestamp,
}

/// Why a token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// No token came with the request.
    #[error("the request carries no token")]
    Missing,
    /// Not three base64url parts with the expected JSON in them, or too long.
    #[error("the token is malformed")]
    Malformed,
    /// The header names another algorithm than EdDSA.
    #[error("the token must be signed with EdDSA")]
    WrongAlgorithm,
    /// Nobody with this keyholder id is known.
    #[error("the token's keyholder is not known")]
    UnknownKeyholder,
    /// The signature is not that keyholder's over this header and these claims.
    #[error("the token's signature does not match")]
    BadSignature,
    /// `exp` has passed.
    #[error("the token has expired")]
    Expired,
    /// `iat` lies ahead by more than clocks may differ.
    #[error("the token was issued in the future")]
    IssuedInTheFuture,
    /// `exp` is before `iat`, or later after it than a token may live.
    #[error("the token lives too long")]
    TooLongLived,
    /// `htm` is not the request's method.
    #[error("the token is for another method")]
    WrongMethod,
    /// `htu` is not the request's path.
    #[error("the token is for another path")]
    WrongPath,
}

/// Signs a token: `seed` is the keyholder's Ed25519 private key.
///
/// # Panics
/// Where another `jsonwebtoken` provider was installed in this process before the first call.
#[must_use]
pub fn sign(keyholder: KeyholderId, seed: &[u8; 32], claims: &Claims) -> String {
    install_provider();
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = Some(keyholder.to_string());
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_ed_der(seed))
        .expect("claims are JSON and the key has 32 bytes")
}

#[derive(Deserialize)]
struct PartialHeader {
    alg: String,
    kid: String,
    crit: Option<serde_json::Value>,
}

/// A token whose signature has not been checked yet.
#[derive(Debug, Clone)]
pub struct SignedToken<'t> {
    text: &'t str,
    keyholder: KeyholderId,
}

impl<'t> SignedToken<'t> {
    /// Reads the header, and nothing else.
    ///
    /// # Errors
    /// [`TokenError::Malformed`], [`TokenError::WrongAlgorithm`].
    pub fn parse(text: &'t str) -> Result<Self, TokenError> {
        if text.len() > TOKEN_BYTES_MAX || text.split('.').count() != 3 {
            return Err(TokenError::Malformed);
        }
        let header = text.split('.').next().unwrap_or_default();
        let header = BASE64URL_NOPAD.decode(header.as_bytes()).map_err(|_| TokenError::Malformed)?;
        let header: PartialHeader = serde_json::from_slice(&header).map_err(|_| TokenError::Malformed)?;
        if header.alg != "EdDSA" {
            return Err(TokenError::WrongAlgorithm);
        }
        // RFC 7515, 4.1.11: who does not understand a critical extension must refuse; none is known here.
        if header.crit.is_some() {
            return Err(TokenError::Malformed);
        }
        let keyholder = header.kid.parse().map_err(|_| TokenError::Malformed)?;
        Ok(Self { text, keyholder })
    }

    /// Who claims to have signed it: good for looking up keys, and for nothing else before [`Self::verify`].
    #[must_use]
    pub const fn keyholder(&self) -> KeyholderId {
        self.keyholder
    }

    /// Checks the signature with the keyholder's raw Ed25519 public key, then the claims except `aud`.
    ///
    /// # Errors
    /// Everything in [`TokenError`] but `Missing` and `UnknownKeyholder`, which the caller finds out.
    ///
    /// # Panics
    /// Where another `jsonwebtoken` provider was installed in this process before the first call.
    pub fn verify(&self, key: &[u8; 32], expected: &Expected<'_>) -> Result<Claims, TokenError> {
        install_provider();
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let decoded = jsonwebtoken::decode::<Claims>(self.text, &DecodingKey::from_ed_der(key), &validation);
        let claims = decoded.map_err(|error| match error.kind() {
            ErrorKind::InvalidSignature | ErrorKind::InvalidKeyFormat => TokenError::BadSignature,
            ErrorKind::InvalidAlgorithm => TokenError::WrongAlgorithm,
            _ => TokenError::Malformed,
        })?;
        check(&claims.claims, expected)?;
        Ok(claims.claims)
    }
}

fn check(claims: &Claims, expected: &Expected<'_>) -> Result<(), TokenError> {
    let now = expected.now.as_seconds();
    if claims.aud.len() > ORIGIN_BYTES_MAX {
        return Err(TokenError::Malformed);
    }
    if claims.exp.checked_sub(claims.iat).is_none_or(|life| life > TOKEN_SECONDS_MAX) {
        return Err(TokenError::TooLongLived);
    }
    if claims.iat > now.saturating_add(TOKEN_CLOCK_SKEW_SECONDS) {
        return Err(TokenError::IssuedInTheFuture);
    }
    if now >= claims.exp {
        return Err(TokenError::Expired);
    }
    if claims.htm != expected.method {
        return Err(TokenError::WrongMethod);
    }
    if claims.htu != expected.path {
        return Err(TokenError::WrongPath);
    }
    Ok(())
}

/// The crate asks for one provider a process, and panics without. Both edges need this one, so whoever comes first installs it.
fn install_provider() {
    static INSTALLED: Once = Once::new();
    static PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory: |algorithm, key| match (algorithm, key.as_bytes().try_into()) {
            (Algorithm::EdDSA, Ok(seed)) => Ok(Box::new(EdDsaSigner(SigningKey::from_bytes(seed)))),
            _ => Err(ErrorKind::InvalidAlgorithm.into()),
        },
        verifier_factory: |algorithm, key| {
            let bytes = key.try_get_as_bytes()?.try_into().map_err(|_| ErrorKind::InvalidKeyFormat)?;
            match (algorithm, VerifyingKey::from_bytes(bytes)) {
                (Algorithm::EdDSA, Ok(key)) => Ok(Box::new(EdDsaVerifier(key))),
                (Algorithm::EdDSA, Err(_)) => Err(ErrorKind::InvalidKeyFormat.into()),
                _ => Err(ErrorKind::InvalidAlgorithm.into()),
            }
        },
        key_utils: KeyUtils::new_unimplemented(),
    };
    INSTALLED.call_once(|| {
        PROVIDER.install_default().expect("nothing else in this process installs a jsonwebtoken provider");
    });
}

struct EdDsaSigner(SigningKey);

impl signature::Signer<Vec<u8>> for EdDsaSigner {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(self.0.sign(message).to_bytes().to_vec())
    }
}

impl JwtSigner for EdDsaSigner {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct EdDsaVerifier(VerifyingKey);

impl signature::Verifier<Vec<u8>> for EdDsaVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let signature = Signature::from_slice(signature).map_err(|_| signature::Error::new())?;
        self.0.verify_strict(message, &signature).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for EdDsaVerifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const SEED: [u8; 32] = [7; 32];
    const EXPECTED: Expected<'static> = Expected { method: "GET", path: "/v1/spaces", now: NOW };

    fn ada() -> KeyholderId {
        KeyholderId::from_bytes([0xad; 16])
    }

    fn key() -> [u8; 32] {
        SigningKey::from_bytes(&SEED).verifying_key().to_bytes()
    }

    fn claims() -> Claims {
        Claims::new("http://127.0.0.1:8080", "GET", "/v1/spaces", NOW)
    }

    fn judge(claims: &Claims) -> Result<Claims, TokenError> {
        let text = sign(ada(), &SEED, claims);
        SignedToken::parse(&text).and_then(|token| token.verify(&key(), &EXPECTED))
    }

    /// A token with this header and these claims, signed by whatever is handed in.
    fn forge(header: &str, claims: &Claims, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
        let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let message = format!("{}.{}", encode(header.as_bytes()), encode(&serde_json::to_vec(claims).unwrap()));
        format!("{message}.{}", encode(&sign(message.as_bytes())))
    }

    #[test]
    fn what_ada_signed_is_taken() {
        let text = sign(ada(), &SEED, &claims());
        let token = SignedToken::parse(&text).unwrap();
        assert_eq!(token.keyholder(), ada());
        assert_eq!(token.verify(&key(), &EXPECTED), Ok(claims()));
    }

    #[test]
    fn the_classic_attacks_fail() {
        let kid = ada();
        let none = forge(&format!(r#"{{"alg":"none","kid":"{kid}"}}"#), &claims(), |_| vec![]);
        assert_eq!(SignedToken::parse(&none).unwrap_err(), TokenError::WrongAlgorithm);

        let hmac_with_public_key = forge(&format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#), &claims(), |message| {
            use hmac::{Hmac, KeyInit as _, Mac as _};
            Hmac::<sha2::Sha256>::new_from_slice(&key()).unwrap().chain_update(message).finalize().into_bytes().to_vec()
        });
        assert_eq!(SignedToken::parse(&hmac_with_public_key).unwrap_err(), TokenError::WrongAlgorithm);

        let unsigned = forge(&format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#), &claims(), |_| vec![]);
        let verified = SignedToken::parse(&unsigned).unwrap().verify(&key(), &EXPECTED);
        assert_eq!(verified, Err(TokenError::BadSignature));

        let by_another = sign(ada(), &[8; 32], &claims());
        let verified = SignedToken::parse(&by_another).unwrap().verify(&key(), &EXPECTED);
        assert_eq!(verified, Err(TokenError::BadSignature));

        let critical = format!(r#"{{"alg":"EdDSA","kid":"{kid}","crit":["b64"],"b64":false}}"#);
        let critical = forge(&critical, &claims(), |message| SigningKey::from_bytes(&SEED).sign(message).to_vec());
        assert_eq!(SignedToken::parse(&critical).unwrap_err(), TokenError::Malformed);
    }

    #[test]
    fn time_is_judged_by_the_clock_that_is_handed_in() {
        let at = |iat: u64, exp: u64| judge(&Claims { iat, exp, ..claims() });
        let now = NOW.as_seconds();
        assert!(at(now - 119, now + 1).is_ok());
        assert_eq!(at(now - 120, now), Err(TokenError::Expired));
        assert!(at(now + TOKEN_CLOCK_SKEW_SECONDS, now + 180).is_ok());
        assert_eq!(at(now + TOKEN_CLOCK_SKEW_SECONDS + 1, now + 180), Err(TokenError::IssuedInTheFuture));
        assert_eq!(at(now - 60, now + 61), Err(TokenError::TooLongLived));
        assert_eq!(at(now, now - 1), Err(TokenError::TooLongLived));
        assert_eq!(at(0, u64::MAX), Err(TokenError::TooLongLived));
    }

    #[test]
    fn it_serves_one_method_and_path() {
        assert_eq!(judge(&Claims { htm: "POST".into(), ..claims() }), Err(TokenError::WrongMethod));
        assert_eq!(judge(&Claims { htu: "/v1/space".into(), ..claims() }), Err(TokenError::WrongPath));
    }

    #[test]
    fn other_text_is_malformed() {
        let good = sign(ada(), &SEED, &claims());
        for text in ["", "a", "a.b.c", "....", &good[1..], &format!("{good}."), &"x".repeat(TOKEN_BYTES_MAX + 1)] {
            assert_eq!(SignedToken::parse(text).unwrap_err(), TokenError::Malformed, "{text}");
        }
        let (header, _) = good.split_once('.').unwrap();
        let not_claims = format!("{header}.{}.{}", BASE64URL_NOPAD.encode(b"{}"), BASE64URL_NOPAD.encode(&[0; 64]));
        assert!(SignedToken::parse(&not_claims).unwrap().verify(&key(), &EXPECTED).is_err());
    }
}
