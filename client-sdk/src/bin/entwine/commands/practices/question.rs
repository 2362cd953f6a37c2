//! `question add`, `list`, `draw`, `answer`, `skip`, `show`, `delete`, `ceiling`, and `question session`.

mod session;

use clap::{Args, Subcommand};
use entwine_sdk::question::{OWN_DECK, OpenAnswerView, QuestionFilter, QuestionView};
use serde_json::json;

use super::parse_id;
use super::sealed_answer::SEALED;
use crate::commands::{SHORT_TIME, Session, local_text};
use crate::failure::Failure;
use crate::output::{Style, printable, printable_line, table};

/// What can be done with questions.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add a question of your own, for both of you.
    #[command(after_help = "Examples:\n  entwine question add 'Shall we move to the sea?' --depth 2\n  \
                            entwine question add 'Who cooked on Sundays?' --deck childhood")]
    Add {
        /// The question.
        text: String,
        /// The deck that it belongs to: `own`, or one of those that come along.
        #[arg(long, default_value = OWN_DECK)]
        deck: String,
        /// How deep it goes: from 1, light, to 3, deep.
        #[arg(long, default_value_t = 1)]
        depth: u32,
    },
    /// List the questions, in the order in which they are drawn.
    #[command(after_help = "Example:\n  entwine question list --deck own")]
    List {
        #[command(flatten)]
        which: WhichArgs,
    },
    /// Draw the next question that you two have not asked yet, no deeper than both of you want.
    #[command(after_help = "Examples:\n  entwine question draw\n  entwine question draw --deck dreams --depth 2")]
    Draw {
        #[command(flatten)]
        which: WhichArgs,
    },
    /// Answer a question.
    #[command(after_help = "Examples:\n  entwine question answer unseen-smile 'The neighbour and her umbrella'\n  \
                            entwine question answer unseen-smile 'A secret' --sealed\n  \
                            entwine question answer unseen-smile 'In turn' --session ID")]
    Answer {
        /// The question.
        id: String,
        /// The answer.
        text: String,
        /// Sealed: neither of you reads the other's before both have answered.
        #[arg(long)]
        sealed: bool,
        /// The session in which it was asked.
        #[arg(long, value_name = "ID")]
        session: Option<String>,
        #[command(flatten)]
        locale: LocaleArgs,
    },
    /// Pass a question over, for whatever reason: it is not drawn again.
    #[command(after_help = "Example:\n  entwine question skip ID")]
    Skip {
        /// The question.
        id: String,
    },
    /// Show the answers to a question that were given in the open.
    #[command(after_help = "Example:\n  entwine question show ID")]
    Show {
        /// The question.
        id: String,
    },
    /// Move a question of your own to the trash.
    #[command(after_help = "Example:\n  entwine question delete ID")]
    Delete {
        /// The question.
        id: String,
    },
    /// Say how deep you want to be asked, or see which depth holds: the lower one of both of you.
    #[command(after_help = "Examples:\n  entwine question ceiling\n  entwine question ceiling 2")]
    Ceiling {
        /// From 1, light, to 3, deep.
        depth: Option<u32>,
    },
    /// Go through some questions in turn, from light to deep.
    #[command(arg_required_else_help = true)]
    Session {
        #[command(subcommand)]
        command: session::Command,
    },
}

/// Which questions, and in which language.
#[derive(Debug, Args)]
pub(crate) struct WhichArgs {
    /// Only those of one deck.
    #[arg(long)]
    deck: Option<String>,
    /// Only those of one depth: 1 is light, 3 is deep.
    #[arg(long)]
    depth: Option<u32>,
    #[command(flatten)]
    locale: LocaleArgs,
}

/// In which language.
#[derive(Debug, Args)]
pub(crate) struct LocaleArgs {
    /// A locale such as `en` or `de-AT`; where there are no words for it, those of a wider one, and then English.
    #[arg(long, value_name = "LOCALE", default_value = "en")]
    pub(super) locale: String,
}

