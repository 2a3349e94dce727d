//! Looks at the stored openings again: each must still be the one that was sealed.
//!
//! | this machine | what is compared | what is not |
//! |---|---|---|
//! | has a key to which the opening is encrypted | it is decrypted and unpacked, which compares every file in it with its hash, and the envelope with the commitment in the log | — |
//! | has none | the encrypted bytes, with what they were when they were first looked at | whether any key opens them, and what was damaged before that |
//!
//! A few are looked at in a tick, so that a round over 100,000 notes takes hours and costs little. An opening that is gone
//! was shredded, or lost: the database cannot say which, and it is told once.

use std::collections::BTreeSet;

use cron::Schedule;
use tracing::{info, warn};

use crate::base::clock::Clock;
use crate::base::hash::Hash;
use crate::base::time::{DAY_MS, Time};
use crate::store::vault::{self, Condition};
use crate::store::{KeptOpening, Store};
use crate::tasks::settings::values::next_of;
use crate::tasks::task::{Backoff, Needs, Next, Task, TaskError, Wake};

/// The pause between two pieces of a round.
const PAUSE_MS: i64 = 1_000;

/// Openings in a piece.
const PIECE: u64 = 16;

/// Most openings that are named when trouble is reported.
const NAMED_MAX: usize = 5;

/// The task that looks at the stored openings.
pub struct Inspector {
    store: Store,
    clock: Clock,
    identities: Vec<age::x25519::Identity>,
    schedule: Option<Schedule>,
    /// When the next round begins. None before the first tick.
    due: Option<Time>,
    round: Option<Round>,
    backoff: Backoff,
}

/// One look at every opening.
#[derive(Default)]
struct Round {
    /// The last note that was looked at.
    last: u64,
    /// How many were decrypted, and how many only compared.
    decrypted: u64,
    compared: u64,
    /// The notes whose openings are not what they were.
    damaged: BTreeSet<u64>,
}

impl Task for Inspector {
    const NAME: &'static str = "inspector";
    const WAKE: Wake = Wake::Time;
    const NEEDS: Needs = Needs::Nothing;

    /// Looks at a few openings. Doing it twice does no harm.
    ///
    /// # Errors
    /// Only those of a store that must be opened anew.
    async fn tick(&mut self) -> anyhow::Result<Next> {
        let step = self.step().await.map_err(TaskError::from);
        self.backoff.conclude(Self::NAME, step, &self.store, self.clock.now()).await
    }
}

impl Inspector {
    /// An inspector that has looked at nothing yet. Without a schedule it never does.
    pub fn new(
        store: Store,
        clock: Clock,
        schedule: Option<Schedule>,
        identities: Vec<age::x25519::Identity>,
    ) -> Inspector {
        Inspector { store, clock, identities, schedule, due: None, round: None, backoff: Backoff::new() }
    }

    async fn step(&mut self) -> anyhow::Result<Next> {
        let now = self.clock.now();
        let Some(schedule) = &self.schedule else { return Ok(Next::Idle(now.plus_ms(DAY_MS))) };
        if let Some(round) = self.round.take() {
            return self.go_on(round, now).await;
        }
        let next = next_of(schedule, now).unwrap_or(now.plus_ms(DAY_MS));
        let due = match self.due {
            Some(due) => due,
            // Nobody knows whether what an earlier process has found is still so.
            None if self.was_troubled().await? => now,
            None => {
                self.store.report(Self::NAME, None, now).await?;
                next
            }
        };
        if now < due {
            self.due = Some(due);
            return Ok(Next::Idle(due));
        }
        self.due = Some(next);
        self.go_on(Round::default(), now).await
    }

    async fn was_troubled(&self) -> anyhow::Result<bool> {
        let reports = self.store.task_reports().await?;
        Ok(reports.iter().any(|one| one.name == Self::NAME && one.trouble.is_some()))
    }

    /// Looks at the next few, and reports at the end of the round.
    async fn go_on(&mut self, mut round: Round, now: Time) -> anyhow::Result<Next> {
        for note in round.last + 1..=round.last + PIECE {
            let Some(kept) = self.store.kept_opening(note).await? else { return self.end(&round, now).await };
            self.look_at(note, kept, &mut round).await?;
            round.last = note;
        }
        self.round = Some(round);
        Ok(Next::Wait(now.plus_ms(PAUSE_MS)))
    }

    async fn look_at(&self, note: u64, kept: KeptOpening, round: &mut Round) -> anyhow::Result<()> {
        let KeptOpening { commitment, sealed, sum } = kept;
        let Some(sealed) = sealed else {
            if sum.is_some() {
                warn!(note, "the opening of a note is gone: it was shredded, or is lost");
                self.store.keep_opening_sum(note, None).await?;
            }
            return Ok(());
        };
        let found = Hash::of(&sealed);
        let identities = self.identities.clone();
        let condition = move || vault::condition(note, &sealed, &identities, commitment);
        // Large attachments do not delay other tasks.
        let condition = tokio::task::spawn_blocking(condition).await?;
        let is_same = sum.is_none_or(|sum| sum == found);
        match condition {
            // What can be opened is right, whatever its bytes were once: a backup may have been encrypted anew.
            Condition::Opens => round.decrypted += 1,
            Condition::Unknown if is_same => round.compared += 1,
            Condition::Unknown => self.is_damaged(note, "its bytes are not what they were", round),
            Condition::Damaged(why) => self.is_damaged(note, &why, round),
        }
        if sum != Some(found) && !round.damaged.contains(&note) {
            // A crash before this leaves bytes that are looked at for the first time once more.
            self.store.keep_opening_sum(note, Some(found)).await?;
        }
        Ok(())
    }

    fn is_damaged(&self, note: u64, why: &str, round: &mut Round) {
        warn!(note, why, "the opening of a note is damaged");
        round.damaged.insert(note);
    }

    async fn end(&self, round: &Round, now: Time) -> anyhow::Result<Next> {
        let Round { decrypted, compared, damaged, .. } = round;
        info!(decrypted, compared, damaged = damaged.len(), "looked at the stored openings");
        self.store.report(Self::NAME, trouble(damaged), now).await?;
        Ok(Next::Idle(self.due.unwrap_or(now.plus_ms(DAY_MS))))
    }
}

/// What the operator has to know.
fn trouble(damaged: &BTreeSet<u64>) -> Option<String> {
    if damaged.is_empty() {
        return None;
    }
    let mut named: Vec<String> = damaged.iter().take(NAMED_MAX).map(u64::to_string).collect();
    named.extend((NAMED_MAX < damaged.len()).then(|| format!("and {} more", damaged.len() - NAMED_MAX)));
    Some(format!(
        "the stored openings of these notes are damaged: {}\n\
         the hashes stay public; what the notes say can be proven only with an opening from a backup, or another copy",
        named.join(", ")
    ))
}
