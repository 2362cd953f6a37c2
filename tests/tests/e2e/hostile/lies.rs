//! What may a relay say of what it holds that is not so? Everything that can be said without a key.

use std::collections::BTreeMap;

use entwine_core::feed::clock::{ClockLine, SentClock, SentTip, TipHash};
use entwine_core::feed::{EntryHeader, EntryKind, EntryRefusal, Position, SentEntry};
use entwine_core::id::{Hash, ShortHash, SpaceId};
use entwine_core::membership::MembershipChain;
use entwine_core::wire::live::{Refused, RelayFrame};
use entwine_core::wire::message::{Request, Response};
use entwine_core::wire::to_bytes;
use entwine_tests::database;
use entwine_tests::double::{Asked, Trick};
use entwine_tests::http::Answer;
use rand::rngs::ChaCha20Rng;
use rand::{Rng as _, SeedableRng as _};

use super::{Case, Stage, case};

const BEHIND: &[&str] = &["relay_behind"];
const OFFLINE: &[&str] = &["offline"];

const UNSEEN: &[&str] = &["in_sync"];

/// Changes every answer of the real relay to an exchange.
pub(super) fn changed(mut change: impl FnMut(&Request, &mut Response) + Send + 'static) -> Trick {
    changed_in_space(move |_, request, response| change(request, response))
}

/// The same, told of which space it is. The answer says its clock in full.
pub(super) fn changed_in_space(mut change: impl FnMut(SpaceId, &Request, &mut Response) + Send + 'static) -> Trick {
    Box::new(move |asked: &Asked, relay: &mut dyn FnMut(&[u8]) -> Answer| {
        let answer = relay(&asked.body);
        match (asked.exchange(), answer.response()) {
            (Some((space, request)), Some(mut response)) => {
                response.clock.get_or_insert_with(|| request.clock.clone());
                change(space, &request, &mut response);
                Answer::message(&response)
            }
            _ => answer,
        }
    })
}

/// What an answer says that the relay holds.
pub(super) fn said(response: &mut Response) -> &mut SentClock {
    response.clock.as_mut().expect("an answer that is changed says it in full")
}

/// Changes what every answer says that the relay holds.
fn says(mut change: impl FnMut(&mut SentClock) + Send + 'static) -> Trick {
    changed(move |_, response| change(said(response)))
}

/// Changes every entry of every answer.
fn entries(mut change: impl FnMut(&mut SentEntry) + Send + 'static) -> Trick {
    changed(move |_, response| response.entries.iter_mut().for_each(&mut change))
}

/// Answers every exchange without the real relay.
fn made_up(mut answer: impl FnMut(&Request) -> Response + Send + 'static) -> Trick {
    Box::new(move |asked, relay| match asked.exchange() {
        Some((_, request)) => Answer::message(&answer(&request)),
        None => relay(&asked.body),
    })
}

/// Gives everything of this status, type and body in answer.
fn bytes(content_type: &'static str, body: Vec<u8>) -> Trick {
    Box::new(move |_, _| Answer::of(200, content_type, &body))
}

/// Refuses all entries that a request brings, and lets the relay take them or not.
pub(super) fn refuses(stage: &Stage, refusal: EntryRefusal, takes: bool) -> Trick {
    let chains = stage.chains();
    Box::new(move |asked, relay| {
        let Some((space, mut request)) = asked.exchange() else { return relay(&asked.body) };
        let Some(chain) = chains.get(&space) else { return relay(&asked.body) };
        let sent = hashes(chain, &request);
        if !takes {
            request.entries.clear();
        }
        let answer = relay(&to_bytes(&request));
        let Some(mut response) = answer.response() else { return answer };
        response.refused = sent.into_iter().map(|hash| (hash, refusal)).collect();
        Answer::message(&response)
    })
}

