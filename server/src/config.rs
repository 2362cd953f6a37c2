//! How is the relay set up? Flags, and the same by `ENTWINE_*` variables; nothing needs to be set.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Command, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use entwine_core::registration::RegistrationToken;
use tracing_subscriber::EnvFilter;

use crate::auth::Origin;
use crate::clock::Clock;
use crate::telemetry;

/// Variables of the other program, `entwine`, which may be set in the same shell. They mean nothing here.
const CLIENT_VARIABLES: &[&str] = &[
    "ENTWINE_PROFILE",
    "ENTWINE_RELAY",
    "ENTWINE_TOKEN",
    "ENTWINE_NAME",
    "ENTWINE_DEADLINE",
    "ENTWINE_CA_FILE",
    "ENTWINE_JSON",
    "ENTWINE_TEST_RESOLVE",
    "ENTWINE_TEST_FAULT",
    "ENTWINE_TEST_FIRST_PAUSE",
    "ENTWINE_TEST_CLOCK_OFFSET",
    "ENTWINE_TEST_ENTRY_BYTES_MAX",
    "ENTWINE_TEST_UNSYNCED",
];

/// The command line of `entwine-relay`.
#[derive(Debug, Parser)]
#[command(name = "entwine-relay", version, about, arg_required_else_help = true)]
pub struct CommandLine {
    /// What to do.
    #[command(subcommand)]
    pub command: RelayCommand,
}

/// What `entwine-relay` can do.
#[derive(Debug, Subcommand)]
pub enum RelayCommand {
    /// Run the relay.
    Serve(Box<ServeArgs>),
    /// Print the configuration that `serve` would use, with secrets hidden.
    Config(Box<ServeArgs>),
    /// Make, list and revoke registration tokens: who has one may create a space.
    #[command(arg_required_else_help = true)]
    Tokens {
        /// Which of these.
        #[command(subcommand)]
        command: TokensCommand,
    },
}

/// What can be done with registration tokens.
#[derive(Debug, Subcommand)]
pub enum TokensCommand {
    /// Make a token and print it, this once.
    New(DataArgs),
    /// List the tokens by their ids.
    List(DataArgs),
    /// End a token. Spaces created with it stay.
    Revoke {
        /// The token's id, as `list` shows it.
        id: String,
        /// Where it is kept.
        #[command(flatten)]
        data: DataArgs,
    },
}

/// Where the relay keeps what it keeps.
#[derive(Debug, Args)]
pub struct DataArgs {
    /// Folder of the database; made if missing.
    #[arg(long, env = "ENTWINE_DATA", value_name = "DIR", default_value = "./entwine-data")]
    pub data: PathBuf,
}

/// Flags of `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, env = "ENTWINE_LISTEN", value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Who may create spaces here.
    #[arg(long, env = "ENTWINE_REGISTRATION", value_enum, default_value = "token")]
    registration: Registration,
    /// A fixed registration token, which survives a lost data folder.
    #[arg(long, env = "ENTWINE_REGISTRATION_TOKEN", value_name = "TOKEN", hide_env_values = true, value_parser = parse_token)]
    registration_token: Option<RegistrationToken>,
    /// The address under which devices reach this relay, such as https://relay.example.org; may be given several times, or
    /// with commas. Needed where that is a domain name.
    #[expect(rustdoc::bare_urls, reason = "the text is also what --help shows, where brackets would be noise")]
    #[arg(long, env = "ENTWINE_PUBLIC_URL", value_name = "URL", value_delimiter = ',')]
    public_url: Vec<Origin>,
    /// How log lines on stderr look.
    #[arg(long, env = "ENTWINE_LOG_FORMAT", value_enum, default_value = "text")]
    log_format: LogFormat,
    /// What is logged: off, error, warn, info, debug, trace, or a filter such as entwine_server=debug,warn.
    #[arg(long, env = "ENTWINE_LOG", value_name = "FILTER", default_value = "info,actix_server=warn", value_parser = parse_filter)]
    log: String,
    #[command(flatten)]
    limits: LimitArgs,
    #[cfg(feature = "test-switches")]
    /// Seconds by which the relay's clock is off.
    #[arg(long, env = "ENTWINE_TEST_CLOCK_OFFSET", default_value_t = 0, allow_negative_numbers = true)]
    test_clock_offset: i64,
    /// Print the configuration, with secrets hidden, and do nothing else.
    #[arg(long)]
    print_config: bool,
}

