//! What should everybody hold in the end? All that was typed, by plain automerge, and who could still hand it over.
//!
//! Nothing here calls the sync machines or the feeds' own code: what an entry carries was noted when it was sealed, and where an
//! entry stands is read from the chain's records by walking from one entry to the one before it.

use std::collections::{BTreeMap, BTreeSet};

use automerge::{Automerge, Change, ChangeHash, ObjType, ROOT, ReadDoc as _, TextEncoding, Value};
use entwine_core::feed::{StoredEntry, Tip};
use entwine_core::id::{Hash, KeyholderId, SpaceId};
use entwine_core::membership::MembershipChain;

/// One thing that somebody typed: a number, which stands in the document as `w<number>.`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Word(usize);

impl Word {
    /// As it is typed.
    pub(crate) fn text(self) -> String {
        format!("w{}.", self.0)
    }
}

struct Typed {
    author: KeyholderId,
    change: Change,
}

struct Sealed {
    feed: KeyholderId,
    seq: u64,
    previous: Hash,
    position: (u32, Hash),
    words: BTreeSet<Word>,
}

/// Everything that was ever typed and sealed.
#[derive(Default)]
pub(crate) struct Oracle {
    typed: Vec<Typed>,
    by_change: BTreeMap<ChangeHash, Word>,
    sealed: BTreeMap<Hash, Sealed>,
    /// What another device took in while nothing was against it: it may hand it on, whatever becomes of its author.
    shared: BTreeSet<Word>,
    documents: BTreeSet<(SpaceId, String)>,
}

impl Oracle {
    /// The word that is typed next.
    pub(crate) fn next_word(&self) -> Word {
        Word(self.typed.len())
    }

    pub(crate) fn typed(&mut self, space: SpaceId, document: &str, author: KeyholderId, change: &[u8]) -> Word {
        let (word, change) = (self.next_word(), Change::try_from(change).expect("what core makes is a change"));
        let known = self.by_change.insert(change.hash(), word);
        assert!(known.is_none(), "two words are one change");
        self.typed.push(Typed { author, change });
        self.documents.insert((space, document.to_owned()));
        word
    }

    /// A change goes into a space that was founded anew.
    pub(crate) fn copied(&mut self, space: SpaceId, document: &str, change: &[u8]) -> Word {
        self.documents.insert((space, document.to_owned()));
        self.word_of(change)
    }

    pub(crate) fn word_of(&self, change: &[u8]) -> Word {
        self.by_change[&Change::try_from(change).expect("what core makes is a change").hash()]
    }

    /// Notes what an entry carries.
    pub(crate) fn sealed(&mut self, chain: &MembershipChain, entry: &StoredEntry, changes: &[Vec<u8>]) {
        let sealed = Sealed {
            feed: entry.feed,
            seq: entry.seq,
            previous: entry.previous,
            position: (entry.position, chain.hash_at(entry.position).expect("an entry is sealed at a record")),
            words: changes.iter().map(|change| self.word_of(change)).collect(),
        };
        self.sealed.insert(entry.hash, sealed);
    }

    pub(crate) fn words_of(&self, entry: &Hash) -> &BTreeSet<Word> {
        &self.sealed[entry].words
    }

    /// Whether an entry was written at a record of this chain.
    pub(crate) fn is_bound_to(&self, chain: &MembershipChain, entry: &Hash) -> bool {
        let (index, hash) = self.sealed[entry].position;
        chain.hash_at(index) == Some(hash)
    }

    /// Whether an entry has its place where this chain stands: it and all before it were written at its records, and if the
    /// author was removed, the cut covers it.
    pub(crate) fn stands(&self, chain: &MembershipChain, entry: &Hash) -> bool {
        let feed = self.sealed[entry].feed;
        let covered = |cut: &[Tip]| cut.iter().any(|tip| self.line(&tip.hash).any(|(hash, _)| hash == *entry));
        self.line(entry).all(|(_, sealed)| chain.hash_at(sealed.position.0) == Some(sealed.position.1))
            && chain.cut_of(&feed).is_none_or(covered)
    }

