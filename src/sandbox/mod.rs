//! X in small: one model of the platform, [`World`], with two ways to use it.
//!
//! [`http`] answers on a port with X's own paths and shapes: for trying, for developing, for tests of the whole program.
//! [`Direct`] is the [`crate::platform::Platform`] port itself, without a network: for simulations of many thousand faults.
//! Facts about X in this module were true of its public documents in 2026; where the documents say nothing, the comment
//! says so.

mod clock;
pub mod world;
mod shared;
mod shapes;
mod direct;
pub mod http;

pub use clock::Clock;
pub use direct::Direct;
pub use shared::Shared;
pub use world::World;

use crate::base::ids::AccountId;
use crate::base::time::Time;
use world::Settings;

/// The account that sends formal notes in [`story_world`].
pub const EMBASSY: AccountId = AccountId(2244994945);
/// The account that receives them.
pub const MINISTRY: AccountId = AccountId(783214);
/// The account that asks whether there were any.
pub const JOURNALIST: AccountId = AccountId(17874544);

/// A world with `embassy`, `ministry` and `journalist` in it. The first two follow each other; everybody takes messages from
/// everybody.
pub fn story_world(settings: Settings, seed: u64, now: Time) -> World {
    let users = [(EMBASSY.0, "embassy"), (MINISTRY.0, "ministry"), (JOURNALIST.0, "journalist")];
    let mut world = World::new(settings, seed).with_users(now, &users);
    world.set_follows(MINISTRY, EMBASSY, true);
    world.set_follows(EMBASSY, MINISTRY, true);
    world
}
