//! What was asked for? The command line and its `ENTWINE_*` variables, parsed once.

mod content;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::Resettable;
use clap::{Args, Command, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use entwine_core::document::Choice;
use entwine_core::keyholder::invitation::InvitationKind;
use entwine_sdk::{ListeningWish, Month, ParseMonthError};

use crate::commands::practices::PracticeCommand;
pub(crate) use content::ContentCommand;

/// Variables of the other program, `entwine-relay`, which may be set in the same shell. They mean nothing here.
const RELAY_VARIABLES: &[&str] = &[
    "ENTWINE_DATA",
    "ENTWINE_LISTEN",
    "ENTWINE_REGISTRATION",
    "ENTWINE_REGISTRATION_TOKEN",
    "ENTWINE_PUBLIC_URL",
    "ENTWINE_LOG",
    "ENTWINE_LOG_FORMAT",
    "ENTWINE_WORKERS",
    "ENTWINE_CONNECTIONS_MAX",
    "ENTWINE_REQUESTS_MAX",
    "ENTWINE_REQUESTS_PER_KEYHOLDER_MAX",
    "ENTWINE_LIVE_CONNECTIONS_MAX",
    "ENTWINE_LIVE_HEARTBEAT",
    "ENTWINE_SPACE_BYTES_MAX",
    "ENTWINE_HEADER_TIMEOUT",
    "ENTWINE_BODY_TIMEOUT",
    "ENTWINE_BODY_IDLE_TIMEOUT",
    "ENTWINE_ANSWER_IDLE_TIMEOUT",
    "ENTWINE_KEEP_ALIVE",
    "ENTWINE_SHUTDOWN_TIMEOUT",
    "ENTWINE_TEST_CLOCK_OFFSET",
];

/// A phone in a terminal.
///
/// Each phone is a folder. Writing and reading work with no relay in reach; what one partner writes reaches the other
/// through a relay that cannot read it.
#[derive(Debug, Parser)]
#[command(name = "entwine", version, arg_required_else_help = true, after_help = WALK)]
pub(crate) struct CommandLine {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: EntwineCommand,
}

const WALK: &str = "\
First steps:
  export ENTWINE_PROFILE=~/entwine-ada
  entwine init --name Ada
  entwine create --relay https://relay.example.org --token TOKEN
  entwine invite                        show or send the link to your partner
  entwine write --title 'First snow' --text 'We walked to the lake.'
  entwine sync

`entwine demo` plays two phones and a relay by itself. `entwine help COMMAND` explains each.";

const EVERY_COMMAND: &str = "Every command";

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct GlobalArgs {
    /// The phone's folder; everything of it lies in there.
    #[arg(long, global = true, help_heading = EVERY_COMMAND, env = "ENTWINE_PROFILE", value_name = "DIR")]
    pub(crate) profile: Option<PathBuf>,
    /// Print the answer as one JSON value; messages go to stderr.
    #[arg(long, global = true, help_heading = EVERY_COMMAND)]
    pub(crate) json: bool,
    /// Certificate authorities (PEM) to trust beside the usual ones, for a relay of your own.
    #[arg(long, global = true, help_heading = EVERY_COMMAND, env = "ENTWINE_CA_FILE", value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
}

/// What `entwine` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum EntwineCommand {
    /// Make a new phone: its keys, its folder, your name.
    #[command(after_help = "Example:\n  entwine --profile ~/entwine-ada init --name Ada")]
    Init {
        /// Your name, as your partner will read it.
        #[arg(long, env = "ENTWINE_NAME", value_parser = parse_name, allow_hyphen_values = true)]
        name: String,
    },
    /// Found a shared space on a relay, and your private one beside it.
    ///
    /// Repeat the command if it was refused or cut: it goes on with the same spaces.
    #[command(after_help = "Example:\n  entwine create --relay http://127.0.0.1:8080 --token TOKEN")]
    Create {
        /// The relay's address.
        #[arg(long, env = "ENTWINE_RELAY", value_name = "URL")]
        relay: String,
        #[command(flatten)]
        token: TokenArgs,
    },
    /// Make a link that lets your partner in, or your own next device, and show it as a QR code.
    #[command(after_help = "Examples:\n  entwine invite                 for your partner, open for 48 hours\n  \
                            entwine invite --device        for your own next device, open for 10 minutes")]
    Invite {
        /// Make the link for your own next device: it gets everything, your private space too.
        #[arg(long)]
        device: bool,
    },
    /// Accept an invitation: of your partner, or of your own other device.
    #[command(after_help = "Examples:\n  entwine join 'entwine://join#…'\n  \
                            entwine join 'entwine://join#…' --expect device")]
    Join {
        /// The link, whole, in quotes.
        link: String,
        /// Refuse the link unless it is of this kind.
        #[arg(long, value_enum)]
        expect: Option<Kind>,
        /// Bring a copy of all that this phone holds into a space that was founded anew.
        #[arg(long)]
        bring_copy: bool,
    },
    /// List the invitations that are open.
    #[command(after_help = "Example:\n  entwine invitations")]
    Invitations,
    /// End an open invitation.
    #[command(after_help = "Example:\n  entwine revoke ID        `entwine invitations` shows the ids")]
    Revoke {
        /// The invitation.
        id: String,
    },
    /// Show the six words that you and your partner compare once.
    #[command(after_help = "Example:\n  entwine safety-words")]
    SafetyWords,
    /// List your own devices, open invitations and recovery phrases; of your partner's only that they are there.
    #[command(after_help = "Example:\n  entwine devices")]
    Devices,
    /// Remove a device of yours, lost or stolen: it keeps what it has, and gets nothing more. This cannot be undone.
    ///
    /// It also ends a recovery phrase that others may have seen, and the invitations that the device had made.
    #[command(after_help = "Example:\n  entwine remove-device ID        `entwine devices` shows the ids")]
    RemoveDevice {
        /// The device.
        #[arg(value_name = "KEYHOLDER")]
        id: String,
    },
    /// Make a recovery phrase: 24 words on paper, for the day when all your devices are lost. It replaces an older one.
    ///
    /// Whoever has the words can become you, and read everything. Who has neither a device nor the words cannot come back.
    #[command(
        after_help = "Examples:\n  entwine phrase                shows the words once, and asks for three of them\n  \
                            entwine phrase --json         asks nothing, and ends an older phrase at once"
    )]
    Phrase,
    /// Come back by your recovery phrase, on a new phone; it reads the 24 words from standard input.
    #[command(after_help = "Examples:\n  entwine init --name Ada\n  \
                            entwine recover --relay https://relay.example.org\n  \
                            entwine recover --relay https://relay.example.org < words.txt")]
    Recover {
        /// The relay's address.
        #[arg(long, env = "ENTWINE_RELAY", value_name = "URL")]
        relay: String,
    },
    /// Leave the shared space with all your devices, alone and at once. This cannot be undone.
    ///
    /// You go on reading what you have until then, and get nothing more. Nobody has to agree, and your place is not given to
    /// anybody else. Your private space stays.
    #[command(after_help = "Example:\n  entwine leave")]
    Leave,
    /// Found a new shared space with a copy of everything; the last one stays, to be read.
    ///
    /// The way out of what cannot be healed: a phone in a thief's hands, a relay that follows other members, parting. Your
    /// partner and your other devices join with `join LINK --bring-copy`, and every word is there once.
    #[command(
        after_help = "Examples:\n  entwine found-anew\n  entwine found-anew --relay https://other.example.org --token TOKEN"
    )]
    FoundAnew {
        /// Another relay's address [default: the one in use].
        #[arg(long, env = "ENTWINE_RELAY", value_name = "URL")]
        relay: Option<String>,
        #[command(flatten)]
        token: TokenArgs,
    },
    /// Write a journal entry.
    #[command(
        after_help = "Examples:\n  entwine write --title 'First snow' --text 'We walked to the lake.' --tag winter\n  \
                            entwine write --title 'To myself' --text 'Breathe.' --private"
    )]
    Write(WriteArgs),
    /// Change an entry's text, in an editor or as told. Both of you may do so at once: nothing is lost.
    #[command(after_help = "Examples:\n  entwine edit ID                        in $VISUAL or $EDITOR\n  \
                            entwine edit ID --append ' The ice sang.'\n  entwine edit ID --replace lake 'frozen lake'")]
    Edit(EditArgs),
    /// Read an entry.
    #[command(after_help = "Example:\n  entwine read ID        `entwine list` shows the ids")]
    Read {
        /// The entry.
        id: String,
    },
    /// List the entries, newest first, your private ones included.
    #[command(after_help = "Examples:\n  entwine list\n  entwine list --month 2026-11")]
    List {
        /// Only those of one month.
        #[arg(long, value_name = "YYYY-MM", value_parser = parse_month)]
        month: Option<Month>,
    },
    /// Move an entry to the trash. An edit that your partner makes meanwhile brings it back.
    #[command(after_help = "Example:\n  entwine delete ID        `entwine restore ID` takes it out again")]
    Delete {
        /// The entry.
        id: String,
    },
    /// List what was deleted in the last 30 days.
    #[command(after_help = "Example:\n  entwine trash")]
    Trash,
    /// Take an entry out of the trash.
    #[command(after_help = "Example:\n  entwine restore ID        `entwine trash` shows the ids")]
    Restore {
        /// The entry.
        id: String,
    },
    /// Look for words in everything that you two wrote and what you wrote for yourself, on this phone alone.
    #[command(
        after_help = "Example:\n  entwine search lake snow        what has both words, whatever their case and accents"
    )]
    Search {
        /// The words.
        #[arg(required = true)]
        words: Vec<String>,
    },
    #[command(flatten)]
    Practice(PracticeCommand),
    /// Words that Entwine brings along: questions, feelings, rituals to adopt. Needs no phone.
    #[command(arg_required_else_help = true)]
    Content {
        #[command(subcommand)]
        command: ContentCommand,
    },
    /// Exchange with the relay until both sides have everything. Exits 0 only then.
    #[command(
        after_help = "Examples:\n  entwine sync\n  entwine sync --deadline 5s\n  entwine sync --token TOKEN        \
                            where the relay lost the space and asks for a token"
    )]
    Sync {
        /// How long it may take: 30s, 2m, 500ms, or a number of seconds.
        #[arg(long, env = "ENTWINE_DEADLINE", value_name = "TIME", default_value = "30s", value_parser = parse_deadline)]
        deadline: Duration,
        #[command(flatten)]
        token: TokenArgs,
    },
    /// Say whether everything is on the relay, as of the last exchange. Never contacts it.
    #[command(after_help = "Example:\n  entwine status --json")]
    Status,
    /// Stay connected, exchange by yourself, and print what happens: one event a line, until Ctrl-C.
    #[command(after_help = "Examples:\n  entwine watch\n  entwine watch --json        one JSON object a line")]
    Watch,
    /// Watch two phones and a relay play the walk.
    #[command(after_help = "Examples:\n  entwine demo\n  entwine demo --fast")]
    Demo(DemoArgs),
}