impl WhichArgs {
    fn split(self) -> (QuestionFilter, String) {
        (QuestionFilter { deck: self.deck, depth: self.depth }, self.locale.locale)
    }
}

const WHAT: &str = "question";

pub(super) async fn run(session: &Session<'_>, command: Command) -> Result<(), Failure> {
    match command {
        Command::Add { text, deck, depth } => {
            let id = session.ask(async |client| client.questions().add(&text, &deck, depth).await).await?;
            session.output.answer(&json!({ "id": id }), |style| format!("Added, as {}", style.bold(&id)))
        }
        Command::List { which } => {
            let (filter, locale) = which.split();
            let found = session.ask(async |client| client.questions().list(&filter, &locale).await).await?;
            session.output.answer(&found, |style| rows(&found, style))
        }
        Command::Draw { which } => {
            let (filter, locale) = which.split();
            let drawn = session.ask(async |client| client.questions().draw(&filter, &locale).await).await?;
            session.output.answer(&drawn, |style| match &drawn {
                Some(question) => describe(question, style),
                None => "There is no question left that you two have not asked.".to_owned(),
            })
        }
        Command::Answer { id, text, sealed, session: of, locale } => {
            let of = of.map(|of| parse_id(session::WHAT, &of)).transpose()?;
            let (of, locale) = (of.as_ref(), &locale.locale);
            let answered = session.ask(async |client| match sealed {
                true => client.questions().answer_sealed(&id, &text, of, locale).await,
                false => client.questions().answer(&id, &text, of, locale).await,
            });
            let answered = answered.await?;
            let said = if sealed { SEALED } else { "Answered, for both of you to read." };
            session.output.answer(&json!({ "id": answered }), |style| format!("{said}\n{}", style.dim(&answered)))
        }
        Command::Skip { id } => {
            session.ask(async |client| client.questions().skip(&id).await).await?;
            session.output.answer(&json!({ "id": id }), |_| "Passed over.".to_owned())
        }
        Command::Show { id } => {
            let found = session.ask(async |client| client.questions().answers(Some(&id)).await).await?;
            session.output.answer(&found, |style| {
                if found.is_empty() { "Nobody has answered it in the open.".to_owned() } else { answers(&found, style) }
            })
        }
        Command::Delete { id } => {
            let id = parse_id(WHAT, &id)?;
            session.ask(async |client| client.questions().delete(&id).await).await?;
            session.output.answer(&json!({ "id": id }), |_| "In the trash.".to_owned())
        }
        Command::Ceiling { depth } => {
            let ceiling = session.ask(async |client| {
                if let Some(depth) = depth {
                    client.questions().set_ceiling(depth).await?;
                }
                client.questions().ceiling().await
            });
            let ceiling = ceiling.await?;
            session.output.answer(&ceiling, |style| {
                format!("Questions go down to {}. You said {}.", style.bold(ceiling.holds), ceiling.own)
            })
        }
        Command::Session { command } => session::run(session, command).await,
    }
}

fn rows(found: &[QuestionView], style: Style) -> String {
    let row = |question: &QuestionView| {
        let deck = style.dim(&question.deck);
        vec![question.depth.to_string(), style.dim(&question.id), deck, printable_line(&question.text)]
    };
    table(&found.iter().map(row).collect::<Vec<_>>())
}

fn describe(question: &QuestionView, style: Style) -> String {
    let by = question.author.as_deref().map(|name| format!(", by {}", printable_line(name))).unwrap_or_default();
    let about = style.dim(format!("{}, depth {}{by}  {}", question.deck, question.depth, question.id));
    format!("{}\n{about}", style.bold(printable_line(&question.text)))
}

fn answers(found: &[OpenAnswerView], style: Style) -> String {
    let one = |answer: &OpenAnswerView| {
        let about = format!("{}, {}", local_text(&answer.written_at, SHORT_TIME), printable_line(&answer.author));
        format!("{}\n{}", style.dim(about), printable(&answer.text))
    };
    found.iter().map(one).collect::<Vec<_>>().join("\n\n")
}