/// The hashes of the entries in a request, as far as they have a place in this chain.
fn hashes(chain: &MembershipChain, request: &Request) -> Vec<Hash> {
    let mut hashes: Vec<Hash> = Vec::new();
    for entry in &request.entries {
        let (feed, at) = (chain.by_number(entry.feed), chain.hash_at(entry.position));
        let previous = if entry.seq == 1 { Some(Hash::ZERO) } else { entry.previous.or(hashes.last().copied()) };
        let (Some(feed), Some(hash), Some(previous)) = (feed, at, previous) else { break };
        let header = EntryHeader {
            space: chain.space(),
            feed: feed.id,
            seq: entry.seq,
            previous,
            position: Position { index: entry.position, hash },
            kind: entry.kind,
            critical: entry.critical,
        };
        hashes.push(header.entry_hash(&entry.sealed));
    }
    hashes
}

fn tip(seq: u64, byte: u8) -> SentTip {
    SentTip { seq, hash: TipHash::Short(ShortHash::from_bytes([byte; 8])) }
}

fn noise(len: usize) -> Vec<u8> {
    let mut random = ChaCha20Rng::seed_from_u64(len as u64);
    let mut bytes = vec![0; len];
    random.fill_bytes(&mut bytes);
    bytes
}

pub(super) fn cases() -> Vec<Case> {
    [withheld(), claimed(), acknowledged(), disordered(), garbage()].into_iter().flatten().collect()
}

fn withheld() -> Vec<Case> {
    vec![
        case("withholds every entry", BEHIND, |_| changed(|_, r| r.entries.clear())),
        case("withholds every entry and says that more follow", BEHIND, |_| {
            changed(|_, r| (r.more, r.entries) = (true, Vec::new()))
        }),
        case("withholds the last entry", BEHIND, |_| {
            changed(|_, r| r.entries.truncate(r.entries.len().saturating_sub(1)))
        }),
        case("withholds every record", BEHIND, |_| changed(|_, r| r.records.clear())).about_records(),
        case("withholds the first record", BEHIND, |_| changed(|_, r| _ = r.records.drain(..r.records.len().min(1))))
            .about_records(),
        case("withholds the last record", BEHIND, |_| {
            changed(|_, r| r.records.truncate(r.records.len().saturating_sub(1)))
        })
        .about_records(),
        case("withholds everything and says that it holds what the phone holds", UNSEEN, |_| {
            made_up(|_| Response::holding(None))
        }),
        case("answers with what it answered first", BEHIND, |_| {
            let mut first = None;
            Box::new(move |asked, relay| {
                let answer = relay(&asked.body);
                if asked.exchange().is_none() {
                    return answer;
                }
                first.get_or_insert(answer).clone()
            })
        }),
        case("answers with what it answered before", BEHIND, |_| {
            let mut before = None;
            Box::new(move |asked, relay| {
                let answer = relay(&asked.body);
                let older = before.replace(answer.clone());
                older.unwrap_or(answer)
            })
        }),
    ]
}

