//! What do both answer before either reads the other? Sealed answers: committed to first, and published when both have.
//!
//! ```text
//! round ─► each: the answer with a salt into the private space, a commitment to both into the shared one
//!       ─► commitments of both are there: each phone publishes its own answer and salt
//!       ─► each looks whether what the other published is what was committed to
//! ```
//!
//! A commitment is a hash over question, person, a random salt and the answer: it can be neither read nor guessed, and serves nobody
//! else and no other question. What a person has published names the commitments of the other that it was published on; of the other
//! only these count from then on, so that nobody words an answer after having read one.

mod standing;

use data_encoding::HEXLOWER;
use rand_core::CryptoRng;

use crate::document::{
    Document, DocumentError, DocumentName, Entity, EntityField, EntityId, Field, Hydrate, LimitExceeded, List,
    Reconcile, Stored, TextSet,
};
use crate::id::{Hash, PersonId};
use crate::limits::{
    ANSWER_BYTES_MAX, COMMITMENTS_PER_PERSON_MAX, ENTITY_KEY_BYTES_MAX, ROUND_QUESTIONS_MAX, STEP_BYTES_MAX,
};
use crate::practice::are::Week;
use crate::practice::origin::{self, Dated, Origin};
use crate::practice::refusal::{Refusal, check_not_empty};
use crate::practice::search::{Findable, Reader};
use crate::practice::{Writer, question};
use crate::time::Timestamp;

pub use standing::{Answers, RoundState, Standing};

const WHAT: &str = "sealed answer";
const SALT_BYTES: usize = 32;

/// A question, as it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct Asked {
    /// Its id among the words that come along, or the key of an own one. Empty for what was only typed.
    pub id: String,
    /// Its words.
    pub text: String,
}

impl Asked {
    /// A question that somebody only typed.
    ///
    /// # Errors
    /// It is empty or too long.
    pub fn typed(text: &str) -> Result<Self, Refusal> {
        check_not_empty("question", text)?;
        LimitExceeded::check_bytes("question", text.len(), STEP_BYTES_MAX)?;
        Ok(Self { id: String::new(), text: text.to_owned() })
    }

    /// Whether its id says what is asked, in whatever language it stands.
    fn is_built_in(&self) -> bool {
        self.id.parse::<EntityId>().is_ok_and(|id| id.ulid_time().is_none())
    }
}

/// Questions that both answer at once, below one key: a sitting that somebody opened, or what else has questions in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// What all answers lie below.
    pub id: EntityId,
    /// The questions, in their order.
    pub questions: Vec<Asked>,
}

/// A round that somebody opened. It lies in the shared chapter of that month and is never changed.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct Sitting {
    /// The questions, in their order.
    pub questions: List<Asked>,
    /// Who opened it, and when.
    pub origin: Field<Origin>,
}

/// That somebody has answered, in the shared chapter of the round, under `<round>/<ULID>`. In the trash, it is withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct Commitment {
    /// The hash, in hexadecimal.
    pub hash: Field<String>,
    /// Who answered, and when.
    pub origin: Field<Origin>,
}

/// What somebody answered, in the private chapter of the same month, under the key of its commitment.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct SealedAnswer {
    /// An answer for each question; empty where one was passed over.
    pub texts: List<String>,
    /// What makes it impossible to guess, in hexadecimal.
    pub salt: Field<String>,
    /// Who answered, and when.
    pub origin: Field<Origin>,
}

/// What was published of a commitment, in the shared chapter, under `<commitment>/<person>/<device>`: any of a person's devices can
/// publish what their private space holds.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct PublishedAnswer {
    /// An answer for each question.
    pub texts: List<String>,
    /// The salt, in hexadecimal.
    pub salt: Field<String>,
    /// The keys of the other's commitments that it was published on. Of somebody who published by choice, none.
    pub on: TextSet,
    /// Who published it, and when.
    pub origin: Field<Origin>,
}

/// That somebody passes a round over, for whatever reason, under `<round>/<person>/<device>`.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct Skip {
    /// Who, and when.
    pub origin: Field<Origin>,
}

impl Entity for Sitting {
    const KIND: &'static str = "sitting";

    fn check(&self) -> Result<(), LimitExceeded> {
        LimitExceeded::check_count("questions at once", self.questions.len(), ROUND_QUESTIONS_MAX)?;
        self.questions.iter().try_for_each(|asked| {
            LimitExceeded::check_bytes("question", asked.id.len(), ENTITY_KEY_BYTES_MAX)?;
            LimitExceeded::check_bytes("question", asked.text.len(), STEP_BYTES_MAX)
        })
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![&mut self.questions, &mut self.origin]
    }
}

impl Entity for Commitment {
    const KIND: &'static str = "commitment";

