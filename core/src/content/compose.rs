//! What do the pages of a locale say? Their lines, put together to questions, feelings and rituals.

use std::collections::BTreeSet;

use super::page::{self, ContentError, Kind, Part, Problem};
use super::{
    AreQuestion, Content, DEPTHS, Deck, Feeling, Pages, Question, Sensation, Template, TemplateStep, Turn,
    VulnerabilityStep,
};
use crate::limits::{NAME_BYTES_MAX, RECURRENCE_BYTES_MAX, STEP_BYTES_MAX, STEP_MINUTES_MAX};

pub(super) fn compose(locale: &str, pages: &Pages<'_>) -> Result<Content, ContentError> {
    let (decks, questions) = questions(&page::read("questions.md", pages.questions)?)?;
    Ok(Content {
        locale: locale.to_owned(),
        decks,
        questions,
        feelings: feelings(&page::read("feelings.md", pages.feelings)?)?,
        sensations: sensations(&page::read("sensations.md", pages.sensations)?)?,
        templates: templates(&page::read("templates.md", pages.templates)?)?,
        vulnerability_steps: vulnerability_steps(&page::read("vulnerability.md", pages.vulnerability)?)?,
        are_questions: are_questions(&page::read("are.md", pages.are)?)?,
    })
}

/// Whether every line of a translation begins as the English one does.
pub(super) fn check_alike(pages: &Pages<'_>, english: &Pages<'_>) -> Result<(), ContentError> {
    for (file, translated, english) in [
        ("questions.md", pages.questions, english.questions),
        ("feelings.md", pages.feelings, english.feelings),
        ("sensations.md", pages.sensations, english.sensations),
        ("templates.md", pages.templates, english.templates),
        ("vulnerability.md", pages.vulnerability, english.vulnerability),
        ("are.md", pages.are, english.are),
    ] {
        let (parts, expected) = (page::read(file, translated)?, page::read(file, english)?);
        for (index, expected) in expected.iter().enumerate() {
            let problem = Problem::NotAsInEnglish { expected: expected.beginning() };
            match parts.get(index) {
                Some(part) if part.beginning() == expected.beginning() => {}
                Some(part) => return Err(part.error(problem)),
                None => return Err(ContentError { file, line: translated.lines().count() + 1, problem }),
            }
        }
        if let Some(part) = parts.get(expected.len()) {
            return Err(part.error(Problem::MoreThanInEnglish));
        }
    }
    Ok(())
}

/// The ids of a page, each of which stands there once.
#[derive(Default)]
struct Ids(BTreeSet<String>);

impl Ids {
    fn take(&mut self, part: &Part<'_>) -> Result<String, ContentError> {
        let id = part.id()?;
        if self.0.insert(id.clone()) { Ok(id) } else { Err(part.error(Problem::Repeated(id))) }
    }
}

fn misplaced(part: &Part<'_>, why: &'static str) -> ContentError {
    part.error(Problem::Misplaced(why))
}

