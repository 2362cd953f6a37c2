//! Does it hold what it promises? Plays the walk with a real relay process and two real phones, tells it as it happens, and
//! checks every claim that it makes.
//!
//! Each phone's step is a run of this same program on a profile of its own, so what is shown can be typed by anybody.

mod claims;
mod narrator;
mod processes;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::arguments::DemoArgs;
use crate::failure::Failure;
use crate::output::Output;

use claims::Search;
use narrator::{Narrator, Voice};
use processes::{Phone, RelayProcess};

const TITLE: &str = "First snow";
const TEXT: &str = "We walked to the lake this morning, while the village slept.";
const ADA_ADDS: &str = " I kept thinking of your grandmother's kitchen.";
const NOOR_REPLACES: (&str, &str) = ("the lake", "the frozen lake");
const NOOR_ADDS: &str = " You laughed when the ice sang.";
const PRIVATE_TITLE: &str = "Whistling";
const PRIVATE_TEXT: &str = "In springtime I want to whistle a whole tune.";
const RITUAL: &str = "Evening gratitude";
const HOUR: &str = "21:00";
const ADA_HOUR: &str = "20:30";
const NOOR_HOUR: &str = "21:30";

/// Runs the demo to its end. It is done only if every claim was found true.
pub(crate) async fn run(args: &DemoArgs, output: &Output) -> Result<(), Failure> {
    let narrator = Narrator::new(output, args.fast);
    let program = relay_program()?;
    let folder = make_folder(args.folder.as_deref())?;
    narrator.headline("Entwine: two phones, and a relay that cannot read")?;
    narrator.say(&format!("Everything lies in {}", folder.display()))?;

    let mut stage = Stage::set(&narrator, &program, folder).await?;
    let safety_words = stage.pair().await?;
    let written = stage.write_and_sync().await?;
    stage.write_apart(&written).await?;
    stage.meet_again().await?;
    let found = stage.compare(&written).await?;
    let search = stage.look_into_databases()?;
    stage.relay.stop().await?;
    stage.farewell()?;

    if !output.is_json() {
        return Ok(());
    }
    let summary = json!({
        "folder": stage.folder,
        "safety_words": safety_words,
        "entry": found.entry,
        "ritual": found.ritual,
        "phones_equal": true,
        "every_word_kept": true,
        "files_searched": search.files,
        "bytes_searched": search.bytes,
        "words_searched": search.words,
        "words_found": [],
    });
    output.answer(&summary, |_| String::new())
}

/// The relay beside this program.
fn relay_program() -> Result<PathBuf, Failure> {
    let own = std::env::current_exe()?;
    let path = own.with_file_name(format!("entwine-relay{}", std::env::consts::EXE_SUFFIX));
    if path.is_file() {
        return Ok(path);
    }
    let release = if own.parent().is_some_and(|folder| folder.ends_with("release")) { " --release" } else { "" };
    Err(Failure::NoRelayProgram { path, release })
}

fn make_folder(wanted: Option<&Path>) -> Result<PathBuf, Failure> {
    let mut private = std::fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut private, 0o700);
    match wanted {
        Some(folder) => {
            private.create(folder)?;
            Ok(std::path::absolute(folder)?)
        }
        None => Ok(tempfile::Builder::new().prefix("entwine-demo-").tempdir()?.keep()),
    }
}

/// The ids of what was written together.
struct Written {
    entry: String,
    ritual: String,
}

/// What both phones show in the end.
struct Found {
    entry: Value,
    ritual: Value,
}

/// A relay, two phones, and who tells of them.
struct Stage<'n> {
    narrator: &'n Narrator<'n>,
    folder: PathBuf,
    relay: RelayProcess,
    token: String,
    ada: Phone,
    noor: Phone,
}

