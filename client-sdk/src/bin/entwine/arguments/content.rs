//! What was asked for of the words that Entwine brings along? `content questions`, `content feelings`, `content templates`.

use clap::{Args, Subcommand};

/// Which words to show.
#[derive(Debug, Subcommand)]
pub(crate) enum ContentCommand {
    /// Questions to ask each other, in decks, from light to deep.
    #[command(after_help = "Examples:\n  entwine content questions\n  \
                            entwine content questions --deck childhood --depth 1")]
    Questions {
        /// Only those of one deck.
        #[arg(long)]
        deck: Option<String>,
        /// Only those of one depth: 1 is light, 3 is deep.
        #[arg(long, value_parser = clap::value_parser!(u8).range(1..=3))]
        depth: Option<u8>,
        #[command(flatten)]
        locale: LocaleArgs,
    },
    /// The wheel of feelings: a few wide ones, and finer words for each.
    #[command(after_help = "Example:\n  entwine content feelings")]
    Feelings {
        #[command(flatten)]
        locale: LocaleArgs,
    },
    /// Rituals to adopt: their steps, how long each takes, and whose turn it is.
    #[command(after_help = "Example:\n  entwine content templates")]
    Templates {
        #[command(flatten)]
        locale: LocaleArgs,
    },
}

/// In which language.
#[derive(Debug, Args)]
pub(crate) struct LocaleArgs {
    /// A locale such as `en` or `de-AT`; where there are no words for it, those of a wider one, and then English.
    #[arg(long, value_name = "LOCALE", default_value = "en")]
    pub(crate) locale: String,
}
