//! A world with several users at once, and a way to wait for what happens in it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::{Clock, World};
use crate::base::time::Time;

/// A [`World`] with its clock. Its copies are one world.
#[derive(Clone)]
pub struct Shared {
    world: Arc<Mutex<World>>,
    clock: Clock,
    changed: watch::Sender<u64>,
}

impl Shared {
    /// Shares `world`, whose time `clock` gives.
    pub fn new(world: World, clock: Clock) -> Shared {
        Shared { world: Arc::new(Mutex::new(world)), clock, changed: watch::Sender::new(0) }
    }

    /// The world's clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Does something with the world at the present time, and wakes those who wait in [`Shared::until`].
    pub fn with<T>(&self, act: impl FnOnce(&mut World, Time) -> T) -> T {
        // A panic in another test's closure leaves the model as it was at that moment, which is still a model.
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut world, self.clock.now());
        drop(world);
        self.changed.send_modify(|count| *count += 1);
        result
    }

    /// Waits until `holds` is true of the world. It does not sleep: `holds` is checked again after each change.
    pub async fn until(&self, mut holds: impl FnMut(&World) -> bool) {
        let mut changes = self.changed.subscribe();
        loop {
            changes.mark_unchanged();
            let done = holds(&self.world.lock().unwrap_or_else(PoisonError::into_inner));
            // The sender is part of `self`, so it cannot be gone while we wait.
            if done || changes.changed().await.is_err() {
                return;
            }
        }
    }
}