/// A registration token, where one is needed.
#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    /// A registration token, from whoever runs the relay. It is never sent, only proved.
    #[arg(long, env = "ENTWINE_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
}

/// What `write` takes.
#[derive(Debug, Args)]
pub(crate) struct WriteArgs {
    /// The entry's title.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) title: String,
    /// The entry's text.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) text: String,
    /// A tag; may be given several times.
    #[arg(long = "tag", value_name = "TAG", allow_hyphen_values = true)]
    pub(crate) tags: Vec<String>,
    /// Keep it to yourself: it stays in your private space.
    #[arg(long)]
    pub(crate) private: bool,
    /// A feeling, of `entwine content feelings` or in your own words; may be given several times.
    #[arg(long = "feeling", value_name = "FEELING", allow_hyphen_values = true)]
    pub(crate) feelings: Vec<String>,
    /// Where in the body it is; may be given several times.
    #[arg(long = "sensation", value_name = "SENSATION", allow_hyphen_values = true)]
    pub(crate) sensations: Vec<String>,
    /// What set it off.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true, allow_hyphen_values = true)]
    pub(crate) set_off: String,
    /// Who was there; may be given several times.
    #[arg(long = "with", value_name = "NAME", allow_hyphen_values = true)]
    pub(crate) people: Vec<String>,
    /// Where it was, in your own words.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true, allow_hyphen_values = true)]
    pub(crate) place: String,
    /// How you want to be heard: just-listen, ask-me or think-with-me. It stands above your words.
    #[arg(long, value_parser = parse_choice::<ListeningWish>)]
    pub(crate) wish: Option<ListeningWish>,
}