    fn check(&self) -> Result<(), LimitExceeded> {
        self.hash.check("commitment", 2 * Hash::SIZE)
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![&mut self.hash, &mut self.origin]
    }
}

impl Entity for SealedAnswer {
    const KIND: &'static str = "sealed-answer";

    fn check(&self) -> Result<(), LimitExceeded> {
        check_texts(&self.texts)?;
        self.salt.check("salt", 2 * SALT_BYTES)
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![&mut self.texts, &mut self.salt, &mut self.origin]
    }
}

impl Entity for PublishedAnswer {
    const KIND: &'static str = "published-answer";

    fn check(&self) -> Result<(), LimitExceeded> {
        check_texts(&self.texts)?;
        self.salt.check("salt", 2 * SALT_BYTES)?;
        self.on.check("commitments", ENTITY_KEY_BYTES_MAX, COMMITMENTS_PER_PERSON_MAX)
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![&mut self.texts, &mut self.salt, &mut self.on, &mut self.origin]
    }
}

impl Entity for Skip {
    const KIND: &'static str = "sealed-skip";

    fn check(&self) -> Result<(), LimitExceeded> {
        Ok(())
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![&mut self.origin]
    }
}

fn check_texts(texts: &[String]) -> Result<(), LimitExceeded> {
    LimitExceeded::check_count("answers at once", texts.len(), ROUND_QUESTIONS_MAX)?;
    texts.iter().try_for_each(|text| LimitExceeded::check_bytes("answer", text.len(), ANSWER_BYTES_MAX))
}

impl Dated for Sitting {
    const WHAT: &'static str = WHAT;

    fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl Findable for Sitting {
    fn words(&self) -> Vec<&str> {
        self.questions.iter().map(|asked| asked.text.as_str()).collect()
    }
}

/// Nothing is typed.
impl Findable for Commitment {}

impl Findable for SealedAnswer {
    fn words(&self) -> Vec<&str> {
        self.texts.iter().map(String::as_str).collect()
    }
}

impl Findable for PublishedAnswer {
    fn words(&self) -> Vec<&str> {
        self.texts.iter().map(String::as_str).collect()
    }

    /// One's own is found in the private space.
    fn is_seen_by(&self, reader: &Reader) -> bool {
        self.origin.person() != Some(reader.person)
    }

