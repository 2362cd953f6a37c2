//! How much is too much? Every maximum of the protocol, its unit in its name and its reason beside it.

/// One message body in either direction: small enough for the default limits of common proxies (nginx: 1 MB).
pub const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// What one page of records and entries aims at, so that headers and clocks fit beside it into [`MESSAGE_BYTES_MAX`].
pub const PAGE_BYTES: usize = 900_000;
/// The sealed part of one entry; leaves room for one entry of the largest size in every page.
pub const ENTRY_SEALED_BYTES_MAX: usize = 512 * 1024;
/// What opening an entry may yield after decompression; guards against a bomb from a member's broken phone.
pub const ENTRY_PLAIN_BYTES_MAX: usize = 4 * 1024 * 1024;
/// What a sealed entry is padded to at least: short words must not be told from shorter ones.
pub const ENTRY_PADDED_BYTES_MIN: usize = 160;
/// Raw bytes of changes that go into one entry before the next is begun, so that even incompressible ones stay under
/// [`ENTRY_SEALED_BYTES_MAX`] after padding (PADMÉ adds at most 12 %).
pub const ENTRY_CHANGES_BYTES: usize = 256 * 1024;
/// One automerge change: must fit into an entry alone.
pub const CHANGE_BYTES_MAX: usize = 400 * 1024;
/// Changes in one entry: bounds the work of opening it.
pub const ENTRY_CHANGES_MAX: usize = 16_384;
/// Entries in one message: bounds signature checks per request (0.05 ms each).
pub const ENTRIES_PER_MESSAGE_MAX: usize = 4_096;
/// Records in one membership chain. Every invitation costs two to four; ten years of weekly invitations fit.
pub const CHAIN_RECORDS_MAX: usize = 4_096;
/// One membership record: 34 seals of about 110 bytes, and a history box of 70 bytes for each of at most 2,048 epochs.
pub const RECORD_BYTES_MAX: usize = 192 * 1024;
/// Persons that a shared space ever has.
pub const PERSONS_SHARED_MAX: usize = 2;
/// Devices a person may have; a device adds up to this number.
pub const DEVICES_PER_PERSON_MAX: usize = 8;
/// Devices a person may have where a recovery phrase adds one: being back in comes first.
pub const DEVICES_PER_PERSON_RECOVERY_MAX: usize = 12;
/// Recovery phrases a person may have: the one in use, and the one that replaces it.
pub const PHRASES_PER_PERSON_MAX: usize = 2;
/// Open invitations a person may have.
pub const INVITATIONS_PER_PERSON_MAX: usize = 3;
/// Keyholders that a chain ever names: bounds a clock. Every addition takes a record.
pub const KEYHOLDERS_EVER_MAX: usize = CHAIN_RECORDS_MAX;
/// Tips that one feed may have: every restored or copied phone makes one.
pub const TIPS_PER_FEED_MAX: usize = 64;
/// Feeds in one clock: only devices have one.
pub const CLOCK_LINES_MAX: usize = 1_024;
/// Points in one locator: hashes at seq − 1, − 2, − 4, … reach back 2^40 entries.
pub const LOCATOR_POINTS_MAX: usize = 40;
/// Locators in one message: one a feed, and one for the chain.
pub const LOCATORS_PER_MESSAGE_MAX: usize = 64;
/// Bytes of a document's name.
pub const DOCUMENT_NAME_BYTES_MAX: usize = 128;
/// Bytes of a relay's origin, scheme and port included.
pub const ORIGIN_BYTES_MAX: usize = 253 + 16;
/// Sealed bytes of one live message.
pub const LIVE_SEALED_BYTES_MAX: usize = 16 * 1024;
/// One frame of a live connection: a message of the largest size, and what stands around it.
pub const LIVE_FRAME_BYTES_MAX: usize = MESSAGE_BYTES_MAX + 4 * 1024;
/// Spaces of which one live connection hears: a couple's and both private ones, before and after founding anew, and then some.
pub const LIVE_SPACES_MAX: usize = 16;
/// Questions under way on one live connection: one for each space of a couple, and one over. Each may take a megabyte.
pub const LIVE_QUESTIONS_MAX: usize = 4;
/// Seconds within which a live connection says who it is.
pub const LIVE_HELLO_SECONDS: u64 = 5;
/// Bytes of the stable code of a refusal.
pub const REFUSAL_CODE_BYTES_MAX: usize = 64;
/// Bytes of what a refusal tells people.
pub const REFUSAL_MESSAGE_BYTES_MAX: usize = 1_024;
/// Seconds that an invitation for the partner stays open.
pub const INVITATION_PARTNER_SECONDS: u64 = 48 * 3600;
/// Seconds that an invitation for one's own next device stays open.
pub const INVITATION_DEVICE_SECONDS: u64 = 10 * 60;
/// Characters of a bearer token: header and signature take some 200, an origin and a path at most 600.
pub const TOKEN_BYTES_MAX: usize = 2_048;
/// Seconds that a bearer token may live.
pub const TOKEN_SECONDS_MAX: u64 = 120;
/// Seconds by which a token's clock may be off the relay's before the relay answers with its own time.
pub const TOKEN_CLOCK_SKEW_SECONDS: u64 = 60;
/// Bytes of the key of one thing in a document: a ULID, a date, a person and a device take 103.
pub const ENTITY_KEY_BYTES_MAX: usize = 192;
/// Days for which the trash shows what was put there; nothing is removed after them, it is only no longer listed.
pub const TRASH_DAYS: u64 = 30;
/// Bytes of a title: a long sentence in any script.
pub const TITLE_BYTES_MAX: usize = 512;
/// Bytes of a text that both may write in: some twenty thousand words. Even text whose characters alternate between one and
/// two bytes, which automerge stores worst, stays under [`CHANGE_BYTES_MAX`] as one change.
pub const TEXT_BYTES_MAX: usize = 128 * 1024;
/// Characters of a changed passage, old and new together, that are compared by grapheme: the time grows with their square. A
/// longer one is compared by line first.
pub const TEXT_COMPARED_CHARACTERS_MAX: usize = 8_000;
/// Lines of a changed passage, old times new, that are compared: memory and time grow with it (4 bytes each). A passage of
/// more is replaced as a whole.
pub const TEXT_COMPARED_LINES_MAX: usize = 1_000_000;
/// Bytes of one tag: a few words.
pub const TAG_BYTES_MAX: usize = 128;
/// Tags of one thing: more are no longer an order.
pub const TAGS_MAX: usize = 64;
/// A place, in somebody's own words.
pub const PLACE_BYTES_MAX: usize = 512;
/// A reference to a sealed blob: its hash, key and kind, as text.
pub const ATTACHMENT_BYTES_MAX: usize = 512;
/// Photos and voice notes of one entry.
pub const ATTACHMENTS_MAX: usize = 64;
/// Bytes of a person's or a ritual's name: must fit on one line of a phone.
pub const NAME_BYTES_MAX: usize = 128;
/// Steps of a ritual: the longest of the built-in ones has seven.
pub const STEPS_MAX: usize = 64;
/// Bytes of one step of a ritual: a short paragraph.
pub const STEP_BYTES_MAX: usize = 1_024;
/// Minutes of one step of a ritual: a day.
pub const STEP_MINUTES_MAX: u32 = 24 * 60;
/// Bytes of a note beside something: a page.
pub const NOTE_BYTES_MAX: usize = 4 * 1024;
/// As many gratitudes as are written down in one go.
pub const GRATITUDES_AT_ONCE_MAX: usize = 3;
/// Bytes of one answer to a question: an hour's talk, written down. All answers of a round are one change.
pub const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// Questions that are answered at once, under one seal: the A.R.E. look has three.
pub const ROUND_QUESTIONS_MAX: usize = 8;
/// Own questions of a couple, which lie in `home`: three a week for six years.
pub const OWN_QUESTIONS_MAX: usize = 1_024;
/// Questions of a session: fewer are no session, and are drawn one by one.
pub const SESSION_QUESTIONS_MIN: usize = 2;
/// Questions of a session: the famous evening of questions has 36.
pub const SESSION_QUESTIONS_MAX: usize = 48;
/// Commitments of one person in one round that the other's phone takes note of: one of each device.
pub const COMMITMENTS_PER_PERSON_MAX: usize = DEVICES_PER_PERSON_RECOVERY_MAX;
/// Days by which a note may be written before its hour: a year, for a birthday that one must not forget.
pub const NOTE_DAYS_AHEAD_MAX: i32 = 366;
/// Days by which a time without screens may be proposed before it begins: a year, for a holiday.
pub const SCREEN_FREE_DAYS_AHEAD_MAX: u64 = 366;
/// Minutes of one time without screens: a day. Reminders that are held back for longer would be forgotten.
pub const SCREEN_FREE_MINUTES_MAX: u64 = 24 * 60;
/// Bytes of a recurrence rule: every list at its longest, with an interval and an end, takes 590.
pub const RECURRENCE_BYTES_MAX: usize = 640;
/// The longest interval of a recurrence: 999 days or weeks are beyond what anyone calls a habit.
pub const RECURRENCE_INTERVAL_MAX: u16 = 999;
/// The longest count of a recurrence: daily for 27 years. They are counted from the first, however late a window lies.
pub const RECURRENCE_COUNT_MAX: u16 = 9_999;
/// Days of the week in a recurrence: each of the seven, in each of the five places that it may have in a month.
pub const RECURRENCE_DAYS_MAX: usize = 35;
/// Days of the month in a recurrence: as many as the longest month has.
pub const RECURRENCE_MONTH_DAYS_MAX: usize = 31;
/// Positions in a recurrence: as many as a month can have days to choose from.
pub const RECURRENCE_SET_POSITIONS_MAX: usize = 31;
/// The last year in which a ritual comes round: further than anybody plans, and near enough that a daily rule which never
/// comes true (30 February) is given up after some 200,000 days looked at, which take milliseconds.
pub const RECURRENCE_YEAR_MAX: i16 = 2500;
/// The first year in which a ritual may have begun: the wedding of anybody's grandparents.
pub const START_YEAR_MIN: i16 = 1900;
/// Minutes by which a reminder may come before its ritual: a week, for what must be packed or booked.
pub const REMINDER_MINUTES_MAX: u32 = 7 * 24 * 60;
/// Pauses that one ritual may have: one a month for twenty years.
pub const PAUSES_PER_RITUAL_MAX: usize = 256;
/// Days for which one may ask at once what is due: ten years, 3,653 times for a daily ritual.
pub const DUE_DAYS_MAX: i32 = 3_653;
/// Days from today, back or ahead, of which it can be said what became of a ritual: ten years.
pub const OCCURRENCE_DAYS_MAX: i32 = 3_653;
/// Bytes of the name of a time zone: the longest of the IANA database has 32.
pub const ZONE_NAME_BYTES_MAX: usize = 64;
/// Bytes of a relay's registration token, as it is kept to prove it again.
pub const REGISTRATION_TOKEN_BYTES_MAX: usize = 256;
