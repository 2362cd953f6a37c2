//! Are the words worth having? Their number, their shape, that none says what another says, and every locale alike.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::*;
use crate::document::Entity as _;
use crate::practice::ritual::{Recurrence, Ritual, Step};

fn english() -> Content {
    Content::of("en")
}

#[test]
fn there_are_questions_enough_in_every_deck_and_depth() {
    let content = english();
    assert!(content.decks.len() >= 6 && content.questions.len() >= 150, "{}", content.questions.len());
    for deck in &content.decks {
        for depth in DEPTHS {
            let found =
                content.questions.iter().filter(|question| (&question.deck, question.depth) == (&deck.id, depth));
            assert!(found.count() >= 8, "{} {depth}", deck.id);
        }
    }
}

/// Words that say nothing of what a question is about.
const STOP_WORDS: &str = "a about after again all am an and another any anybody are as at be because been before being but \
    by can can't could did do does don't each else ever every everybody for from had has have her him his how i if in into \
    is it its just like may me might mine more most much must my never no nobody not now of off on once one or other our out \
    over own she should so some somebody someone something still than that the their them then there these they thing \
    things this those to too under up us was we were what when where which while who whom whose why will with without would \
    you your yours yourself";

fn content_words(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '\'').map(str::to_lowercase);
    words.filter(|word| !word.is_empty() && !STOP_WORDS.split_whitespace().any(|stop| stop == word)).collect()
}

/// The share is of the smaller set, which is the stricter measure: a short question that a longer one holds in it shows,
/// where the Jaccard index would hide it.
#[test]
fn no_question_is_another_one_in_other_words() {
    let questions = english().questions;
    let words: Vec<BTreeSet<String>> = questions.iter().map(|question| content_words(&question.text)).collect();
    for (index, (question, own)) in questions.iter().zip(&words).enumerate() {
        assert!(own.len() >= 3, "{} has too few words to compare: {own:?}", question.id);
        for (other, others) in questions.iter().zip(&words).skip(index + 1) {
            let (shared, smaller) = (own.intersection(others).count(), own.len().min(others.len()));
            assert!(2 * shared <= smaller, "{:?}\n{:?}", question.text, other.text);
        }
    }
}

#[test]
fn questions_do_not_all_begin_alike() {
    let mut beginnings: BTreeMap<String, usize> = BTreeMap::new();
    for question in english().questions {
        let words: Vec<&str> = question.text.split_whitespace().take(4).collect();
        *beginnings.entry(words.join(" ").to_lowercase()).or_default() += 1;
    }
    beginnings.retain(|_, count| *count > 5);
    assert_eq!(beginnings, BTreeMap::new());
}

#[test]
fn the_wheel_has_three_rings_and_each_word_once() {
    let feelings = english().feelings;
    let below = |parent: Option<&str>| {
        let found = feelings.iter().filter(move |feeling| feeling.parent.as_deref() == parent);
        found.map(|feeling| feeling.id.as_str()).collect::<Vec<_>>()
    };
    let mut leaves = 0;
    assert!(below(None).len() >= 6);
    for inner in below(None) {
        assert!(below(Some(inner)).len() >= 6, "{inner}");
        for middle in below(Some(inner)) {
            let outer = below(Some(middle));
            assert!(outer.len() >= 2, "{middle}");
            assert!(outer.iter().all(|leaf| below(Some(leaf)).is_empty()), "a fourth ring below {middle}");
            leaves += outer.len();
        }
    }
    assert!(leaves >= 72, "{leaves}");
    let words: BTreeSet<&str> = feelings.iter().map(|feeling| feeling.word.as_str()).collect();
    assert_eq!(words.len(), feelings.len());
    assert!(english().sensations.len() >= 24);
}

#[test]
fn every_ritual_that_was_named_is_there() {
    let found: Vec<String> = english().templates.into_iter().map(|template| template.name).collect();
    let named = [
        "Six-minute morning",
        "Coffee together",
        "Goodbye and reunion",
        "Evening gratitude",
        "Bedtime check-in",
        "Ten minutes without screens",
        "Twenty-minute talk",
        "Walk after dinner",
        "Midday message",
        "Weekly state of the union",
        "Device-free dinner",
        "Coffee date",
        "Nature walk",
        "One vulnerable truth",
        "Monthly vision session",
        "Something new",
        "Childhood photos and stories",
        "Date night",
        "Yearly look-back",
    ];
    assert_eq!(found, named);
}