    /// The other's may be here before one's own is published, and is not to be read by way of a search.
    fn is_open_in(stored: &Stored<Self>, document: &Document, reader: &Reader) -> bool {
        // Its key is its commitment's, with its person and device behind.
        let round = above(&stored.id, 3).and_then(|id| round(document, &id));
        let is_read = |round| Answers::of_chapter(document).standing(&round, &reader.person).their_texts().is_some();
        stored.value.is_seen_by(reader) && round.is_some_and(is_read)
    }
}

/// Nothing is typed.
impl Findable for Skip {}

impl Sitting {
    /// A new one.
    #[must_use]
    pub fn new(questions: Vec<Asked>, origin: &Origin) -> Self {
        Self { questions: questions.into(), origin: origin.clone().into() }
    }
}

/// The chapters that a round of this key can lie in, the likeliest first.
#[must_use]
pub fn chapters_of(id: &EntityId) -> Vec<DocumentName> {
    match Week::of_key(id) {
        Some(week) => vec![week.chapter()],
        None => origin::chapters_of(id),
    }
}

/// The round of this key, as its chapter has it.
#[must_use]
pub fn round(chapter: &Document, id: &EntityId) -> Option<Round> {
    if let Some(week) = Week::of_key(id) {
        return Some(week.round("en"));
    }
    let Ok(Some(Stored { value: sitting, .. })) = chapter.collection::<Sitting>().get(id) else {
        return question::round(chapter, id);
    };
    Some(Round { id: id.clone(), questions: sitting.questions.to_vec() })
}

/// Seals an answer: what goes into the private space, and the commitment that goes into the shared one.
///
/// # Errors
/// There is not one text for each question, all are empty, or one is too long.
pub fn seal(
    round: &Round,
    person: &PersonId,
    texts: &[String],
    origin: &Origin,
    rng: &mut impl CryptoRng,
) -> Result<(SealedAnswer, Commitment), Refusal> {
    check_texts(texts)?;
    check_not_empty(WHAT, &texts.concat())?;
    if texts.len() != round.questions.len() {
        let count = round.questions.len() as u64;
        return Err(Refusal::Range { what: "how many answers there are to give at once", from: count, to: count });
    }
    let mut salt = [0; SALT_BYTES];
    rng.fill_bytes(&mut salt);
    let hash = commitment(round, person, &salt, texts).to_string();
    let origin: Field<Origin> = origin.clone().into();
    let salt = HEXLOWER.encode(&salt).into();
    let sealed = SealedAnswer { texts: texts.to_vec().into(), salt, origin: origin.clone() };
    Ok((sealed, Commitment { hash: hash.into(), origin }))
}

/// Commits, in the round's chapter, under a key that [`EntityId::make_below`] made of the round's. An answer that this person gave
/// before is withdrawn, and so is a skip.
///
/// # Errors
/// There is something under the key already.
pub fn commit(
    chapter: &mut Document,
    round: &Round,
    id: &EntityId,
    commitment: &Commitment,
    person: &PersonId,
    now: Timestamp,
) -> Result<(), DocumentError> {
    let before = Answers::of_chapter(chapter).standing(round, person);
    withdraw(chapter, &before, now)?;
    for skip in &before.mine.skips {
        chapter.collection_mut::<Skip>().remove(skip, now)?;
    }
    chapter.collection_mut().put(id, commitment, now)
}

fn withdraw(chapter: &mut Document, standing: &Standing, now: Timestamp) -> Result<(), DocumentError> {
    for commitment in &standing.mine.committed {
        chapter.collection_mut::<Commitment>().remove(commitment, now)?;
    }
    Ok(())
}

/// Passes a round over, and withdraws what this person has answered.
///
/// # Errors
/// Something in the chapter is damaged.
pub fn skip(
    chapter: &mut Document,
    round: &Round,
    writer: &Writer,
    origin: &Origin,
    now: Timestamp,
) -> Result<(), DocumentError> {
    let before = Answers::of_chapter(chapter).standing(round, &writer.person);
    withdraw(chapter, &before, now)?;
    let id = EntityId::from_parts(&[&round.id, &writer.person, &writer.device]);
    let mut skips = chapter.collection_mut::<Skip>();
    if skips.contains(&id) {
        skips.restore(&id)?;
        return Ok(());
    }
    skips.put(&id, &Skip { origin: origin.clone().into() }, now)
}

/// Publishes one's own answer. It is said on which of the other's commitments; on none where it is done by choice. Returns whether
/// there was one to publish among these `sealed` ones, which are those of the private chapter by their keys.
///
/// # Errors
/// The chapter takes nothing.
pub fn publish<'s>(
    chapter: &mut Document,
    round: &Round,
    writer: &Writer,
    sealed: impl Fn(&EntityId) -> Option<&'s SealedAnswer>,
    by_choice: bool,
    origin: &Origin,
    now: Timestamp,
) -> Result<bool, DocumentError> {
    let standing = Answers::of_chapter(chapter).standing(round, &writer.person);
    for commitment in standing.to_publish(by_choice) {
        let hash = chapter.collection::<Commitment>().get(&commitment)?.map(|stored| stored.value.hash.get().clone());
        let Some(answer) = sealed(&commitment) else { continue };
        if hash.is_none() || hash != hash_of(round, &writer.person, &answer.salt, &answer.texts) {
            continue;
        }
        let on: &[EntityId] = if by_choice { &[] } else { &standing.theirs.committed };
        let published = PublishedAnswer {
            texts: answer.texts.clone(),
            salt: answer.salt.clone(),
            on: on.iter().take(COMMITMENTS_PER_PERSON_MAX).map(EntityId::as_str).collect(),
            origin: origin.clone().into(),
        };
        let id = EntityId::from_parts(&[&commitment, &writer.person, &writer.device]);
        chapter.collection_mut().put(&id, &published, now)?;
        return Ok(true);
    }
    Ok(false)
}

/// The key of the round that something sealed in the private space was given in.
#[must_use]
pub fn round_of(sealed: &EntityId) -> Option<EntityId> {
    above(sealed, 1)
}

/// A key without its last parts.
fn above(id: &EntityId, parts: usize) -> Option<EntityId> {
    let (cut, _) = id.as_str().rmatch_indices('/').nth(parts - 1)?;
    id.as_str()[..cut].parse().ok()
}

/// The hash of what was published or sealed, as commitments have it. None if the salt is none.
fn hash_of(round: &Round, person: &PersonId, salt: &str, texts: &[String]) -> Option<String> {
    let salt: [u8; SALT_BYTES] = HEXLOWER.decode(salt.as_bytes()).ok()?.try_into().ok()?;
    Some(commitment(round, person, &salt, texts).to_string())
}