/// Flags of `serve` that bound what others may take.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Threads that answer requests.
    #[arg(long, env = "ENTWINE_WORKERS", value_name = "N", default_value_t = default_workers(), value_parser = clap::value_parser!(u16).range(1..=256))]
    pub workers: u16,
    /// Open connections, of all threads together.
    #[arg(long, env = "ENTWINE_CONNECTIONS_MAX", value_name = "N", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..))]
    pub connections_max: u32,
    /// Requests that are worked on at once; further ones are answered `busy`.
    #[arg(long, env = "ENTWINE_REQUESTS_MAX", value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub requests_max: u32,
    /// The same, for one keyholder.
    #[arg(long, env = "ENTWINE_REQUESTS_PER_KEYHOLDER_MAX", value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..))]
    pub requests_per_keyholder_max: u32,
    /// Connections that stay open to hear what comes; further ones are answered `busy`, and ask now and then instead.
    #[arg(long, env = "ENTWINE_LIVE_CONNECTIONS_MAX", value_name = "N", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub live_connections_max: u32,
    /// Seconds after which such a connection is asked whether it is still there.
    #[arg(long, env = "ENTWINE_LIVE_HEARTBEAT", value_name = "SECONDS", default_value = "20", value_parser = parse_seconds)]
    pub live_heartbeat: Duration,
    /// Bytes that one space may take.
    #[arg(long, env = "ENTWINE_SPACE_BYTES_MAX", value_name = "BYTES", default_value_t = 4 << 30, value_parser = clap::value_parser!(u64).range(1..=i64::MAX.cast_unsigned()))]
    pub space_bytes_max: u64,
    /// Seconds in which a request's headers must arrive.
    #[arg(long, env = "ENTWINE_HEADER_TIMEOUT", value_name = "SECONDS", default_value = "10", value_parser = parse_seconds)]
    pub header_timeout: Duration,
    /// Seconds in which a request's body must arrive.
    #[arg(long, env = "ENTWINE_BODY_TIMEOUT", value_name = "SECONDS", default_value = "60", value_parser = parse_seconds)]
    pub body_timeout: Duration,
    /// Seconds in which the next part of a request's body must arrive.
    #[arg(long, env = "ENTWINE_BODY_IDLE_TIMEOUT", value_name = "SECONDS", default_value = "15", value_parser = parse_seconds)]
    pub body_idle_timeout: Duration,
    /// Seconds in which a client must take the next part of an answer.
    #[arg(long, env = "ENTWINE_ANSWER_IDLE_TIMEOUT", value_name = "SECONDS", default_value = "60", value_parser = parse_seconds)]
    pub answer_idle_timeout: Duration,
    /// Seconds that a connection without a request stays open.
    #[arg(long, env = "ENTWINE_KEEP_ALIVE", value_name = "SECONDS", default_value = "75", value_parser = parse_seconds)]
    pub keep_alive: Duration,
    /// Seconds that accepted requests are given to finish after a signal to stop.
    #[arg(long, env = "ENTWINE_SHUTDOWN_TIMEOUT", value_name = "SECONDS", default_value = "20", value_parser = parse_seconds)]
    pub shutdown_timeout: Duration,
}

/// Who may create spaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Registration {
    /// Whoever proves to know a registration token.
    Token,
    /// Everyone.
    Open,
    /// Nobody.
    Closed,
}

impl Registration {
    /// The word for it, as in flags and in `/v1/info`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Everything that `serve` needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder of the database.
    pub data: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Who may create spaces.
    pub registration: Registration,
    /// The operator's own token.
    pub registration_token: Option<RegistrationToken>,
    /// Under which addresses devices reach this relay; empty where no domain is involved.
    pub public_urls: Vec<Origin>,
    /// How log lines look.
    pub log_format: LogFormat,
    /// What is logged.
    pub log: String,
    /// What others may take.
    pub limits: LimitArgs,
    /// The relay's clock.
    pub clock: Clock,
    /// Whether to print the configuration instead of running.
    pub print_only: bool,
}

impl From<ServeArgs> for Config {
    fn from(args: ServeArgs) -> Self {
        #[cfg(feature = "test-switches")]
        let clock = Clock::off_by(args.test_clock_offset);
        #[cfg(not(feature = "test-switches"))]
        let clock = Clock::system();
        Self {
            data: args.data.data,
            listen: args.listen,
            registration: args.registration,
            registration_token: args.registration_token,
            public_urls: args.public_url,
            log_format: args.log_format,
            log: args.log,
            limits: args.limits,
            clock,
            print_only: args.print_config,
        }
    }
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = if self.registration_token.is_some() { "(hidden)" } else { "" };
        let urls = self.public_urls.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let format = if self.log_format == LogFormat::Json { "json" } else { "text" };
        writeln!(f, "ENTWINE_DATA={}", self.data.display())?;
        writeln!(f, "ENTWINE_LISTEN={}", self.listen)?;
        writeln!(f, "ENTWINE_REGISTRATION={}", self.registration.as_str())?;
        writeln!(f, "ENTWINE_REGISTRATION_TOKEN={token}")?;
        writeln!(f, "ENTWINE_PUBLIC_URL={urls}")?;
        writeln!(f, "ENTWINE_LOG={}", self.log)?;
        writeln!(f, "ENTWINE_LOG_FORMAT={format}")?;
        let limits = &self.limits;
        writeln!(f, "ENTWINE_WORKERS={}", limits.workers)?;
        writeln!(f, "ENTWINE_CONNECTIONS_MAX={}", limits.connections_max)?;
        writeln!(f, "ENTWINE_REQUESTS_MAX={}", limits.requests_max)?;
        writeln!(f, "ENTWINE_REQUESTS_PER_KEYHOLDER_MAX={}", limits.requests_per_keyholder_max)?;
        writeln!(f, "ENTWINE_LIVE_CONNECTIONS_MAX={}", limits.live_connections_max)?;
        writeln!(f, "ENTWINE_LIVE_HEARTBEAT={}", limits.live_heartbeat.as_secs_f64())?;
        writeln!(f, "ENTWINE_SPACE_BYTES_MAX={}", limits.space_bytes_max)?;
        writeln!(f, "ENTWINE_HEADER_TIMEOUT={}", limits.header_timeout.as_secs_f64())?;
        writeln!(f, "ENTWINE_BODY_TIMEOUT={}", limits.body_timeout.as_secs_f64())?;
        writeln!(f, "ENTWINE_BODY_IDLE_TIMEOUT={}", limits.body_idle_timeout.as_secs_f64())?;
        writeln!(f, "ENTWINE_ANSWER_IDLE_TIMEOUT={}", limits.answer_idle_timeout.as_secs_f64())?;
        writeln!(f, "ENTWINE_KEEP_ALIVE={}", limits.keep_alive.as_secs_f64())?;
        writeln!(f, "ENTWINE_SHUTDOWN_TIMEOUT={}", limits.shutdown_timeout.as_secs_f64())
    }
}