/// What `edit` takes.
#[derive(Debug, Args)]
pub(crate) struct EditArgs {
    /// The entry.
    pub(crate) id: String,
    /// Add this at the end of the text.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, conflicts_with = "replace")]
    pub(crate) append: Option<String>,
    /// Put NEW where OLD stands first.
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"], allow_hyphen_values = true)]
    pub(crate) replace: Option<Vec<String>>,
}

/// What `demo` takes.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Leave out the pauses.
    #[arg(long)]
    pub(crate) fast: bool,
    /// A new folder for the two phones and the relay [default: one under the system's temporary folder].
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}

/// Whom an invitation lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Your partner's, which lets a new person in.
    Partner,
    /// Your own next device's.
    Device,
}

impl From<Kind> for InvitationKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Partner => Self::Partner,
            Kind::Device => Self::Device,
        }
    }
}

/// The command line with its variables. A variable that is set to nothing is not set.
///
/// # Errors
/// Wrong usage, a call for help, or an `ENTWINE_*` variable that nobody knows.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    variables: &BTreeMap<OsString, OsString>,
) -> Result<CommandLine, clap::Error> {
    let mut command = without_empty_variables(CommandLine::command(), variables);
    let known = known_variables(&command);
    for name in variables.keys().filter_map(|name| name.to_str()) {
        let foreign =
            name.starts_with("ENTWINE_") && !RELAY_VARIABLES.contains(&name) && !TEST_VARIABLES.contains(&name);
        if foreign
            && !known.iter().any(|known| known == name)
            && variables.get(OsStr::new(name)).is_some_and(|v| !v.is_empty())
        {
            let message = format!("unknown variable {name}: `entwine help COMMAND` names those that there are");
            return Err(command.error(clap::error::ErrorKind::UnknownArgument, message));
        }
    }
    let matches = command.try_get_matches_from_mut(arguments)?;
    CommandLine::from_arg_matches(&matches)
}

