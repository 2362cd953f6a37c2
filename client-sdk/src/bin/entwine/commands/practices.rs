//! What can be asked of each practice? One file for each: what its group of commands takes, and what the commands do.
//!
//! A practice is registered by a line for its file and one for its group.

mod are;
mod check_in;
mod chosen;
mod gratitude;
mod journal;
mod note;
mod question;
mod reaching_out;
mod response;
mod ritual;
mod screen_free;
mod sealed_answer;
mod vulnerability;

use clap::Subcommand;
use entwine_sdk::EntityId;

use super::Session;
use crate::arguments::{parse_choice, parse_month};
use crate::failure::Failure;

/// Makes the groups, each with what `--help` says of it, a name, and a file.
macro_rules! groups {
    ($($(#[$about:meta])* $group:ident($file:ident),)+) => {
        /// The practices.
        #[derive(Debug, Subcommand)]
        pub(crate) enum PracticeCommand {
            $($(#[$about])*
            #[command(arg_required_else_help = true)]
            $group {
                #[command(subcommand)]
                command: $file::Command,
            },)+
        }

        /// Runs a command of a practice to its end.
        pub(super) async fn run(session: &Session<'_>, command: PracticeCommand) -> Result<(), Failure> {
            match command {
                $(PracticeCommand::$group { command } => $file::run(session, command).await,)+
            }
        }
    };
}

groups! {
    /// The journal, beside `write`, `edit`, `read`, `list`, `delete`, `trash` and `restore`.
    Journal(journal),
    /// Rituals: what you two do again and again.
    Ritual(ritual),
    /// Gratitude: what you are grateful to each other for, one to three things in an evening.
    Gratitude(gratitude),
    /// Sealed answers: a question that both answer, and neither reads the other's before both have.
    SealedAnswer(sealed_answer),
    /// Responses to an entry or a check-in: I hear you, what I hear is, a question, thanks, that makes sense.
    Response(response),
    /// Check-ins: how you are today, for both of you or for yourself.
    CheckIn(check_in),
    /// Notes: a few warm words for now, for an hour, or for when the other is there again.
    Note(note),
    /// Reaching out: a small sign to the other, and the turning towards it.
    ReachingOut(reaching_out),
    /// Screen-free time, promised by both: reminders are held back meanwhile.
    ScreenFree(screen_free),
    /// Which practices you two use, and which rest.
    Practices(chosen),
    /// Questions to ask each other: drawn one by one or gone through in a session, and answered in the open or under seal.
    Question(question),
    /// Vulnerability steps: five gentle exercises, at the pace of the more reserved of you.
    Vulnerability(vulnerability),
    /// The A.R.E. look: three questions about how close you are, once a week at most, answered under seal.
    Are(are),
}

/// An id that somebody typed. What is no id at all is an id that nothing has.
fn parse_id(what: &'static str, id: &str) -> Result<EntityId, Failure> {
    id.parse().map_err(|_| entwine_sdk::Error::NotFound { what, id: id.to_owned() }.into())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use entwine_sdk::chosen::PRACTICES;

    use super::*;

    #[test]
    fn every_group_is_a_practice_that_can_be_chosen_and_every_practice_has_one() {
        let groups = PracticeCommand::augment_subcommands(clap::Command::new("entwine"));
        let names: BTreeSet<&str> = groups.get_subcommands().map(clap::Command::get_name).collect();
        let known: BTreeSet<&str> = PRACTICES.iter().copied().chain(["practices"]).collect();
        assert_eq!(names, known);
        assert_eq!(PRACTICES.len() + 1, known.len(), "each is named once");
    }
}
