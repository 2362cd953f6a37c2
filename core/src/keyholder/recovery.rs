//! How does someone come back who lost every device? By 24 words on paper.
//!
//! The words are a BIP-39 English mnemonic of 32 random bytes; the keys derive from those bytes as an invitation's do from
//! its secret. No slow hash: the bytes are random, so there is nothing to guess.

use bip39::{Language, Mnemonic};
use rand_core::CryptoRng;
use zeroize::{Zeroize as _, Zeroizing};

use super::SecretKeys;

/// Words in a phrase.
pub const PHRASE_WORDS: usize = 24;

/// A recovery phrase.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryPhrase(Zeroizing<[u8; 32]>);

impl core::fmt::Debug for RecoveryPhrase {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("RecoveryPhrase(…)")
    }
}

/// Words that are not a recovery phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is not a recovery phrase: it has 24 words of the English BIP-39 list, and the last one checks the others"
)]
pub struct PhraseError;

impl RecoveryPhrase {
    /// A new one.
    pub fn make_random(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.fill_bytes(bytes.as_mut_slice());
        Self(bytes)
    }

    /// From the 32 bytes that the words stand for.
    #[must_use]
    pub fn from_entropy(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The 32 bytes that the words stand for.
    #[must_use]
    pub fn entropy(&self) -> &Zeroizing<[u8; 32]> {
        &self.0
    }

    /// The 24 words.
    #[must_use]
    pub fn words(&self) -> Vec<&'static str> {
        self.mnemonic().words().collect()
    }

    /// Reads 24 words, whatever the case and the space between them.
    ///
    /// # Errors
    /// [`PhraseError`].
    pub fn parse(text: &str) -> Result<Self, PhraseError> {
        let normal = Zeroizing::new(text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" "));
        let mnemonic = Mnemonic::parse_in_normalized(Language::English, &normal).map_err(|_| PhraseError)?;
        let mut entropy = mnemonic.to_entropy();
        let bytes = <[u8; 32]>::try_from(entropy.as_slice()).map_err(|_| PhraseError)?;
        entropy.zeroize();
        Ok(Self::from_entropy(bytes))
    }

    /// The keys.
    #[must_use]
    pub fn derive_keys(&self) -> SecretKeys {
        SecretKeys::derive(&self.0, "entwine/v1/recovery-phrase")
    }

    fn mnemonic(&self) -> Mnemonic {
        Mnemonic::from_entropy_in(Language::English, self.0.as_slice()).expect("32 bytes make 24 words")
    }
}

/// The word list that phrases and safety words are made of: 2,048 words of BIP-39 English.
#[must_use]
pub fn word_list() -> &'static [&'static str; 2048] {
    Language::English.word_list()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_and_a_typo_is_noticed() {
        let phrase = RecoveryPhrase::from_entropy([7; 32]);
        let words = phrase.words();
        assert_eq!(words.len(), PHRASE_WORDS);
        assert_eq!(RecoveryPhrase::parse(&format!("  {}\n", words.join("  ").to_uppercase())), Ok(phrase));
        let mut wrong = words.clone();
        wrong.swap(0, 23);
        assert_eq!(RecoveryPhrase::parse(&wrong.join(" ")), Err(PhraseError));
        assert_eq!(RecoveryPhrase::parse(&words[..12].join(" ")), Err(PhraseError), "12 words are another thing");
    }
}
