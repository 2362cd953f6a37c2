//! Which code does a command run? The dispatch, and what all commands need: the phone, ids, and times for people.

mod content;
mod devices;
mod journal;
mod leaving;
mod pairing;
mod phone;
pub(crate) mod practices;
mod recovery;
mod search;
mod watch;

use std::path::{Path, PathBuf};
use std::str::FromStr;

use entwine_sdk::{Client, ClientOptions};
use jiff::Timestamp as Moment;
use jiff::tz::TimeZone;

use crate::arguments::{CommandLine, EntwineCommand, GlobalArgs};
use crate::demo;
use crate::failure::Failure;
use crate::output::Output;

/// Runs a command to its end.
pub(crate) async fn run(command_line: CommandLine, output: &Output) -> Result<(), Failure> {
    match command_line.command {
        EntwineCommand::Demo(args) => demo::run(&args, output).await,
        EntwineCommand::Content { command } => content::run(command, output),
        command => with_phone(command_line.global, command, output).await,
    }
}

async fn with_phone(global: GlobalArgs, command: EntwineCommand, output: &Output) -> Result<(), Failure> {
    let session = Session::new(global, output)?;
    let session = &session;
    match command {
        EntwineCommand::Init { name } => phone::init(session, &name).await,
        EntwineCommand::Create { relay, token } => phone::create(session, &relay, token.token.as_deref()).await,
        EntwineCommand::Sync { deadline, token } => phone::sync(session, deadline, token.token.as_deref()).await,
        EntwineCommand::Status => phone::status(session).await,
        EntwineCommand::Watch => watch::watch(session).await,
        EntwineCommand::Invite { device: false } => pairing::invite_partner(session).await,
        EntwineCommand::Invite { device: true } => pairing::invite_device(session).await,
        EntwineCommand::Join { link, expect, bring_copy } => {
            pairing::join(session, &link, expect.map(Into::into), bring_copy).await
        }
        EntwineCommand::Invitations => pairing::invitations(session).await,
        EntwineCommand::Revoke { id } => pairing::revoke(session, &id).await,
        EntwineCommand::SafetyWords => pairing::safety_words(session).await,
        EntwineCommand::Devices => devices::list(session).await,
        EntwineCommand::RemoveDevice { id } => devices::remove(session, &id).await,
        EntwineCommand::Phrase => recovery::phrase(session).await,
        EntwineCommand::Recover { relay } => recovery::recover(session, &relay).await,
        EntwineCommand::Leave => leaving::leave(session).await,
        EntwineCommand::FoundAnew { relay, token } => {
            leaving::found_anew(session, relay.as_deref(), token.token.as_deref()).await
        }
        EntwineCommand::Write(args) => journal::write(session, args).await,
        EntwineCommand::Edit(args) => journal::edit(session, args).await,
        EntwineCommand::Read { id } => journal::read(session, &id).await,
        EntwineCommand::List { month } => journal::list(session, month).await,
        EntwineCommand::Delete { id } => journal::delete(session, &id).await,
        EntwineCommand::Trash => journal::trash(session).await,
        EntwineCommand::Restore { id } => journal::restore(session, &id).await,
        EntwineCommand::Search { words } => search::run(session, &words.join(" ")).await,
        EntwineCommand::Practice(command) => practices::run(session, command).await,
        EntwineCommand::Demo(_) | EntwineCommand::Content { .. } => unreachable!("these need no phone and ran above"),
    }
}

/// One phone and one answer: what a command works with.
struct Session<'o> {
    profile: PathBuf,
    options: ClientOptions,
    output: &'o Output,
}

impl<'o> Session<'o> {
    fn new(global: GlobalArgs, output: &'o Output) -> Result<Self, Failure> {
        let profile = global.profile.ok_or(Failure::NoProfileNamed)?;
        Ok(Self { profile, options: options(global.ca_file), output })
    }

    fn profile(&self) -> &Path {
        &self.profile
    }

    /// Plain HTTP is taken within the home alone, and not in silence.
    fn note_plain_http(&self, relay: &str) {
        if relay.trim().to_ascii_lowercase().starts_with("http:") {
            self.output.note(
                "This relay is reached by plain http, within this machine or your home network: whoever is on the way sees \
                 when and how much is written, never what.",
            );
        }
    }

    async fn open(&self) -> Result<Client, Failure> {
        Ok(Client::open(&self.profile, self.options.clone()).await?)
    }

    /// Opens the phone, asks it for something and closes it again.
    async fn ask<T>(&self, question: impl AsyncFnOnce(&Client) -> Result<T, entwine_sdk::Error>) -> Result<T, Failure> {
        let client = self.open().await?;
        let answer = question(&client).await;
        client.close().await;
        Ok(answer?)
    }
}

fn options(ca_file: Option<PathBuf>) -> ClientOptions {
    ClientOptions { ca_file, ..ClientOptions::default() }
}

/// An id that somebody typed. What is no id at all is an id that nothing has.
fn parse_id<I: FromStr>(text: &str, missing: fn(String) -> Failure) -> Result<I, Failure> {
    text.parse().map_err(|_| missing(text.to_owned()))
}

/// A moment as the clock on this wall shows it.
fn local(moment: Moment, format: &str) -> String {
    moment.to_zoned_datetime(TimeZone::system()).strftime(format).to_string()
}

/// The same for a moment in RFC 3339; what is not one is shown as it is.
fn local_text(moment: &str, format: &str) -> String {
    moment.parse::<Moment>().map_or_else(|_| moment.to_owned(), |moment| local(moment, format))
}

/// Seconds are left out: nobody reads a diary by them.
const SHORT_TIME: &str = "%Y-%m-%d %H:%M";
const LONG_TIME: &str = "%A, %-d %B %Y, %H:%M";