/// Switches that only tests need. Release builds lack them, and refuse their variables.
#[cfg(feature = "test-switches")]
const TEST_VARIABLES: &[&str] =
    &["ENTWINE_TEST_RESOLVE", "ENTWINE_TEST_FAULT", "ENTWINE_TEST_FIRST_PAUSE", "ENTWINE_TEST_UNSYNCED"];
#[cfg(not(feature = "test-switches"))]
const TEST_VARIABLES: &[&str] = &[];

fn known_variables(command: &Command) -> Vec<String> {
    let own = command.get_arguments().filter_map(|argument| argument.get_env());
    let mut names: Vec<String> = own.filter_map(OsStr::to_str).map(str::to_owned).collect();
    for subcommand in command.get_subcommands() {
        names.extend(known_variables(subcommand));
    }
    names
}

fn without_empty_variables(command: Command, variables: &BTreeMap<OsString, OsString>) -> Command {
    command
        .mut_args(|argument| match argument.get_env() {
            Some(name) if variables.get(name).is_some_and(|value| value.is_empty()) => argument.env(Resettable::Reset),
            _ => argument,
        })
        .mut_subcommands(|subcommand| without_empty_variables(subcommand, variables))
}

fn parse_name(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() { Err("a name has at least one letter") } else { Ok(text.trim().to_owned()) }
}