/// SHA-256 over a label and, each with its length before it: the round's key; how many questions there are and for each its id, and
/// its words unless the id stands for them; the person; the salt; the answers.
fn commitment(round: &Round, person: &PersonId, salt: &[u8; SALT_BYTES], texts: &[String]) -> Hash {
    let mut parts: Vec<Vec<u8>> = vec![round.id.as_str().into(), (round.questions.len() as u64).to_be_bytes().into()];
    for asked in &round.questions {
        parts.push(asked.id.as_bytes().into());
        let words = if asked.is_built_in() { "" } else { &asked.text };
        parts.push(Hash::of("entwine/v1/question", &[words.as_bytes()]).as_bytes().into());
    }
    parts.extend([person.as_bytes().to_vec(), salt.to_vec()]);
    parts.extend(texts.iter().map(|text| text.as_bytes().to_vec()));
    let lengths: Vec<[u8; 8]> = parts.iter().map(|part| (part.len() as u64).to_be_bytes()).collect();
    let all: Vec<&[u8]> =
        lengths.iter().zip(&parts).flat_map(|(length, part)| [length.as_slice(), part.as_slice()]).collect();
    Hash::of("entwine/v1/sealed-answer", &all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::conformance;
    use crate::document::tests::Phone;

    fn origin() -> Field<Origin> {
        Phone::new(0xa).origin().into()
    }

    /// What another implementation computes, as `docs/protocol.md` says it.
    #[test]
    fn a_commitment_has_the_bytes_that_were_agreed_on() {
        let built_in = Asked { id: "unseen-smile".to_owned(), text: "in any words".to_owned() };
        let typed = Asked { id: String::new(), text: "Which fear is new?".to_owned() };
        let round = Round { id: "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap(), questions: vec![built_in, typed] };
        let texts = ["The way you look up".to_owned(), "Zürich".to_owned()];
        let hash = commitment(&round, &PersonId::from_bytes([1; 16]), &[7; SALT_BYTES], &texts);
        assert_eq!(hash.to_string(), "27375541be389ac025699f39a1ccd046334e0512f8e87d7b6eae6ac9050307d8");
    }

    #[test]
    fn they_are_proper_entities() {
        conformance::check(&Sitting::new(vec![Asked::typed("What did you dream?").unwrap()], &origin()));
        conformance::check(&Commitment { hash: Hash::ZERO.to_string().into(), origin: origin() });
        let texts: List<String> = vec!["Of the sea.".to_owned()].into();
        conformance::check(&SealedAnswer { texts: texts.clone(), salt: "0a".into(), origin: origin() });
        let on = ["01/02"].into_iter().collect();
        conformance::check(&PublishedAnswer { texts, salt: "0a".into(), on, origin: origin() });
        conformance::check(&Skip { origin: origin() });
    }

    #[test]
    fn a_commitment_serves_one_round_one_question_one_person_one_salt_and_one_answer() {
        let round = |id: &str, question: &str, text: &str| Round {
            id: id.parse().unwrap(),
            questions: vec![Asked { id: question.to_owned(), text: text.to_owned() }],
        };
        let [ada, noor] = [1, 2].map(|byte| PersonId::from_bytes([byte; 16]));
        let (salt, texts) = ([7; SALT_BYTES], ["a".to_owned(), "bc".to_owned()]);
        let first = commitment(&round("r", "smell", "Which smell?"), &ada, &salt, &texts);
        assert_eq!(first, commitment(&round("r", "smell", "Welcher Duft?"), &ada, &salt, &texts), "in any language");
        let others = [
            commitment(&round("s", "smell", "Which smell?"), &ada, &salt, &texts),
            commitment(&round("r", "small", "Which smell?"), &ada, &salt, &texts),
            commitment(&round("r", "", "Which smell?"), &ada, &salt, &texts),
            commitment(&round("r", "", "Which smile?"), &ada, &salt, &texts),
            commitment(&round("r", "smell", "Which smell?"), &noor, &salt, &texts),
            commitment(&round("r", "smell", "Which smell?"), &ada, &[8; SALT_BYTES], &texts),
            commitment(&round("r", "smell", "Which smell?"), &ada, &salt, &["ab".to_owned(), "c".to_owned()]),
        ];
        assert!(!others.contains(&first));
    }

    #[test]
    fn an_answer_has_a_text_for_each_question_and_says_something() {
        let mut ada = Phone::new(0xa);
        let questions = vec![Asked::typed("One?").unwrap(), Asked::typed("Two?").unwrap()];
        let (round, person, origin) = (Round { id: "r".parse().unwrap(), questions }, ada.writer.person, ada.origin());
        let mut refusal = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            seal(&round, &person, &texts, &origin, &mut ada.rng).err().map(|refusal| refusal.to_string())
        };
        assert_eq!(refusal(&["Yes.", ""]), None, "one may be passed over");
        assert_eq!(refusal(&["", " "]).unwrap(), "sealed answer: there is nothing in it");
        assert_eq!(refusal(&["Yes."]).unwrap(), "how many answers there are to give at once is a number from 2 to 2");
        assert_eq!(
            refusal(&["", &"y".repeat(ANSWER_BYTES_MAX + 1)]).unwrap(),
            format!("answer is longer than {ANSWER_BYTES_MAX} bytes")
        );
        assert_eq!(Asked::typed(" "), Err(Refusal::Empty("question")));
        assert!(Asked::typed(&"?".repeat(STEP_BYTES_MAX + 1)).is_err());
    }
}