impl<'n> Stage<'n> {
    /// Starts the relay and makes the phones.
    async fn set(narrator: &'n Narrator<'n>, program: &Path, folder: PathBuf) -> Result<Self, Failure> {
        narrator.chapter("A relay starts, with no configuration")?;
        narrator.command(Voice::Relay, "entwine-relay serve --data relay --listen 127.0.0.1:0")?;
        let relay = RelayProcess::start(program, &folder, None).await?;
        let token =
            relay.token.clone().ok_or_else(|| Failure::Demo("the relay printed no registration token".to_owned()))?;
        narrator.answer(&format!("listening on {}", relay.url))?;
        let own = std::env::current_exe()?;
        let phone = |voice, name: &str| Phone { voice, program: own.clone(), profile: folder.join(name) };
        let (ada, noor) = (phone(Voice::Ada, "ada"), phone(Voice::Noor, "noor"));
        Ok(Self { narrator, folder, relay, token, ada, noor })
    }

    async fn pair(&self) -> Result<Value, Failure> {
        self.narrator.chapter("Two phones are paired with a link")?;
        self.ada.call(self.narrator, &["init", "--name", "Ada"]).await?;
        self.noor.call(self.narrator, &["init", "--name", "Noor"]).await?;
        self.ada.call(self.narrator, &["create", "--relay", &self.relay.url, "--token", &self.token]).await?;
        let invitation = self.ada.call(self.narrator, &["invite"]).await?;
        let link = text_of(&invitation, "link")?;
        self.narrator.answer(&format!("{}…", link.chars().take(40).collect::<String>()))?;
        self.noor.call(self.narrator, &["join", &link, "--expect", "partner"]).await?;
        self.ada.call(self.narrator, &["sync"]).await?;
        let mut words = Vec::new();
        for phone in [&self.ada, &self.noor] {
            let answer = phone.call(self.narrator, &["safety-words"]).await?;
            self.narrator.answer(&claims::joined(&answer["safety_words"]))?;
            words.push(answer["safety_words"].clone());
        }
        self.narrator.claim(
            words[0] == words[1] && words[0].as_array().is_some_and(|six| six.len() == 6),
            "both phones show the same six words",
        )?;
        Ok(words.swap_remove(0))
    }

    async fn write_and_sync(&self) -> Result<Written, Failure> {
        self.narrator.chapter("Ada writes, and begins a ritual")?;
        let entry = self.ada.call(self.narrator, &["write", "--title", TITLE, "--text", TEXT]).await?;
        self.ada.call(self.narrator, &["write", "--title", PRIVATE_TITLE, "--text", PRIVATE_TEXT, "--private"]).await?;
        let ritual = ["ritual", "add", "--name", RITUAL, "--every", "FREQ=DAILY", "--at", HOUR];
        let ritual = self.ada.call(self.narrator, &ritual).await?;
        let written = Written { entry: text_of(&entry, "id")?, ritual: text_of(&ritual, "id")? };
        self.ada.call(self.narrator, &["sync"]).await?;
        self.noor.call(self.narrator, &["sync"]).await?;
        let read = self.noor.call(self.narrator, &["read", &written.entry]).await?;
        self.narrator.answer(&text_of(&read, "text")?)?;
        self.narrator.claim(read["text"] == TEXT, "Noor reads what Ada wrote")?;
        let listed = self.noor.call(self.narrator, &["list"]).await?;
        let count = listed.as_array().map_or(0, Vec::len);
        self.narrator.claim(count == 1, "Ada's private page is not on Noor's phone")?;
        Ok(written)
    }

    async fn write_apart(&mut self, written: &Written) -> Result<(), Failure> {
        self.narrator.chapter("The relay goes down, and both go on writing in the same places")?;
        self.narrator.command(Voice::Relay, "kill -TERM …")?;
        self.relay.stop().await?;
        self.narrator.answer("finished what it had accepted, and exited with 0")?;
        let (entry, ritual) = (written.entry.as_str(), written.ritual.as_str());
        self.ada.call(self.narrator, &["edit", entry, "--append", ADA_ADDS]).await?;
        self.noor.call(self.narrator, &["edit", entry, "--replace", NOOR_REPLACES.0, NOOR_REPLACES.1]).await?;
        self.noor.call(self.narrator, &["edit", entry, "--append", NOOR_ADDS]).await?;
        self.ada.call(self.narrator, &["ritual", "set", ritual, "--at", ADA_HOUR]).await?;
        self.noor.call(self.narrator, &["ritual", "set", ritual, "--at", NOOR_HOUR]).await?;
        let status = self.noor.call_refused(self.narrator, &["sync", "--deadline", "5s"]).await?;
        self.narrator.answer(&claims::joined(&status["reason"]))?;
        self.narrator.claim(
            status["reason"] == "offline" && status["waiting_up"].as_u64() > Some(0),
            "Noor's phone says that it is offline, and keeps what waits",
        )
    }