    /// An entry, and all before it.
    fn line<'a>(&'a self, entry: &Hash) -> impl Iterator<Item = (Hash, &'a Sealed)> {
        let known = |hash: Hash| self.sealed.get(&hash).map(|sealed| (hash, sealed));
        std::iter::successors(known(*entry), move |(_, sealed)| {
            (sealed.seq > 1).then(|| known(sealed.previous).expect("an entry follows one that was sealed"))
        })
    }

    /// Another device took an entry in.
    pub(crate) fn shared(&mut self, entry: &Hash) {
        let words = self.sealed[entry].words.clone();
        self.shared.extend(words);
    }

    /// Checks what the devices of a space hold in the end.
    ///
    /// # Panics
    /// Where they do not hold the same, or lack a word, or have one that they must not.
    pub(crate) fn check(&self, end: &End) {
        let required = self.with_all_before(end);
        let mut found: BTreeSet<Word> = BTreeSet::new();
        for document in self.documents(end.space) {
            let mut seen: Option<(&str, Vec<ChangeHash>, Vec<Word>)> = None;
            for (device, saved) in &end.devices {
                let (heads, words) = saved.get(document).map(|saved| read(saved)).unwrap_or_default();
                match &seen {
                    None => seen = Some((device, heads, words)),
                    Some((first, first_heads, first_words)) => {
                        assert_eq!(first_words, &words, "{document}: {first} and {device} read the same");
                        assert_eq!(first_heads, &heads, "{document}: {first} and {device} have the same heads");
                    }
                }
            }
            let Some((_, heads, words)) = seen else { continue };
            let once: BTreeSet<Word> = words.iter().copied().collect();
            assert_eq!(once.len(), words.len(), "{document}: no word stands twice: {words:?}");
            assert_eq!(self.merged(&once), (heads, words), "{document}: as plain automerge merges it");
            found.extend(once);
        }
        let lost: Vec<&Word> = required.difference(&found).collect();
        assert!(lost.is_empty(), "these words were lost: {lost:?}");
        let allowed = self.allowed(end);
        let forbidden: Vec<&Word> = found.difference(&allowed).collect();
        assert!(forbidden.is_empty(), "these words of removed devices came in: {forbidden:?}");
    }

    fn documents(&self, space: SpaceId) -> BTreeSet<&str> {
        self.documents.iter().filter(|(place, _)| *place == space).map(|(_, document)| document.as_str()).collect()
    }

    /// What must be there: all that somebody holds, as far as everything that it follows is there too.
    fn with_all_before(&self, end: &End) -> BTreeSet<Word> {
        let on_relay = end.on_relay.iter().filter(|entry| self.stands(end.chain, entry));
        let mut held: BTreeSet<Word> = on_relay.flat_map(|entry| self.words_of(entry)).copied().collect();
        held.extend(&end.held);
        let mut whole = BTreeSet::new();
        for word in held {
            // What a word follows was typed before it, so it was looked at before.
            if self.typed[word.0].change.deps().iter().all(|before| whole.contains(&self.by_change[before])) {
                whole.insert(word);
            }
        }
        whole
    }

    /// What may be there: typed by who was not removed, taken in by another in time, or standing on the relay.
    fn allowed(&self, end: &End) -> BTreeSet<Word> {
        let is_member = |typed: &Typed| end.chain.cut_of(&typed.author).is_none();
        let mut allowed: BTreeSet<Word> = self.shared.clone();
        allowed.extend((0..self.typed.len()).map(Word).filter(|word| is_member(&self.typed[word.0])));
        let standing = self.sealed.keys().filter(|entry| self.stands(end.chain, entry));
        allowed.extend(standing.flat_map(|entry| self.words_of(entry)));
        allowed
    }

    fn merged(&self, words: &BTreeSet<Word>) -> (Vec<ChangeHash>, Vec<Word>) {
        let mut document = Automerge::new_with_encoding(TextEncoding::UnicodeCodePoint);
        let changes = words.iter().map(|word| self.typed[word.0].change.clone());
        document.apply_changes(changes).expect("they were made by automerge");
        look_into(&document)
    }
}

/// How a space ends.
pub(crate) struct End<'w> {
    pub(crate) space: SpaceId,
    pub(crate) chain: &'w MembershipChain,
    /// What the devices that are left took in and never gave away.
    pub(crate) held: BTreeSet<Word>,
    /// Entries that the relay took, since it was last set back.
    pub(crate) on_relay: BTreeSet<Hash>,
    /// The documents of each device, saved.
    pub(crate) devices: Vec<(String, BTreeMap<String, Vec<u8>>)>,
}

fn read(saved: &[u8]) -> (Vec<ChangeHash>, Vec<Word>) {
    look_into(&Automerge::load(saved).expect("what core saves is a document"))
}

fn look_into(document: &Automerge) -> (Vec<ChangeHash>, Vec<Word>) {
    let mut texts = String::new();
    collect_texts(document, &ROOT, &mut texts);
    let words = texts.split('w').filter_map(|part| Some(Word(part.split_once('.')?.0.parse().ok()?)));
    let mut words: Vec<Word> = words.collect();
    words.sort();
    let mut heads = document.get_heads();
    heads.sort();
    (heads, words)
}

fn collect_texts(document: &Automerge, object: &automerge::ObjId, texts: &mut String) {
    for key in document.keys(object).collect::<Vec<_>>() {
        match document.get(object, key.as_str()) {
            Ok(Some((Value::Object(ObjType::Text), text))) => *texts += &document.text(&text).expect("a text"),
            Ok(Some((Value::Object(ObjType::Map), map))) => collect_texts(document, &map, texts),
            _ => {}
        }
    }
}
