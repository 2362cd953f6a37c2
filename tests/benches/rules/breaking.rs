//! Which rules that keep data are broken, and how? Each by as little as it takes.

use std::fs;

/// A rule, and how it is broken.
pub(crate) struct Rule {
    /// What holds, and does not any more.
    pub(crate) name: &'static str,
    pub(crate) file: &'static str,
    /// Text of the file, each there once, and what takes its place.
    pub(crate) edits: &'static [(&'static str, &'static str)],
    /// What is run then; the tests come last.
    pub(crate) commands: &'static [&'static [&'static str]],
}

impl Rule {
    /// The text of its file, with the rule broken.
    ///
    /// # Panics
    /// Where the file does not have what is to be replaced, once: then the rule stands elsewhere by now.
    pub(crate) fn broken(&self, sources: &str) -> String {
        let text = fs::read_to_string(format!("{sources}/{}", self.file)).expect("the file is there");
        self.edits.iter().fold(text, |text, (from, to)| {
            assert_eq!(text.matches(from).count(), 1, "{}: {} has this once: {from}", self.name, self.file);
            text.replacen(from, to, 1)
        })
    }
}

/// Everything in core, the simulated couples included.
const CORE: &[&[&str]] = &[&["test", "-p", "entwine-core", "--no-fail-fast"]];
/// The relay's own tests of its store.
const STORE: &[&[&str]] = &[&["test", "-p", "entwine-server", "--lib", "--no-fail-fast"]];
/// Stories whose names hold one of these words, over the programs as they are when the rule is broken.
macro_rules! stories {
    ($($name:literal),+) => {
        &[
            &["build", "--workspace", "--features", $crate::breaking::FEATURES],
            &["test", "--workspace", "--features", $crate::breaking::FEATURES, "--no-fail-fast", "--test", "e2e", "--", $($name),+],
        ]
    };
}
pub(crate) use stories;

/// Stories in which a relay or a phone loses its power.
const POWER: &[&[&str]] = stories!("dying");
pub(crate) const FEATURES: &str =
    "entwine-sdk/cli,entwine-sdk/ffi,entwine-sdk/test-switches,entwine-server/test-switches";

pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "every signature is checked",
        file: "core/src/keyholder.rs",
        edits: &[(
            "key.verify_strict(&signed_message(label, parts), &Signature::from_bytes(signature)).map_err(|_| BadSignature)",
            "drop((key, signed_message(label, parts), signature));\n        Ok(())",
        )],
        commands: CORE,
    },
    Rule {
        name: "an entry has a place only after the one before it: a clock never says more than is there",
        file: "core/src/sync/exchange.rs",
        edits: &[("false => Err(EntryRefusal::Gap),", "false => advance_tips(tips, entry.tip(), entry.previous),")],
        commands: CORE,
    },
    Rule {
        name: "what the relay has is learned before anything is sealed",
        file: "core/src/sync/device.rs",
        edits: &[(
            "(DeviceInput::Start, Stage::Idle) => self.send_proposed(),",
            "(DeviceInput::Start, Stage::Idle) => {\n                \
             self.outputs.push_back(DeviceOutput::Seal(Box::new(self.chain.clone())));\n                \
             self.stage = Stage::Sealing;\n            }",
        )],
        commands: CORE,
    },
    Rule {
        name: "every opening of a document has a fresh actor",
        file: "core/src/document/actor.rs",
        edits: &[("rng.fill_bytes(&mut bytes[8..]);", "let _ = rng;")],
        commands: CORE,
    },
    Rule {
        name: "what is beyond the cut of a removed device leaves its feed",
        file: "core/src/feed/tree.rs",
        edits: &[(
            "self.beyond(&here).into_iter().filter(|entry| entry.seq >= stays_below).collect();",
            "self.beyond(&here).into_iter().filter(|entry| entry.seq > u64::MAX - stays_below).collect();",
        )],
        commands: CORE,
    },
    Rule {
        name: "nothing new comes into a feed that has ended",
        file: "core/src/sync/exchange.rs",
        edits: &[(
            "is_held(&tip) || cut.contains(&tip) || cut.iter().any(|last| last.seq > tip.seq && !is_held(last))",
            "is_held(&tip) || tip.seq < u64::MAX",
        )],
        commands: CORE,
    },
    Rule {
        name: "a removal is turned back where its cut is not what the relay holds",
        file: "core/src/sync/relay.rs",
        edits: &[("let records = if stale {", "let records = if stale && self.room == 1 {")],
        commands: CORE,
    },
    Rule {
        name: "whoever was removed signs no further record",
        file: "core/src/membership/chain.rs",
        edits: &[("let author = self.member(&record.author())", "let author = self.keyholder(&record.author())")],
        commands: CORE,
    },
    Rule {
        name: "after a removal there is another key",
        file: "core/src/membership/chain.rs",
        edits: &[(
            "        self.close_epoch(index);\n        Ok(())\n    }\n\n    /// Who added a keyholder",
            "        Ok(())\n    }\n\n    /// Who added a keyholder",
        )],
        commands: CORE,
    },
    Rule {
        name: "a key that is added has offered itself",
        file: "core/src/membership/chain.rs",
        edits: &[(
            "            .verify_offer(&self.space, &add.person, add.kind, &add.offer)\n            \
             .map_err(|_| ChainError::NotAllowed(\"the added key did not offer itself\"))?;",
            "            .verify_offer(&self.space, &add.person, add.kind, &add.offer)\n            .ok();",
        )],
        commands: CORE,
    },
    Rule {
        name: "nobody removes for another person",
        file: "core/src/membership/chain.rs",
        edits: &[("require(target.person == author.person, \"nobody removes for another person\")?;", "")],
        commands: CORE,
    },
    Rule {
        name: "of two branches that both add or remove, neither gives way",
        file: "core/src/membership/branch.rs",
        edits: &[(
            "(false, false) if !my_acts.come_to_the_same_as(&their_acts)",
            "(false, false) if my_acts.is_unknown",
        )],
        commands: CORE,
    },
    Rule {
        name: "relay and device judge two branches alike",
        file: "core/src/membership/branch.rs",
        edits: &[("_ if my_first < their_first => Standing::Mine,", "_ if my_first != their_first => Standing::Mine,")],
        commands: CORE,
    },
    Rule {
        name: "the trash takes nothing out of a document",
        file: "core/src/document/collection.rs",
        edits: &[(
            "            let trash = automerge.put_object(&object, TRASH, ObjType::Map).map_err(refused)?;\n            \
             automerge.put(&trash, EDITS, edits).map_err(refused)?;\n            \
             automerge.put(&trash, TRASH_AT, now.as_millis()).map_err(refused)",
            "            automerge.delete(&ROOT, document_key::<T>(id)).map_err(refused)",
        )],
        commands: CORE,
    },
    Rule {
        name: "an edit brings back what was put into the trash apart from it",
        file: "core/src/document/collection.rs",
        edits: &[(
            ".filter(|(_, note)| number(automerge, note, EDITS) == Some(edits))",
            ".filter(|(_, note)| number(automerge, note, EDITS).is_some_and(|seen| seen <= edits))",
        )],
        commands: CORE,
    },
    Rule {
        name: "a change over which automerge panics is refused",
        file: "core/src/document/received.rs",
        edits: &[
            (
                "let outcome = catch_unwind(AssertUnwindSafe(|| {",
                "let outcome: Result<Result<_, AutomergeError>, AutomergeError> = Ok((|| {",
            ),
            ("    }));\n    outcome.unwrap_or", "    })());\n    outcome.unwrap_or"),
        ],
        commands: CORE,
    },
    Rule {
        name: "what is sealed is bound to its space, feed and place",
        file: "core/src/sealing/entry.rs",
        edits: &[
            ("rng, &header.to_bytes(), &frame);", "rng, b\"\", &frame);"),
            ("&header.to_bytes(), &entry.sealed)?;", "b\"\", &entry.sealed)?;"),
        ],
        commands: CORE,
    },
    Rule {
        name: "an invitation ends with its hour",
        file: "core/src/sync/relay.rs",
        edits: &[(
            "invitation.expires.is_some_and(|expires| expires < self.now)",
            "invitation.expires.is_some_and(|expires| expires < self.now && self.room == 1)",
        )],
        commands: CORE,
    },
    Rule {
        name: "whoever found a link or a phrase reads no entry by it",
        file: "core/src/sync/relay.rs",
        edits: &[(
            "self.chain.member(&self.caller).is_some_and(|caller| caller.kind == KeyholderKind::Device)\n    }\n\n    \
             fn response",
            "self.chain.member(&self.caller).is_some()\n    }\n\n    fn response",
        )],
        commands: CORE,
    },
    Rule {
        name: "a token opens one route",
        file: "core/src/token.rs",
        edits: &[("if claims.htu != expected.path {", "if claims.htu.is_empty() && !expected.path.is_empty() {")],
        commands: &[&["test", "-p", "entwine-core", "--features", "jwt", "--lib", "--no-fail-fast"]],
    },
    Rule {
        name: "nothing is acknowledged before it is committed",
        file: "server/src/store/sqlite/writer.rs",
        edits: &[(
            "    transaction.commit().await.map_err(Failure::broken)\n}",
            "    transaction.rollback().await.map_err(Failure::broken)\n}",
        )],
        commands: STORE,
    },
    Rule {
        name: "what a commit holds is noted in the order in which it was done",
        file: "server/src/store/sqlite/writer.rs",
        edits: &[("batch.sort_by_key(|job| !job.is_appended());", "batch.sort_by_key(|job| job.is_appended());")],
        commands: STORE,
    },
    Rule {
        name: "a commit of the relay is on the disk when it is acknowledged",
        file: "server/src/store/sqlite.rs",
        edits: &[(".synchronous(synchronous())", ".synchronous(SqliteSynchronous::Off)")],
        commands: POWER,
    },
    Rule {
        name: "what a phone wrote is on the disk when it says so",
        file: "client-sdk/src/storage.rs",
        edits: &[(".synchronous(synchronous())", ".synchronous(SqliteSynchronous::Off)")],
        commands: POWER,
    },
];
