//! Is it really my partner? Six words that both phones show.

use pbkdf2::pbkdf2_hmac_array;
use sha2::Sha256;

use super::chain::MembershipChain;
use super::record::Record;
use crate::id::KeyholderId;
use crate::keyholder::recovery::word_list;

/// Words, of 11 bits each: 66 bits.
pub const SAFETY_WORDS: usize = 6;

/// Rounds of PBKDF2-HMAC-SHA256: what OWASP's Password Storage Cheat Sheet recommends (2023), so that searching for keys
/// with the same six words costs 2^66 times as much.
const ROUNDS: u32 = 600_000;

/// The six words of a space with two persons; none while there is one. They never change, so that comparing them once rules
/// out anyone in the middle. Takes about a fifth of a second.
#[must_use]
pub fn safety_words(chain: &MembershipChain) -> Option<[&'static str; SAFETY_WORDS]> {
    Some(words_of(chain, chain.second_person_record()?))
}

/// The six words that a device, added by a link, and the device that made the link both show.
#[must_use]
pub fn device_safety_words(chain: &MembershipChain, device: &KeyholderId) -> Option<[&'static str; SAFETY_WORDS]> {
    let added = chain.keyholder(device)?.added_at;
    Some(words_of(chain, chain.records().get(added as usize)?))
}

fn words_of(chain: &MembershipChain, admitted: &Record) -> [&'static str; SAFETY_WORDS] {
    let password = [chain.space().as_bytes().as_slice(), admitted.hash().as_bytes()].concat();
    let bits: [u8; 16] = pbkdf2_hmac_array::<Sha256, 16>(&password, b"entwine/v1/safety-words", ROUNDS);
    let bits = u128::from_be_bytes(bits);
    std::array::from_fn(|word| {
        let shift = 128 - 11 * (word as u32 + 1);
        word_list()[(bits >> shift) as usize & 0x7ff]
    })
}