/// The command line with its variables, as clap understands it; a variable that is set to nothing is not set, since compose
/// files pass on empty ones.
///
/// # Errors
/// Wrong usage, a call for help, or an `ENTWINE_*` variable that nobody knows.
pub fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    variables: &BTreeMap<OsString, OsString>,
) -> Result<CommandLine, clap::Error> {
    let mut command = without_empty_variables(CommandLine::command(), variables);
    let known = known_variables(&CommandLine::command());
    for name in variables.keys().filter_map(|name| name.to_str()) {
        if name.starts_with("ENTWINE_") && !CLIENT_VARIABLES.contains(&name) && !known.iter().any(|known| known == name)
        {
            let message = format!("unknown variable {name}: `entwine-relay config` prints all that there are\n");
            return Err(command.error(clap::error::ErrorKind::UnknownArgument, message));
        }
    }
    let matches = command.try_get_matches_from_mut(arguments)?;
    CommandLine::from_arg_matches(&matches)
}

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
            Some(name) if variables.get(name).is_some_and(|value| value.is_empty()) => {
                argument.env(None::<&'static str>)
            }
            _ => argument,
        })
        .mut_subcommands(|subcommand| without_empty_variables(subcommand, variables))
}

fn default_workers() -> u16 {
    std::thread::available_parallelism().map_or(2, |cores| u16::try_from(cores.get()).unwrap_or(256).clamp(1, 256))
}

#[expect(clippy::unnecessary_wraps, reason = "clap asks for a Result")]
fn parse_token(text: &str) -> Result<RegistrationToken, std::convert::Infallible> {
    Ok(RegistrationToken::new(text))
}

fn parse_filter(text: &str) -> Result<String, String> {
    let _filter: EnvFilter = telemetry::parse_filter(text).map_err(|error| error.to_string())?;
    Ok(text.to_owned())
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    if (0.001..=86_400.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("seconds must lie between 0.001 and 86400".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_with(arguments: &[&str], variables: &[(&str, &str)]) -> Result<CommandLine, clap::Error> {
        let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        parse(["entwine-relay"].iter().chain(arguments).map(OsString::from), &variables)
    }

    fn config(arguments: &[&str]) -> Config {
        match parse_with(arguments, &[]).unwrap().command {
            RelayCommand::Serve(args) => (*args).into(),
            other => panic!("expected serve, got {other:?}"),
        }
    }

    #[test]
    fn nothing_needs_to_be_set() {
        let config = config(&["serve"]);
        assert_eq!(config.listen, "127.0.0.1:8080".parse().unwrap());
        assert_eq!(config.registration, Registration::Token);
        assert!(config.public_urls.is_empty());
    }

    #[test]
    fn unknown_variables_are_refused_but_not_those_of_the_other_program() {
        let error = parse_with(&["serve"], &[("ENTWINE_LISTN", "x")]).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("ENTWINE_LISTN"), "{error}");
        parse_with(&["serve"], &[("ENTWINE_PROFILE", "x"), ("HOME", "/"), ("ENTWINE_PUBLIC_URL", "")]).unwrap();
    }

    #[test]
    fn the_printed_configuration_hides_secrets() {
        let config = config(&[
            "serve",
            "--registration-token",
            "come in",
            "--public-url",
            "https://a.example,https://b.example",
        ]);
        let printed = format!("{config} {config:?}");
        assert!(!printed.contains("come in"), "{printed}");
        assert!(printed.contains("ENTWINE_PUBLIC_URL=https://a.example,https://b.example\n"), "{printed}");
    }

    #[test]
    fn every_variable_is_printed() {
        let printed = config(&["serve"]).to_string();
        for name in known_variables(&CommandLine::command()) {
            assert!(printed.contains(&format!("{name}=")) || name.starts_with("ENTWINE_TEST_"), "{name}");
        }
    }
}