    async fn meet_again(&mut self) -> Result<(), Failure> {
        self.narrator.chapter("The relay is back, and they meet again")?;
        let address = self.relay.address().to_owned();
        self.narrator.command(Voice::Relay, &format!("entwine-relay serve --data relay --listen {address}"))?;
        let program = self.relay.program.clone();
        self.relay = RelayProcess::start(&program, &self.folder, Some(&address)).await?;
        self.narrator.answer(&format!("listening on {}", self.relay.url))?;
        for phone in [&self.ada, &self.noor, &self.ada] {
            let status = phone.call(self.narrator, &["sync"]).await?;
            self.narrator.claim(status["in_sync"] == true, &format!("{} is in sync", phone.voice.name()))?;
        }
        Ok(())
    }

    /// Both phones side by side, and whether they are equal and hold every word.
    async fn compare(&self, written: &Written) -> Result<Found, Failure> {
        self.narrator.chapter("Both phones, side by side")?;
        let (mut pages, mut columns) = (Vec::new(), Vec::new());
        for phone in [&self.ada, &self.noor] {
            let entry = phone.ask(&["read", &written.entry]).await?;
            let rituals = phone.ask(&["ritual", "list"]).await?;
            let mut listed = phone.ask(&["list"]).await?;
            if let Some(entries) = listed.as_array_mut() {
                entries.retain(|entry| entry["private"] == false);
            }
            columns.push(claims::page(phone.voice, &entry, &rituals));
            pages.push((entry, rituals, listed));
        }
        self.narrator.side_by_side(&columns[0], &columns[1])?;
        self.narrator.claim(pages[0] == pages[1], "the two are equal, to the last letter")?;
        let (entry, rituals, _) = pages.swap_remove(0);
        let text = text_of(&entry, "text")?;
        let lost = claims::words_lost(&text, &[TEXT, NOOR_REPLACES.1, ADA_ADDS, NOOR_ADDS], &[NOOR_REPLACES.0]);
        self.narrator.claim(lost.is_empty(), &format!("every word of both is there{}", claims::but(&lost)))?;
        let ritual = claims::only(&rituals, &written.ritual)?;
        self.narrator.claim(
            claims::both_hours(&ritual, ADA_HOUR, NOOR_HOUR),
            "one of the two hours stands, and the other stays readable beside it",
        )?;
        Ok(Found { entry, ritual })
    }

    /// Whether a word that somebody wrote can be read in what is stored.
    fn look_into_databases(&self) -> Result<Search, Failure> {
        self.narrator.chapter("What a thief would find in the three databases")?;
        let texts = [TITLE, TEXT, ADA_ADDS, NOOR_ADDS, NOOR_REPLACES.1, PRIVATE_TITLE, PRIVATE_TEXT, RITUAL];
        let mut search = Search::for_words_of(&texts);
        for place in ["relay", "ada", "noor"] {
            let bytes = search.look_into(&self.folder.join(place))?;
            self.narrator.answer(&format!("{place}: {bytes} bytes looked through"))?;
        }
        let claim = format!("not one of {} words is readable anywhere{}", search.words, claims::but(&search.found));
        self.narrator.claim(search.found.is_empty(), &claim)?;
        Ok(search)
    }

    fn farewell(&self) -> Result<(), Failure> {
        let program = self.ada.program.display();
        self.narrator.chapter("It all stays for you to look at")?;
        self.narrator.say(&format!("{program} --profile {} list", self.ada.profile.display()))?;
        self.narrator.say(&format!("{program} --profile {} list", self.noor.profile.display()))?;
        self.narrator.say(&format!("strings {}/*.db* | less", self.folder.join("relay").display()))
    }
}

fn text_of(value: &Value, field: &str) -> Result<String, Failure> {
    let text = value[field].as_str().map(str::to_owned);
    text.ok_or_else(|| Failure::Demo(format!("an answer lacks the field {field:?}")))
}