fn questions(parts: &[Part<'_>]) -> Result<(Vec<Deck>, Vec<Question>), ContentError> {
    let (mut decks, mut questions) = (Vec::<Deck>::new(), Vec::new());
    let (mut deck_ids, mut ids, mut depth) = (Ids::default(), Ids::default(), None);
    for part in parts {
        match (part.kind, decks.last(), depth) {
            (Kind::Heading, ..) => {
                decks.push(Deck { id: deck_ids.take(part)?, name: part.words(NAME_BYTES_MAX)? });
                depth = None;
            }
            (Kind::Subheading, Some(_), _) => {
                let number = part.key.parse().ok().filter(|number| DEPTHS.contains(number) && part.text.is_empty());
                depth = Some(number.ok_or_else(|| part.error(Problem::Depth))?);
            }
            (Kind::Item, Some(deck), Some(depth)) => {
                let text = part.words(STEP_BYTES_MAX)?;
                questions.push(Question { id: ids.take(part)?, deck: deck.id.clone(), depth, text });
            }
            _ => return Err(misplaced(part, "a question stands below a deck and a depth")),
        }
    }
    Ok((decks, questions))
}

fn feelings(parts: &[Part<'_>]) -> Result<Vec<Feeling>, ContentError> {
    let mut feelings = Vec::new();
    let (mut ids, mut middle, mut second) = (Ids::default(), None, None);
    for part in parts {
        let id = ids.take(part)?;
        let parent = match part.kind {
            Kind::Heading => {
                (middle, second) = (Some(id.clone()), None);
                None
            }
            Kind::Subheading if middle.is_some() => {
                second = Some(id.clone());
                middle.clone()
            }
            Kind::Item if second.is_some() => second.clone(),
            _ => return Err(misplaced(part, "a feeling stands below a wider one: `##`, `###`, `-`")),
        };
        feelings.push(Feeling { id, parent, word: part.words(NAME_BYTES_MAX)? });
    }
    Ok(feelings)
}

fn sensations(parts: &[Part<'_>]) -> Result<Vec<Sensation>, ContentError> {
    let (mut sensations, mut ids, mut place) = (Vec::new(), Ids::default(), None);
    for part in parts {
        match (part.kind, &place) {
            (Kind::Heading, _) => {
                let _ = ids.take(part)?;
                place = Some(part.words(NAME_BYTES_MAX)?);
            }
            (Kind::Item, Some(place)) => {
                let word = part.words(NAME_BYTES_MAX)?;
                sensations.push(Sensation { id: ids.take(part)?, place: place.clone(), word });
            }
            _ => return Err(misplaced(part, "a sensation stands below its place in the body")),
        }
    }
    Ok(sensations)
}

fn templates(parts: &[Part<'_>]) -> Result<Vec<Template>, ContentError> {
    const ORDER: &str = "a ritual is a name, one `why:`, one `every:`, and one step at least";
    let (mut templates, mut ids) = (Vec::new(), Ids::default());
    let mut rest = parts;
    while let [heading, after @ ..] = rest {
        let [why, every, after @ ..] = after else { return Err(misplaced(heading, ORDER)) };
        if heading.kind != Kind::Heading {
            return Err(misplaced(heading, ORDER));
        }
        if why.kind != Kind::Why {
            return Err(misplaced(why, ORDER));
        }
        if every.kind != Kind::Every {
            return Err(misplaced(every, ORDER));
        }
        let count = after.iter().take_while(|part| part.kind == Kind::Item).count();
        if count == 0 {
            return Err(misplaced(every, ORDER));
        }
        templates.push(Template {
            id: ids.take(heading)?,
            name: heading.words(NAME_BYTES_MAX)?,
            why: why.words(STEP_BYTES_MAX)?,
            cadence: every.words(RECURRENCE_BYTES_MAX)?,
            steps: after[..count].iter().map(step).collect::<Result<_, _>>()?,
        });
        rest = &after[count..];
    }
    Ok(templates)
}

/// `- 5 min, both: text`, or `- both: text`.
fn step(part: &Part<'_>) -> Result<TemplateStep, ContentError> {
    let wrong = || part.error(Problem::Step);
    let (minutes, turn) = match part.key.split_once(" min, ") {
        Some((minutes, turn)) => {
            let minutes: u32 = minutes.parse().map_err(|_| wrong())?;
            (Some(minutes), turn)
        }
        None => (None, part.key),
    };
    if minutes.is_some_and(|minutes| !(1..=STEP_MINUTES_MAX).contains(&minutes)) {
        return Err(wrong());
    }
    let turn: Turn = turn.parse().map_err(|_| wrong())?;
    Ok(TemplateStep { text: part.words(STEP_BYTES_MAX)?, minutes, turn })
}

fn vulnerability_steps(parts: &[Part<'_>]) -> Result<Vec<VulnerabilityStep>, ContentError> {
    const ORDER: &str = "a step is a name, `- share:` and `- listen:`";
    let mut ids = Ids::default();
    let steps = parts.chunks(3).map(|step| {
        let [name, share, listen] = step else { return Err(misplaced(&step[0], ORDER)) };
        for (part, kind, key) in
            [(name, Kind::Heading, name.key), (share, Kind::Item, "share"), (listen, Kind::Item, "listen")]
        {
            if part.kind != kind || part.key != key {
                return Err(misplaced(part, ORDER));
            }
        }
        Ok(VulnerabilityStep {
            id: ids.take(name)?,
            name: name.words(NAME_BYTES_MAX)?,
            share: share.words(STEP_BYTES_MAX)?,
            listen: listen.words(STEP_BYTES_MAX)?,
        })
    });
    steps.collect()
}

fn are_questions(parts: &[Part<'_>]) -> Result<Vec<AreQuestion>, ContentError> {
    let mut ids = Ids::default();
    let questions = parts.iter().map(|part| match part.kind {
        Kind::Item => Ok(AreQuestion { id: ids.take(part)?, text: part.words(STEP_BYTES_MAX)? }),
        _ => Err(misplaced(part, "the page is a list of `- id: text`")),
    });
    questions.collect()
}