fn claimed() -> Vec<Case> {
    vec![
        case("says that it holds nothing, not even the chain", BEHIND, |_| {
            made_up(|_| Response::holding(SentClock::empty()))
        }),
        case("says that it holds the chain and no entry", BEHIND, |_| {
            says(|clock| (clock.lines, clock.digest) = (Some(Vec::new()), Hash::ZERO))
        }),
        case("says no lines", BEHIND, |_| says(|clock| (clock.lines, clock.digest) = (None, Hash::ZERO))),
        case("says that it was set back to the first record", BEHIND, |stage| {
            let chains = stage.chains();
            changed_in_space(move |space, _, r| {
                if let Some(chain) = chains.get(&space) {
                    let chain_head = chain.records()[0].hash();
                    r.clock = Some(SentClock { chain_len: 1, chain_head, ..SentClock::empty() });
                    (r.records, r.entries) = (Vec::new(), Vec::new());
                }
            })
        }),
        case("says another head", BEHIND, |_| says(|clock| clock.chain_head = Hash::from_bytes([7; 32]))),
        case("says that its chain is endless", BEHIND, |_| {
            changed(|_, r| (said(r).chain_len, r.more) = (u32::MAX, true))
        }),
        case("says another digest", BEHIND, |_| says(|clock| clock.digest = Hash::from_bytes([7; 32]))),
        case("claims the highest tips that there can be, in every feed", BEHIND, |_| {
            says(|clock| {
                let lines = (0..clock.chain_len.min(64)).map(|feed| ClockLine { feed, tips: vec![tip(u64::MAX, 7)] });
                (clock.lines, clock.digest) = (Some(lines.collect()), Hash::ZERO);
            })
        }),
        case("claims 64 branches of every feed", BEHIND, |_| {
            says(|clock| {
                let tips: Vec<SentTip> = (0..64).map(|n| tip(u64::MAX - 64 + u64::from(n), n)).collect();
                let lines = (0..8).map(|feed| ClockLine { feed, tips: tips.clone() });
                (clock.lines, clock.digest) = (Some(lines.collect()), Hash::ZERO);
            })
        }),
        case("claims feeds of nobody", BEHIND, |_| {
            says(|clock| {
                let lines = [500, u32::MAX].map(|feed| ClockLine { feed, tips: vec![tip(1, 7)] });
                clock.lines.get_or_insert_default().extend(lines);
                clock.digest = Hash::ZERO;
            })
        }),
        case("claims something new each time", BEHIND, |_| {
            let mut seq = 1;
            changed(move |_, r| {
                seq += 1;
                let clock = said(r);
                clock.lines = Some(vec![ClockLine { feed: 0, tips: vec![tip(seq, 7)] }]);
                (clock.digest, r.more) = (Hash::ZERO, true);
            })
        }),
        case("says that it lacks everything that the phone names", &["relay_behind", "in_sync"], |_| {
            changed(|request, r| {
                let lines = request.clock.lines.iter().flatten();
                r.unknown = lines.flat_map(|line| line.tips.iter().map(|tip| (line.feed, *tip))).collect();
                r.unknown.extend([(u32::MAX, tip(u64::MAX, 9)), (0, tip(0, 9))]);
            })
        }),
        case("has lost everything, a little otherwise each time", BEHIND, |_| {
            let mut byte = 0;
            made_up(move |request| {
                byte += 1;
                let clock = request.clock.clone();
                let digest = Hash::from_bytes([byte; 32]);
                Response::holding(SentClock { digest, lines: Some(Vec::new()), ..clock })
            })
        }),
    ]
}

fn acknowledged() -> Vec<Case> {
    vec![
        case("takes the space, and does not know it afterwards", BEHIND, |_| {
            Box::new(|asked, _| match asked.exchange() {
                Some(_) => Answer::refusal(404, "not_found"),
                None => Answer::of(201, "application/json", b"{}"),
            })
        }),
        case("refuses what was never sent to it", UNSEEN, |stage| {
            let held = database::rows(&stage.ada.profile().join("profile.db"), "SELECT lower(hex(hash)) FROM entry");
            let held: Vec<Hash> = held.iter().map(|hash| hash.parse().unwrap()).collect();
            changed(move |_, r| r.refused = held.iter().map(|hash| (*hash, EntryRefusal::Malformed)).collect())
        }),
        case("keeps nothing of what it acknowledges", UNSEEN, |_| {
            Box::new(|asked, relay| {
                let Some((_, request)) = asked.exchange() else { return relay(&asked.body) };
                if request.entries.is_empty() {
                    return relay(&asked.body);
                }
                let only = Request { records: Vec::new(), entries: Vec::new(), ..request.clone() };
                let answer = relay(&to_bytes(&only));
                let Some(mut response) = answer.response() else { return answer };
                response.clock = Some(request.clock);
                Answer::message(&response)
            })
        }),
        case("keeps everything and acknowledges nothing", BEHIND, |_| {
            let mut first = None;
            changed_in_space(move |space, _, r| {
                let (known, clock) = first.get_or_insert((space, r.clock.clone()));
                if *known == space {
                    r.clock = clock.clone();
                }
            })
        }),
        case("refuses what it took until later", &["refused", "in_sync"], |stage| {
            refuses(stage, EntryRefusal::Retry, true)
        }),
        case("refuses what it did not take, for want of room", &["relay_behind", "refused"], |stage| {
            refuses(stage, EntryRefusal::Quota, false)
        }),
    ]
}