#[test]
fn minutes_add_up_to_what_a_name_says() {
    const NUMBERS: [(&str, u32); 3] = [("six-minute", 6), ("ten minutes", 10), ("twenty-minute", 20)];
    let templates = english().templates;
    for (number, minutes) in NUMBERS {
        let template = templates.iter().find(|template| template.name.to_lowercase().starts_with(number)).unwrap();
        assert_eq!(template.steps.iter().filter_map(|step| step.minutes).sum::<u32>(), minutes, "{}", template.name);
    }
    let named = templates.iter().filter(|template| template.name.to_lowercase().contains("minute"));
    assert_eq!(named.count(), NUMBERS.len());
}

#[test]
fn every_cadence_is_a_rule() {
    for template in english().templates {
        assert_eq!(template.cadence.parse::<Recurrence>().unwrap().to_string(), template.cadence);
    }
}

/// A couple that adopts one gets all of it, within what a ritual takes.
#[test]
fn every_template_becomes_a_ritual() {
    let content = english();
    for template in &content.templates {
        let ritual = Ritual::of_template(template).unwrap();
        ritual.check().unwrap();
        assert_eq!((ritual.name.as_str(), ritual.why.as_str()), (template.name.as_str(), template.why.as_str()));
        assert_eq!((ritual.every.as_str(), ritual.steps.len()), (template.cadence.as_str(), template.steps.len()));
        let turns = ritual.steps.iter().map(Step::turn);
        assert!(turns.eq(template.steps.iter().map(|step| step.turn)), "{}", template.id);
        assert_eq!(ritual.template.as_deref(), Some(template.id.as_str()));
    }
    let refused = content.template("tea-for-two").unwrap_err().to_string();
    assert!(refused.starts_with("\"tea-for-two\" is no ritual template: there are six-minute-morning, "), "{refused}");
}

#[test]
fn there_are_five_steps_and_three_questions_of_the_look() {
    assert_eq!(english().vulnerability_steps.len(), 5);
    let ids: Vec<String> = english().are_questions.into_iter().map(|question| question.id).collect();
    assert_eq!(ids, ["accessible", "responsive", "engaged"]);
}

/// What a couple answered is kept under a question's id: one that goes or changes takes the answers' question away. New
/// ones are added to the list; none of it is ever taken out.
#[test]
fn no_id_is_ever_taken_away() {
    let content = english();
    let mut ids: Vec<&str> = content.questions.iter().map(|question| question.id.as_str()).collect();
    ids.extend(content.feelings.iter().map(|feeling| feeling.id.as_str()));
    ids.extend(content.sensations.iter().map(|sensation| sensation.id.as_str()));
    ids.extend(content.templates.iter().map(|template| template.id.as_str()));
    ids.extend(content.vulnerability_steps.iter().map(|step| step.id.as_str()));
    let known = include_str!("ids.txt");
    for id in known.lines() {
        assert!(ids.contains(&id), "{id} is gone");
    }
    for id in ids {
        assert!(known.lines().any(|line| line == id), "add {id} to ids.txt: from now on it stays");
    }
}

#[test]
fn every_locale_says_all_that_english_says_and_every_folder_is_listed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/content");
    let folders = fs::read_dir(folder).unwrap().map(|item| item.unwrap().path()).filter(|path| path.is_dir());
    let names: BTreeSet<String> = folders.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(names, Content::locales().map(str::to_owned).collect());
    for (locale, pages) in LOCALES {
        let content = Content::of_translation(locale, pages).unwrap_or_else(|error| panic!("{locale}/{error}"));
        assert_eq!(content, Content::of(locale));
    }
}

#[test]
fn a_locale_falls_back_to_a_wider_one_and_then_to_english() {
    let available = [("en", ()), ("de", ()), ("pt-BR", ())];
    for (wanted, found) in [
        ("en", "en"),
        ("de-AT", "de"),
        ("de_AT.UTF-8", "de"),
        ("DE", "de"),
        ("pt-br", "pt-BR"),
        ("pt", "en"),
        ("zh-Hant-TW", "en"),
        ("C", "en"),
        ("", "en"),
        ("--", "en"),
    ] {
        assert_eq!(best(wanted, &available).0, found, "{wanted}");
    }
    assert_eq!(Content::of("de-AT").locale, "en", "until there is one");
}

