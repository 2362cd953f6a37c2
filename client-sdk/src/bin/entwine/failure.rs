//! Why was something not done, and what can be done about it? The one list of what this program itself has to say; the
//! SDK's errors pass through with their own words.

use std::path::PathBuf;

use entwine_core::keyholder::invitation::LinkError;

/// A command that was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Boxed, since every command's result has room for it.
    #[error(transparent)]
    Sdk(Box<entwine_sdk::Error>),
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error("which phone? Name its folder with --profile DIR, or set ENTWINE_PROFILE")]
    NoProfileNamed,
    #[error("there is no entry with the id {0:?}: `entwine list` shows all, `entwine trash` what was deleted")]
    NoSuchEntry(String),
    #[error("there is no deck with the id {deck:?}: there are {known}")]
    NoSuchDeck { deck: String, known: String },
    #[error("there is no open invitation with the id {0:?}: `entwine invitations` shows all")]
    NoSuchInvitation(String),
    #[error("there is no device or phrase of yours with the id {0:?}: `entwine devices` shows all")]
    NoSuchDevice(String),
    #[error("the words are for a person's eyes: run this on a terminal, or with --json, which asks nothing back")]
    NoTerminal,
    #[error(
        "these are not the words that were shown. Nothing has changed: an older phrase is still good, and `entwine phrase` \
             shows the new words once more"
    )]
    PhraseNotConfirmed,
    #[error("{detail}. Then repeat this with --token TOKEN: it goes on with the same space")]
    TokenNeeded { detail: String },
    /// The status itself was printed.
    #[error("not everything is on the relay ({reason}): {remedy}")]
    NotInSync { reason: String, remedy: String },
    #[error("no editor is set: set VISUAL or EDITOR, or use --append TEXT or --replace OLD NEW")]
    NoEditor,
    #[error("the editor `{command}` ended with {status}: nothing was changed")]
    EditorFailed { command: String, status: std::process::ExitStatus },
    #[error("the editor left something that is no UTF-8 text: nothing was changed")]
    EditedTextUnreadable,
    #[error("your text could not be saved; it is still in {} (readable: remove it when it is safe)", path.display())]
    EditedTextNotSaved { path: PathBuf, source: Box<entwine_sdk::Error> },
    #[error("no relay program at {}: build it with `cargo build{release} -p entwine-server`, then start the demo again", path.display())]
    NoRelayProgram { path: PathBuf, release: &'static str },
    #[error("the demo stopped: {0}")]
    Demo(String),
    #[error("this machine refused: {0}")]
    Machine(#[from] std::io::Error),
}

impl From<entwine_sdk::Error> for Failure {
    fn from(error: entwine_sdk::Error) -> Self {
        Self::Sdk(Box::new(error))
    }
}

impl Failure {
    /// 2 for wrong usage, as clap has it; 1 for all else.
    pub(crate) fn exit_code(&self) -> u8 {
        if matches!(self, Self::NoProfileNamed) { 2 } else { 1 }
    }
}
