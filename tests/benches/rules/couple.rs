//! Which rules of what a couple does together are broken, and how? Most of them keep one of the two safe from the other.

use super::breaking::{Rule, stories};

/// The unit tests of the practices in core.
const PRACTICE: &[&[&str]] = &[&["test", "-p", "entwine-core", "--lib", "--no-fail-fast", "--", "practice::"]];

pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "what is private stays in the private space",
        file: "client-sdk/src/practices/check_in.rs",
        edits: &[(".keep(private, |origin| {", ".keep(private & false, |origin| {")],
        commands: stories!("check_in::"),
    },
    Rule {
        name: "a passage that is shared is that passage",
        file: "client-sdk/src/practices/journal.rs",
        edits: &[("JournalEntry::new(\"\", passage, origin)", "JournalEntry::new(&entry.title, passage, origin)")],
        commands: stories!("journal::"),
    },
    Rule {
        name: "nobody is told whether a note was read",
        file: "client-sdk/src/practices/note.rs",
        edits: &[(
            "        let is_there = shown",
            "        if !shown.is_own {\n            let read = |note: &mut Note| -> Result<(), Error> {\n                \
             note.text.append(\" (read)\");\n                Ok(())\n            };\n            \
             self.client.edit::<Note>(id, read).await?;\n        }\n        let is_there = shown",
        )],
        commands: stories!("note::"),
    },
    Rule {
        name: "a note is neither listed nor found before its hour",
        file: "core/src/practice/note.rs",
        edits: &[("is_ok_and(|hour| hour <= wall)", "is_ok_and(|hour| hour <= wall || hour > wall)")],
        commands: stories!("note::"),
    },
    Rule {
        name: "no event tells of what is not there for its reader yet",
        file: "client-sdk/src/practices/changes.rs",
        edits: &[(
            "(kind.is_seen)(document, &id, reader).then(",
            "((kind.is_seen)(document, &id, reader) || !id.as_str().is_empty()).then(",
        )],
        commands: &[&["test", "-p", "entwine-sdk", "--lib", "--no-fail-fast", "--", "changes::"]],
    },
    Rule {
        name: "no search finds what is not there for its reader yet",
        file: "client-sdk/src/practices/search.rs",
        edits: &[(
            "T::is_open_in(stored, document, reader));",
            "T::is_open_in(stored, document, reader) || !stored.id.as_str().is_empty());",
        )],
        commands: stories!("note::", "sealed_answers::"),
    },
    Rule {
        name: "how somebody wants to be heard stands before the answers",
        file: "client-sdk/src/practices/response.rs",
        edits: &[("Answered::of(found, |entry| *entry.wish)", "Answered::of(found, |_| None)")],
        commands: stories!("response::"),
    },
    Rule {
        name: "only who wrote a check-in changes it",
        file: "client-sdk/src/practices/check_in.rs",
        edits: &[(".edit_own::<CheckIn>(id, |check_in| {", ".edit::<CheckIn>(id, |check_in| {")],
        commands: stories!("check_in::"),
    },
    Rule {
        name: "what has no answer is shown as what has one",
        file: "client-sdk/src/bin/entwine/commands/practices/reaching_out.rs",
        edits: &[(
            "        for answer in &reached.answers {",
            "        if reached.answers.is_empty() {\n            rows.push(vec![\"no answer yet\".to_owned()]);\n        }\n        \
             for answer in &reached.answers {",
        )],
        commands: stories!("reaching_out::"),
    },
    Rule {
        name: "nobody answers their own reaching out",
        file: "core/src/practice/reaching_out.rs",
        edits: &[(
            "if self.origin.person() == Some(*person) { Err(",
            "if self.origin.person() == Some(*person) && self.text.as_str() == \"\\0\" { Err(",
        )],
        commands: PRACTICE,
    },
    Rule {
        name: "who ends a time without screens does so unseen",
        file: "client-sdk/src/practices/screen_free.rs",
        edits: &[(
            "let own = self.client.view(true).await?;\n        let writer",
            "let own = self.client.view(false).await?;\n        let writer",
        )],
        commands: stories!("screen_free::"),
    },
    Rule {
        name: "reminders are held back in a time without screens",
        file: "client-sdk/src/practices/screen_free.rs",
        edits: &[("                due.remind_at = None;", "                due.remind_at = due.remind_at.take();")],
        commands: stories!("screen_free::"),
    },
    Rule {
        name: "nobody is reminded of what was skipped",
        file: "core/src/practice/occurrence.rs",
        edits: &[(
            "Outcome::Together | Outcome::Skipped | Outcome::Moved => true,",
            "Outcome::Together | Outcome::Moved => true,\n        Outcome::Skipped => false,",
        )],
        commands: PRACTICE,
    },
    Rule {
        name: "a practice that one lets rest is at rest for both",
        file: "core/src/practice/chosen.rs",
        edits: &[(
            "        if wanted(Wanted::Rest) {\n            Standing::AtRest",
            "        if wanted(Wanted::Rest) && !wanted(Wanted::Use) {\n            Standing::AtRest",
        )],
        commands: PRACTICE,
    },
    Rule {
        name: "the lower ceiling of depth holds",
        file: "core/src/practice/question.rs",
        edits: &[(".map(|(_, ceiling)| depth(ceiling)).min()", ".map(|(_, ceiling)| depth(ceiling)).max()")],
        commands: PRACTICE,
    },
    Rule {
        name: "the pace of the more reserved one holds",
        file: "core/src/practice/vulnerability.rs",
        edits: &[(".map(|(_, pace)| *pace.pace).max()", ".map(|(_, pace)| *pace.pace).min()")],
        commands: PRACTICE,
    },
    Rule {
        name: "no answer is published before both have answered",
        file: "core/src/practice/sealed/standing.rs",
        edits: &[("self.is_waiting() && !self.theirs.committed.is_empty()", "self.is_waiting()")],
        commands: PRACTICE,
    },
    Rule {
        name: "nobody reads the other's answer before one's own is published",
        file: "core/src/practice/sealed/standing.rs",
        edits: &[(
            "(mine.is_some() || published.on.is_empty()).then_some",
            "(mine.is_some() || published.on.len() < 99).then_some",
        )],
        commands: PRACTICE,
    },
    Rule {
        name: "an answer that was published is held against the commitment",
        file: "core/src/practice/sealed/standing.rs",
        edits: &[(
            "committed.map(|commitment| commitment.hash.get()) == hash.as_ref();",
            "committed.map(|commitment| commitment.hash.get()).is_some();",
        )],
        commands: PRACTICE,
    },
    Rule {
        name: "a commitment is bound to who made it",
        file: "core/src/practice/sealed.rs",
        edits: &[("[person.as_bytes().to_vec(), salt.to_vec()]", "[person.as_bytes()[..0].to_vec(), salt.to_vec()]")],
        commands: PRACTICE,
    },
    Rule {
        name: "a commitment is bound to its question",
        file: "core/src/practice/sealed.rs",
        edits: &[("&[words.as_bytes()]).as_bytes().into()", "&[&words.as_bytes()[..0]]).as_bytes().into()")],
        commands: PRACTICE,
    },
    Rule {
        name: "an hour that the clocks pass twice is the first of the two",
        file: "core/src/practice/moment.rs",
        edits: &[("to_ambiguous_timestamp(wall).compatible()", "to_ambiguous_timestamp(wall).later()")],
        commands: PRACTICE,
    },
];