fn disordered() -> Vec<Case> {
    vec![
        case("gives entries another author", BEHIND, |_| entries(|entry| entry.feed ^= 1)),
        case("gives entries another number", BEHIND, |_| entries(|entry| entry.seq += 1)),
        case("gives entries the highest number", BEHIND, |_| entries(|entry| entry.seq = u64::MAX)),
        case("gives entries another predecessor", BEHIND, |_| {
            entries(|entry| entry.previous = Some(Hash::from_bytes([7; 32])))
        }),
        case("gives entries another epoch", BEHIND, |_| entries(|entry| entry.position = 0)),
        case("gives entries a position that is none", BEHIND, |_| entries(|entry| entry.position = u32::MAX)),
        case("gives entries a kind that nobody needs to know", BEHIND, |_| {
            entries(|entry| (entry.kind, entry.critical) = (EntryKind::from_code(9), false))
        }),
        case("says that nobody needs to know what entries are", BEHIND, |_| entries(|entry| entry.critical = false)),
        case("flips a bit of what is sealed", BEHIND, |_| entries(|entry| entry.sealed[40] ^= 1)),
        case("flips a bit of a signature", BEHIND, |_| entries(|entry| entry.signature[40] ^= 1)),
        case("cuts what is sealed short", BEHIND, |_| entries(|entry| entry.sealed.truncate(8))),
        case("brings the entries of one space in the other", BEHIND, |_| {
            let mut kept: Vec<(SpaceId, SentEntry)> = Vec::new();
            changed_in_space(move |space, request, r| {
                kept.extend(request.entries.iter().chain(&r.entries).map(|entry| (space, entry.clone())));
                let others = kept.iter().filter(|(from, _)| *from != space).map(|(_, entry)| entry.clone());
                r.entries = others.collect();
            })
        }),
        case("swaps what is sealed in two entries", BEHIND, |_| {
            changed(|_, r| {
                if let [first, second, ..] = r.entries.as_mut_slice() {
                    std::mem::swap(&mut first.sealed, &mut second.sealed);
                }
            })
        }),
        case("brings entries twice", UNSEEN, |_| {
            changed(|_, r| r.entries = [r.entries.clone(), r.entries.clone()].concat())
        }),
        case("brings records twice", UNSEEN, |_| {
            changed(|_, r| r.records = [r.records.clone(), r.records.clone()].concat())
        })
        .about_records(),
        case("brings entries in the other order", &["in_sync", "relay_behind"], |_| {
            changed(|_, r| r.entries.reverse())
        }),
        case("brings records in the other order", BEHIND, |_| changed(|_, r| r.records.reverse())).about_records(),
        case("brings the phone's own entries back", &["in_sync", "relay_behind"], |_| {
            changed(|request, r| r.entries.extend(request.entries.iter().cloned()))
        }),
        case("says that more follow, for ever", UNSEEN, |_| changed(|_, r| r.more = true)),
        case("gives the same records for ever", &["in_sync", "relay_behind"], |_| {
            let mut kept = BTreeMap::new();
            changed_in_space(move |space, _, r| {
                let first = kept.entry(space).or_insert_with(|| r.records.clone());
                (r.more, r.records) = (true, first.clone());
            })
        })
        .about_records(),
        case("answers one space as if it were the other", &["relay_behind", "chains_differ"], |_| {
            let mut kept: Vec<(SpaceId, Answer)> = Vec::new();
            Box::new(move |asked, relay| {
                let answer = relay(&asked.body);
                let Some((space, _)) = asked.exchange() else { return answer };
                kept.push((space, answer.clone()));
                kept.iter().find(|(from, _)| *from != space).map_or(answer, |(_, other)| other.clone())
            })
        }),
        case("answers with the phone's own question", OFFLINE, |_| {
            Box::new(|asked, _| Answer::of(200, "application/cbor", &asked.body))
        }),
    ]
}

