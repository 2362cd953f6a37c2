//! What can be asked of rituals.

use clap::{ArgGroup, Args, Subcommand};
use entwine_sdk::{Remind, ScheduleChanges};

/// What can be done with rituals.
#[derive(Debug, Subcommand)]
pub(crate) enum RitualCommand {
    /// Begin a ritual.
    #[command(after_help = "Examples:\n  entwine ritual add --name 'Morning coffee' --every FREQ=DAILY --at 08:00\n  \
                            entwine ritual add --name 'Long walk' --every 'FREQ=WEEKLY;BYDAY=SU'\n  entwine ritual add --name \
                            'Date night' --every 'FREQ=MONTHLY;BYDAY=-1FR' --at 19:30 --remind 60\n  entwine ritual add --name \
                            'Call' --every 'FREQ=WEEKLY;BYDAY=TU' --at 20:00 --zone Europe/Berlin --starts 2026-12-01")]
    Add {
        /// What you call it.
        #[arg(long, allow_hyphen_values = true)]
        name: String,
        /// How often, in the language of RFC 5545: FREQ=DAILY, WEEKLY, MONTHLY or YEARLY, with INTERVAL, COUNT or UNTIL, BYMONTH,
        /// BYMONTHDAY, BYDAY, BYSETPOS and WKST.
        #[arg(long, value_name = "RRULE", allow_hyphen_values = true)]
        every: String,
        /// At which hour [default: on the whole day].
        #[arg(long, value_name = "HH:MM", allow_hyphen_values = true)]
        at: Option<String>,
        #[command(flatten)]
        schedule: ScheduleArgs,
    },
    /// Change a ritual.
    #[command(
        group = ArgGroup::new("change").args(["name", "every", "at", "starts", "zone", "remind"]).multiple(true).required(true),
        after_help = "Examples:\n  entwine ritual set ID --at 09:30\n  entwine ritual set ID --zone floating --remind never"
    )]
    Set {
        /// The ritual.
        id: String,
        /// What you call it now.
        #[arg(long, allow_hyphen_values = true)]
        name: Option<String>,
        /// How often, in the language of RFC 5545.
        #[arg(long, value_name = "RRULE", allow_hyphen_values = true)]
        every: Option<String>,
        /// At which hour.
        #[arg(long, value_name = "HH:MM", allow_hyphen_values = true)]
        at: Option<String>,
        #[command(flatten)]
        schedule: ScheduleArgs,
    },
    /// List your rituals.
    #[command(after_help = "Example:\n  entwine ritual list")]
    List,
    /// Say that you did it today.
    #[command(after_help = "Example:\n  entwine ritual done ID --note 'On the balcony'")]
    Done {
        /// The ritual.
        id: String,
        /// A word about it.
        #[arg(long, allow_hyphen_values = true)]
        note: Option<String>,
    },
    /// Say what is due, in the time zone of this phone.
    #[command(after_help = "Examples:\n  entwine ritual due\n  entwine ritual due --from 2026-12-01 --to 2026-12-31")]
    Due {
        /// The first day [default: today].
        #[arg(long, value_name = "YYYY-MM-DD", allow_hyphen_values = true)]
        from: Option<String>,
        /// The last day [default: six days after the first].
        #[arg(long, value_name = "YYYY-MM-DD", allow_hyphen_values = true)]
        to: Option<String>,
    },
    /// Let a ritual rest for some days: nothing is due on them.
    #[command(
        after_help = "Examples:\n  entwine ritual pause ID --from 2026-12-20 --to 2027-01-06\n  entwine ritual pause ID        \
                            from today on, until `entwine ritual resume ID`"
    )]
    Pause {
        /// The ritual.
        id: String,
        /// The first day [default: today].
        #[arg(long, value_name = "YYYY-MM-DD", allow_hyphen_values = true)]
        from: Option<String>,
        /// The last day [default: until it is resumed].
        #[arg(long, value_name = "YYYY-MM-DD", allow_hyphen_values = true)]
        to: Option<String>,
    },
    /// Take a ritual up again from today on. Pauses that are planned for later stay.
    #[command(
        after_help = "Examples:\n  entwine ritual resume ID\n  entwine ritual resume ID --pause PAUSE        end or take \
                            back this one"
    )]
    Resume {
        /// The ritual.
        id: String,
        /// Only this pause, also where it is planned for later.
        #[arg(long, value_name = "PAUSE")]
        pause: Option<String>,
    },
}

/// When a ritual is due, beside its rule and its hour.
#[derive(Debug, Args)]
pub(crate) struct ScheduleArgs {
    /// The first day, from which the rule counts [default for a new ritual: today].
    #[arg(long, value_name = "YYYY-MM-DD", allow_hyphen_values = true)]
    starts: Option<String>,
    /// Whose hour it is: that of a zone such as Europe/Amsterdam for both of you, or `floating`, the hour of wherever each is
    /// [default for a new ritual: floating].
    #[arg(long, allow_hyphen_values = true)]
    zone: Option<String>,
    /// How many minutes before the hour to remind of it, or `never`.
    #[arg(long, value_name = "MINUTES", value_parser = parse_remind)]
    remind: Option<Remind>,
}

impl From<ScheduleArgs> for ScheduleChanges {
    fn from(ScheduleArgs { starts, zone, remind }: ScheduleArgs) -> Self {
        Self { starts, zone, remind }
    }
}

fn parse_remind(text: &str) -> Result<Remind, String> {
    match text {
        "never" => Ok(Remind::Never),
        text => {
            text.parse().map(Remind::MinutesBefore).map_err(|_| "expected a number of minutes, or never".to_owned())
        }
    }
}