#[test]
fn a_translation_keeps_the_shape_and_changes_the_words() {
    let questions =
        ENGLISH.1.questions.replace("What made you smile this week", "Worüber hast du diese Woche gelächelt");
    let pages = Pages { questions: &questions, ..ENGLISH.1 };
    let content = Content::of_translation("de", &pages).unwrap();
    assert_eq!(content.locale, "de");
    assert!(content.questions[0].text.starts_with("Worüber"));
    assert_eq!(content.questions[0].id, english().questions[0].id);
}

#[test]
fn what_is_wrong_with_a_translation_is_told_by_page_and_line() {
    for (was, is, told) in [
        ("- kitchen:", "- küche:", "`- kitchen:` should stand here, as on the English page"),
        (
            "- kitchen:",
            "kitchen:",
            "a line begins with `## `, `### `, `- `, `why: ` or `every: `, or with `# ` or `> ` where it is for the reader alone",
        ),
        (
            "- kitchen: Describe the kitchen you grew up with. Who is standing in it?",
            "- kitchen:",
            "`kitchen` wants a colon and words after it",
        ),
    ] {
        let questions = ENGLISH.1.questions.replace(was, is);
        assert_ne!(questions, ENGLISH.1.questions);
        let line = 1 + questions.lines().zip(ENGLISH.1.questions.lines()).position(|(new, old)| new != old).unwrap();
        let error = Content::of_translation("de", &Pages { questions: &questions, ..ENGLISH.1 }).unwrap_err();
        assert_eq!(error.to_string(), format!("questions.md:{line}: {told}"));
    }
    let (shorter, _) = ENGLISH.1.are.trim_end().rsplit_once('\n').unwrap();
    let error = Content::of_translation("de", &Pages { are: shorter, ..ENGLISH.1 }).unwrap_err();
    assert_eq!(error.line, shorter.lines().count() + 1);
    let longer = format!("{}- new: Something else?\n", ENGLISH.1.are);
    let error = Content::of_translation("de", &Pages { are: &longer, ..ENGLISH.1 }).unwrap_err();
    assert_eq!(error.problem, Problem::MoreThanInEnglish);
}

#[test]
fn pages_that_make_no_sense_are_refused() {
    let with_questions = |questions| compose::compose("xx", &Pages { questions, ..ENGLISH.1 }).unwrap_err().to_string();
    let with_templates = |templates| compose::compose("xx", &Pages { templates, ..ENGLISH.1 }).unwrap_err().to_string();
    let with_steps =
        |vulnerability| compose::compose("xx", &Pages { vulnerability, ..ENGLISH.1 }).unwrap_err().to_string();
    let long = format!("## a: A\n### 1\n- b: {}", "x".repeat(1025));
    for (told, part) in [
        (with_questions("## a: A\n### 4\n"), "questions.md:2: a depth is"),
        (with_questions("## a: A\n- b: B?\n"), "questions.md:2: this cannot stand here"),
        (with_questions("## a: A\n### 1\n- b: B?\n- b: C?\n"), "questions.md:4: the id `b` stands twice"),
        (with_questions("## A b: A\n"), "questions.md:1: `A b` is not an id"),
        (with_questions(&long), "questions.md:3: longer than 1024 bytes"),
        (with_templates("## a: A\nevery: FREQ=DAILY\n- both: B\n"), "templates.md:2: this cannot stand here"),
        (with_templates("## a: A\nwhy: B\n- both: B\n"), "templates.md:3: this cannot stand here"),
        (with_templates("## a: A\nwhy: B\nevery: FREQ=DAILY\n"), "templates.md:3: this cannot stand here"),
        (
            with_templates("## a: A\nwhy: B\nevery: FREQ=DAILY\n- 0 min, both: B\n"),
            "templates.md:4: a step begins like",
        ),
        (
            with_templates("## a: A\nwhy: B\nevery: FREQ=DAILY\n- 5 min, third: B\n"),
            "templates.md:4: a step begins like",
        ),
        (with_steps("## a: A\n- listen: B\n- share: C\n"), "vulnerability.md:2: this cannot stand here"),
        (with_steps("## a: A\n- share: B\n"), "vulnerability.md:1: this cannot stand here"),
    ] {
        assert!(told.starts_with(part), "{told}");
    }
}
