//! How does a partner, or one's own next device, get in? By a link that holds 32 secret bytes.
//!
//! ```text
//! entwine://join#BASE64URL( [version, kind, relay, [[space, head] once or twice], secret] )
//! ```
//!
//! All of it stands in the fragment, so no server and no log sees it. The head is the hash of the record that the inviter
//! saw last, the one that added the invitation: a relay that shows another chain is found out.

use core::fmt;
use core::str::FromStr;

use data_encoding::BASE64URL_NOPAD;
use rand_core::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{KeyholderKind, SecretKeys};
use crate::id::{Hash, SpaceId};
use crate::limits::ORIGIN_BYTES_MAX;
use crate::wire::codec::{CodecError, Decoder, Encoder, Wire, from_bytes, to_bytes};

const LINK_PREFIX: &str = "entwine://join#";
const LINK_VERSION: u64 = 1;

/// Whom an invitation lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationKind {
    /// The partner: a new person.
    Partner,
    /// The inviter's own next device.
    Device,
}

impl InvitationKind {
    /// The keyholder kind of such an invitation.
    #[must_use]
    pub fn keyholder_kind(self) -> KeyholderKind {
        match self {
            Self::Partner => KeyholderKind::PartnerInvitation,
            Self::Device => KeyholderKind::DeviceInvitation,
        }
    }

    /// The invitation kind of such a keyholder.
    #[must_use]
    pub fn of(kind: KeyholderKind) -> Option<Self> {
        match kind {
            KeyholderKind::PartnerInvitation => Some(Self::Partner),
            KeyholderKind::DeviceInvitation => Some(Self::Device),
            KeyholderKind::Device | KeyholderKind::RecoveryPhrase => None,
        }
    }
}

impl fmt::Display for InvitationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Partner => "partner",
            Self::Device => "device",
        })
    }
}

/// The 32 bytes that an invitation's keys derive from.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct InvitationSecret([u8; 32]);

impl fmt::Debug for InvitationSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvitationSecret(…)")
    }
}

impl InvitationSecret {
    /// A new one.
    pub fn make_random(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// Takes the bytes as they are.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The keys.
    #[must_use]
    pub fn derive_keys(&self) -> SecretKeys {
        SecretKeys::derive(&self.0, "entwine/v1/invitation")
    }
}

/// What a link says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationLink {
    /// Whom it lets in.
    pub kind: InvitationKind,
    /// The relay's origin, such as `https://relay.example`.
    pub relay: String,
    /// The shared space and the head of its chain; for a device also the private one.
    pub spaces: Vec<(SpaceId, Hash)>,
    /// What the keys derive from.
    pub secret: InvitationSecret,
}

/// Text that is not an invitation link.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It does not begin as a link does, or its fragment is cut or mistyped.
    #[error("this is no invitation link: it must be copied whole, from `entwine://join#` to its end")]
    NotALink,
    /// The fragment is not what a link holds.
    #[error("this invitation link is damaged or of another version")]
    Damaged(#[from] CodecError),
}

impl Wire for InvitationLink {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(5).uint(LINK_VERSION).value(&self.kind.keyholder_kind()).text(&self.relay);
        encoder.array(self.spaces.len());
        for (space, head) in &self.spaces {
            encoder.array(2).value(space).value(head);
        }
        encoder.bytes(&self.secret.0);
    }

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CodecError> {
        decoder.array(5, "link")?;
        decoder.version(LINK_VERSION)?;
        let kind = InvitationKind::of(decoder.value()?).ok_or(CodecError::Malformed("invitation kind"))?;
        let relay = decoder.text(ORIGIN_BYTES_MAX, "relay")?.to_owned();
        let mut spaces = Vec::new();
        for _ in 0..decoder.array_max(2, "spaces")? {
            decoder.array(2, "space")?;
            spaces.push((decoder.value()?, decoder.value()?));
        }
        let expected = match kind {
            InvitationKind::Partner => 1,
            InvitationKind::Device => 2,
        };
        if spaces.len() != expected {
            return Err(CodecError::Malformed("spaces"));
        }
        Ok(Self { kind, relay, spaces, secret: InvitationSecret(decoder.fixed("secret")?) })
    }
}

impl fmt::Display for InvitationLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{LINK_PREFIX}{}", BASE64URL_NOPAD.encode(&to_bytes(self)))
    }
}

impl FromStr for InvitationLink {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        let fragment = text.trim().strip_prefix(LINK_PREFIX).ok_or(LinkError::NotALink)?;
        let bytes = BASE64URL_NOPAD.decode(fragment.as_bytes()).map_err(|_| LinkError::NotALink)?;
        Ok(from_bytes(&bytes)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(kind: InvitationKind, spaces: usize) -> InvitationLink {
        InvitationLink {
            kind,
            relay: "http://127.0.0.1:8080".to_owned(),
            spaces: vec![(SpaceId::from_bytes([1; 32]), Hash::from_bytes([2; 32])); spaces],
            secret: InvitationSecret::from_bytes([3; 32]),
        }
    }

    #[test]
    fn a_link_reads_back() {
        let link = link(InvitationKind::Device, 2);
        assert_eq!(link.to_string().parse(), Ok(link));
    }

    #[test]
    fn a_cut_or_foreign_link_is_refused() {
        let text = link(InvitationKind::Partner, 1).to_string();
        assert!(text[..text.len() - 4].parse::<InvitationLink>().is_err());
        assert_eq!("https://example.org/join".parse::<InvitationLink>(), Err(LinkError::NotALink));
        let two_spaces_for_a_partner = link(InvitationKind::Partner, 2).to_string();
        assert!(two_spaces_for_a_partner.parse::<InvitationLink>().is_err());
    }
}
