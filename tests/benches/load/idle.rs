//! What does a connection cost that only waits?

use entwine_tests::World;
use entwine_tests::couple::Couple;

use super::ROOMY;

/// Connections of one phone: as many as a relay lets it have.
const PER_PHONE: usize = 8;

/// What the relay's memory grew by for each of so many live connections, in bytes.
pub(crate) async fn memory_per_connection(world: &World, connections: usize) -> f64 {
    let relay = world.relay_with(ROOMY);
    let mut couples = Vec::new();
    for seed in 0..connections.div_ceil(2 * PER_PHONE) {
        let couple = Couple::new(2_000_000 + seed as u64, 0);
        couple.create(relay.address());
        couples.push(couple);
    }
    let before = relay.memory_bytes();
    let mut lines = Vec::new();
    for couple in &couples {
        for _ in 0..PER_PHONE {
            lines.extend(couple.connect(relay.address()).await);
        }
    }
    (relay.memory_bytes() - before) as f64 / lines.len() as f64
}
