//! Which seeds does a story play? A few by itself; one with `STORY_SEED=7`, and many with `STORY_SEEDS=100..200`.

use std::ops::Range;

use rand::rngs::ChaCha20Rng;
use rand::{Rng as _, SeedableRng as _};

/// The seeds to play, where nobody asks for others. Each is printed before it is played: the last one that stands above a failure
/// is the one that failed.
///
/// # Panics
/// Where the variables hold no numbers.
#[expect(clippy::print_stdout, reason = "whoever reads of a failed story wants to play it again")]
pub fn seeds(few: Range<u64>) -> impl Iterator<Item = u64> {
    let number = |text: &str| text.parse().expect("a seed is a number");
    let seeds = match (std::env::var("STORY_SEED"), std::env::var("STORY_SEEDS")) {
        (Ok(seed), _) => number(&seed)..number(&seed) + 1,
        (_, Ok(range)) => {
            let (from, to) = range.split_once("..").expect("a range of seeds is written as 100..200");
            number(from)..number(to)
        }
        _ => few,
    };
    seeds.inspect(|seed| println!("STORY_SEED={seed}"))
}

/// Everything that a play does by chance comes from here.
#[derive(Debug)]
pub struct Chance(pub ChaCha20Rng);

impl Chance {
    /// What this seed leads to.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(ChaCha20Rng::seed_from_u64(seed))
    }

    /// A number below this one.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0.next_u64() % bound
    }

    /// One of two.
    pub fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    /// Text that does not compress, of about so many characters.
    pub fn noise(&mut self, len: usize) -> String {
        let mut text = String::with_capacity(len + 16);
        while text.len() < len {
            text += &format!("{:016x}", self.0.next_u64());
        }
        text
    }

    /// One of several.
    pub fn one_of<'t, T>(&mut self, choices: &'t [T]) -> &'t T {
        &choices[self.below(choices.len() as u64) as usize]
    }
}
