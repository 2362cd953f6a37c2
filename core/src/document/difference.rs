//! What makes one sequence into another, and keeps as much of it as possible?

/// One step from the old sequence to the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step<'a, T> {
    /// The next item of the old one stays.
    Keep,
    /// The next item of the old one goes.
    Remove,
    /// This item of the new one comes in.
    Insert(&'a T),
}

/// The steps that make `old` into `new`, by their longest common subsequence. Takes time and memory in the product of their
/// lengths, so bound these before.
pub(super) fn script<'a, T: PartialEq>(old: &[T], new: &'a [T]) -> Vec<Step<'a, T>> {
    // kept[i][j]: how many items old[i..] and new[j..] can keep.
    let mut kept = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            kept[i][j] = if old[i] == new[j] { kept[i + 1][j + 1] + 1 } else { kept[i + 1][j].max(kept[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut steps) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            steps.push(Step::Keep);
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && kept[i + 1][j] >= kept[i][j + 1]) {
            steps.push(Step::Remove);
            i += 1;
        } else {
            steps.push(Step::Insert(&new[j]));
            j += 1;
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn as_much_as_possible_is_kept() {
        let steps = script(&["grind", "pour", "talk"], &["wake", "grind", "talk"]);
        assert_eq!(steps, [Step::Insert(&"wake"), Step::Keep, Step::Remove, Step::Keep]);
    }

    proptest! {
        #[test]
        fn the_steps_lead_from_old_to_new(
            old in prop::collection::vec(0_u8..4, 0..12),
            new in prop::collection::vec(0_u8..4, 0..12),
        ) {
            let mut rest = old.iter();
            let mut made = Vec::new();
            for step in script(&old, &new) {
                match step {
                    Step::Keep => made.extend(rest.next().copied()),
                    Step::Remove => _ = rest.next(),
                    Step::Insert(item) => made.push(*item),
                }
            }
            prop_assert_eq!(made, new);
            prop_assert_eq!(rest.next(), None);
        }
    }
}
