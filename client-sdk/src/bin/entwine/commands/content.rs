//! The words that Entwine brings along: `content questions`, `content feelings`, `content templates`. They need no phone.

use entwine_core::content::{Content, Feeling, Question, Template};
use entwine_core::document::Choice as _;

use crate::arguments::ContentCommand;
use crate::failure::Failure;
use crate::output::{Output, Style, table};

pub(super) fn run(command: ContentCommand, output: &Output) -> Result<(), Failure> {
    match command {
        ContentCommand::Questions { deck, depth, locale } => {
            let mut content = Content::of(&locale.locale);
            if let Some(deck) = &deck
                && !content.decks.iter().any(|known| known.id == *deck)
            {
                let known = content.decks.iter().map(|deck| deck.id.as_str()).collect::<Vec<_>>().join(", ");
                return Err(Failure::NoSuchDeck { deck: deck.clone(), known });
            }
            let is_asked_for = |question: &Question| {
                deck.as_ref().is_none_or(|deck| question.deck == *deck)
                    && depth.is_none_or(|depth| question.depth == depth)
            };
            content.questions.retain(is_asked_for);
            output.answer(&content.questions, |style| questions(&content, style))
        }
        ContentCommand::Feelings { locale } => {
            let feelings = Content::of(&locale.locale).feelings;
            output.answer(&feelings, |style| wheel(&feelings, style))
        }
        ContentCommand::Templates { locale } => {
            let templates = Content::of(&locale.locale).templates;
            let described = |style| templates.iter().map(|template| describe(template, style)).collect::<Vec<_>>();
            output.answer(&templates, |style| described(style).join("\n\n"))
        }
    }
}

/// A deck after the other, each question with its depth before it and its id behind.
fn questions(content: &Content, style: Style) -> String {
    let mut decks = Vec::new();
    for deck in &content.decks {
        let of_deck = content.questions.iter().filter(|question| question.deck == deck.id);
        let rows: Vec<Vec<String>> = of_deck
            .map(|question| vec![format!("  {}", question.depth), style.dim(&question.id), question.text.clone()])
            .collect();
        if !rows.is_empty() {
            decks.push(format!("{} {}\n{}", style.bold(&deck.name), style.dim(&deck.id), table(&rows)));
        }
    }
    decks.join("\n\n")
}

/// A wide feeling after the other; in each line a finer one, and behind it the finest.
fn wheel(feelings: &[Feeling], style: Style) -> String {
    let below = |parent: Option<&str>| {
        feelings.iter().filter(|feeling| feeling.parent.as_deref() == parent).collect::<Vec<_>>()
    };
    let inner = below(None).into_iter().map(|inner| {
        let rows = below(Some(&inner.id)).into_iter().map(|middle| {
            let outer = below(Some(&middle.id)).into_iter().map(|outer| outer.word.as_str());
            vec![format!("  {}", middle.word), style.dim(outer.collect::<Vec<_>>().join(", "))]
        });
        format!("{}\n{}", style.bold(&inner.word), table(&rows.collect::<Vec<_>>()))
    });
    inner.collect::<Vec<_>>().join("\n\n")
}

fn describe(template: &Template, style: Style) -> String {
    let rows = template.steps.iter().map(|step| {
        let minutes = step.minutes.map(|minutes| format!("{minutes} min")).unwrap_or_default();
        vec![format!("  {minutes}"), step.turn.as_str().to_owned(), step.text.clone()]
    });
    let heading = [style.bold(&template.name), style.dim(&template.id), style.dim(&template.cadence)].join("  ");
    format!("{heading}\n  {}\n{}", style.dim(&template.why), table(&rows.collect::<Vec<_>>()))
}