fn garbage() -> Vec<Case> {
    fn wrong_ids(request: &Request) -> Response {
        let entry = SentEntry {
            feed: 3,
            seq: 1,
            previous: None,
            position: 0,
            kind: EntryKind::CHANGES,
            critical: true,
            sealed: vec![7; 160],
            signature: [7; 64],
        };
        let clock = SentClock { chain_head: Hash::from_bytes([9; 32]), ..request.clock.clone() };
        Response { entries: vec![entry; 50], records: vec![vec![7; 300]; 50], ..Response::holding(clock) }
    }
    vec![
        case("answers nothing", OFFLINE, |_| bytes("application/cbor", Vec::new())),
        case("answers an empty page", OFFLINE, |_| bytes("text/html", b"<html></html>".to_vec())),
        case("answers JSON", OFFLINE, |_| bytes("application/json", b"{}".to_vec())),
        case("answers noise", OFFLINE, |_| bytes("application/cbor", noise(1000))),
        case("answers two megabytes of noise", OFFLINE, |_| bytes("application/cbor", noise(2 << 20))),
        case("answers an array in an array, ever deeper", OFFLINE, |_| bytes("application/cbor", vec![0x81; 900_000])),
        case("answers an array that says it is endless", OFFLINE, |_| {
            bytes("application/cbor", b"\x88\x01\x9b\xff\xff\xff\xff\xff\xff\xff\xff".to_vec())
        }),
        case("answers bytes that say they are endless", OFFLINE, |_| {
            bytes("application/cbor", b"\x88\x01\x84\x01\x5b\x7f\xff\xff\xff\xff\xff\xff\xff".to_vec())
        }),
        case("answers in the right shape with wrong ids", BEHIND, |_| made_up(wrong_ids)),
        case("cuts its answers short", OFFLINE, |_| {
            Box::new(|asked, relay| {
                let mut answer = relay(&asked.body);
                answer.body.truncate(answer.body.len() * 3 / 4);
                answer
            })
        }),
        case("flips a bit in each answer", &["offline", "relay_behind", "in_sync", "refused", "chains_differ"], |_| {
            let mut random = ChaCha20Rng::seed_from_u64(14);
            Box::new(move |asked, relay| {
                let mut answer = relay(&asked.body);
                let at = random.next_u32() as usize % answer.body.len().max(1);
                if let Some(byte) = answer.body.get_mut(at) {
                    *byte ^= 1 << (random.next_u32() % 8);
                }
                answer
            })
        }),
    ]
}

/// What a relay may say on a connection that stays open without being asked.
pub(super) fn frames() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let holding = Response::holding(SentClock::empty());
    let moved = |number: u32| {
        let mut space = [0; 32];
        space[..4].copy_from_slice(&number.to_be_bytes());
        to_bytes(&RelayFrame::Moved(SpaceId::from_bytes(space)))
    };
    let refused = |code: &str| {
        let (code, message) = (code.to_owned(), "so says the double".to_owned());
        vec![to_bytes(&RelayFrame::Refused(Box::new(Refused { id: 7, code, message, response: None })))]
    };
    vec![
        ("hints about a thousand spaces of others", (0..1000).map(moved).collect()),
        ("an answer to no question", vec![to_bytes(&RelayFrame::Answer(77, Box::new(holding)))]),
        ("a refusal of no question", refused("removed")),
        ("nothing", vec![Vec::new()]),
        ("noise", vec![noise(1000)]),
        ("a frame of two megabytes", vec![noise(2 << 20)]),
    ]
}