/// A word that stands for one of a few things.
pub(crate) fn parse_choice<C: Choice>(word: &str) -> Result<C, String> {
    C::parse(word).map_err(|error| error.to_string())
}

/// A month, such as `2026-11`.
pub(crate) fn parse_month(text: &str) -> Result<Month, String> {
    text.parse().map_err(|error: ParseMonthError| error.to_string())
}

/// A time such as `30s`, `2m`, `500ms` or `1h`; a bare number counts seconds.
fn parse_deadline(text: &str) -> Result<Duration, &'static str> {
    const WRONG: &str = "a time looks like 30s, 2m or 500ms";
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u32 = digits.parse().map_err(|_| WRONG)?;
    let unit = match &text[digits.len()..] {
        "ms" => Duration::from_millis(1),
        "" | "s" => Duration::from_secs(1),
        "m" => Duration::from_secs(60),
        "h" => Duration::from_secs(3600),
        _ => return Err(WRONG),
    };
    let time = unit.checked_mul(number).ok_or(WRONG)?;
    if time.is_zero() || time > DEADLINE_MAX {
        return Err("the time must lie between 1ms and 24h");
    }
    Ok(time)
}

/// Longer than any exchange could take; what is asked beyond it is a typing error.
const DEADLINE_MAX: Duration = Duration::from_secs(24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_with(arguments: &[&str], variables: &[(&str, &str)]) -> Result<CommandLine, clap::Error> {
        let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        parse(["entwine"].iter().chain(arguments).map(OsString::from), &variables)
    }

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn profile_and_json_may_stand_before_and_after_the_command() {
        for arguments in [["--profile", "/a", "--json", "status"], ["status", "--json", "--profile", "/a"]] {
            let global = parse_with(&arguments, &[]).unwrap().global;
            assert_eq!(global.profile, Some(PathBuf::from("/a")));
            assert!(global.json);
        }
    }

    #[test]
    fn wrong_usage_ends_with_2() {
        let wrong: &[&[&str]] = &[
            &[],
            &["write", "--title", "x"],
            &["edit", "x", "--append", "a", "--replace", "b", "c"],
            &["edit", "x", "--replace", "b"],
            &["ritual", "set", "x"],
            &["ritual"],
            &["content"],
            &["content", "questions", "--depth", "4"],
            &["list", "--month", "November"],
            &["sync", "--deadline", "soon"],
            &["join", "x", "--expect", "friend"],
            &["init", "--name", " "],
            &["remove-device"],
            &["recover"],
            &["dance"],
        ];
        for arguments in wrong {
            assert_eq!(parse_with(arguments, &[]).unwrap_err().exit_code(), 2, "{arguments:?}");
        }
    }

    #[test]
    fn texts_may_look_like_flags() {
        let command = parse_with(&["edit", "x", "--replace", "--json", "- milk"], &[]).unwrap();
        assert!(!command.global.json);
        let EntwineCommand::Edit(edit) = command.command else { panic!("expected edit") };
        assert_eq!(edit.replace.unwrap(), ["--json", "- milk"]);
    }

    #[test]
    fn deadlines() {
        assert_eq!(parse_deadline("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse_deadline("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_deadline("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(parse_deadline("7"), Ok(Duration::from_secs(7)));
        for wrong in ["", "s", "-1s", "1.5s", "0s", "30 s", "2d", "4294967295h"] {
            assert!(parse_deadline(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn unknown_variables_are_refused_but_not_those_of_the_other_program() {
        let error = parse_with(&["status"], &[("ENTWINE_PROFIL", "x")]).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("ENTWINE_PROFIL"), "{error}");
        parse_with(&["status"], &[("ENTWINE_REGISTRATION_TOKEN", "x"), ("ENTWINE_DATA", "y"), ("HOME", "/")]).unwrap();
    }

    #[test]
    fn every_command_has_an_example() {
        fn check(command: &Command) {
            let mut subcommands = command.get_subcommands().peekable();
            if subcommands.peek().is_none() {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.contains("entwine "), "{}", command.get_name());
            }
            subcommands.for_each(check);
        }
        check(&CommandLine::command());
    }
}
