//! Does remote things once: the only engine for posts, direct messages and `send`.
//!
//! The platform may lose a request or its answer, and this process may die between any two steps. So each step is
//! durable before the next is taken. [`decide::next`] says what comes next, from what is known and from nothing else:
//!
//! | step | what is durable after it | what a crash right after it leaves |
//! |---|---|---|
//! | attempt | that it is about to be tried, and when | an attempt of unknown outcome, which was not made: it is looked for, and tried again after the time-out |
//! | act | nothing new; the platform may have it | an attempt of unknown outcome: it is looked for, and found if the platform has it |
//! | failed | that this attempt surely had no effect | an effect that may be tried again at once |
//! | accepted | where it is | nothing more to do |
//! | given up | why | nothing more to do |
//!
//! A new process continues with the same function: there is no other kind of recovery.
//!
//! What must hold for every order of these events is checked by a model in the tests, with the same function.

pub mod decide;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use self::decide::{GivenUp, Known, LastAttempt, Look, Rules, Sight, Step};
use crate::base::clock::{Clock, Reading};
use crate::base::time::Time;
use crate::platform::Error as PlatformError;
use crate::store::{Attempts, EffectId};
use crate::tasks::task::{Backoff, Deferred, TaskError};

/// Something to be done once, as the store has it.
pub trait Effect {
    /// Its number in the store.
    fn id(&self) -> EffectId;

    /// The attempts that are durable; None if there was none.
    fn attempts(&self) -> Option<Attempts>;
}

/// The side of the platform, for one kind of effects.
pub trait Remote: Sync {
    /// What is to be done.
    type Effect: Send + Sync;
    /// What the platform calls it.
    type Id: Copy + Send;
    /// What an attempt needs, for example an uploaded file.
    type Ready: Default + Send;

    /// Prepares what an attempt needs. Doing this twice does no harm, and nobody sees it.
    fn prepare(&self, effect: &Self::Effect) -> impl Future<Output = Result<Self::Ready, TaskError>> + Send;

    /// Makes one attempt. Any error but [`NoAnswer`](PlatformError::NoAnswer) and
    /// [`Duplicate`](PlatformError::Duplicate) says that it surely did not happen.
    fn act(
        &self,
        effect: &Self::Effect,
        ready: &Self::Ready,
    ) -> impl Future<Output = Result<Self::Id, PlatformError>> + Send;

    /// Looks for what the attempts may have left. `first` is when the first was written down of which nobody knows; None
    /// if there was none. `asked` is now: the moment of the look, unless it goes on with an earlier one.
    fn look(
        &self,
        effect: &Self::Effect,
        first: Option<Time>,
        asked: Reading,
    ) -> impl Future<Output = Result<Look<Self::Id>, TaskError>> + Send;
}

/// The side of the store: each call is durable when it returns.
pub trait Ledger<R: Remote>: Sync {
    /// An attempt is about to be made.
    fn attempt(&self, effect: &R::Effect, now: Time) -> impl Future<Output = Result<(), TaskError>> + Send;

    /// The last attempt surely had no effect.
    fn failed(&self, effect: &R::Effect, now: Time) -> impl Future<Output = Result<(), TaskError>> + Send;

    /// It is done. Saying so twice changes nothing.
    fn accepted(&self, effect: &R::Effect, id: R::Id, now: Time) -> impl Future<Output = Result<(), TaskError>> + Send;

    /// It is given up, and why.
    fn given_up(&self, effect: &R::Effect, why: &str, now: Time) -> impl Future<Output = Result<(), TaskError>> + Send;
}

/// How far an effect was brought. Everything that must be durable of it is durable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End<Id, Ready> {
    /// It is done.
    Accepted(Id),
    /// The attempt surely had no effect.
    Failed {
        /// Why.
        error: PlatformError,
        /// What was prepared for the attempt.
        ready: Ready,
    },
    /// Nobody knows the outcome of the attempt, and why: it is to be looked for a little later.
    Unknown(PlatformError),
    /// It is not there, and may still appear.
    NotYet,
    /// It was not found yet, and not all places were read: the next look goes on.
    Unfinished,
    /// It could not be looked for.
    Unreadable(PlatformError),
    /// What an attempt needs could not be prepared; no attempt was made.
    NotReady(PlatformError),
    /// It is given up.
    GivenUp(GivenUp),
}

/// How far an effect of this kind was brought.
pub type EndOf<R> = End<<R as Remote>::Id, <R as Remote>::Ready>;

/// One effect with everything that is needed to continue with it.
pub struct Drive<'a, R: Remote, L> {
    /// The platform.
    pub remote: &'a R,
    /// The store.
    pub ledger: &'a L,
    /// What is to be done.
    pub effect: &'a R::Effect,
    /// By which rules.
    pub rules: &'a Rules,
    /// The time.
    pub clock: &'a Clock,
}

impl<R: Remote, L: Ledger<R>> Drive<'_, R, L> {
    /// Brings the effect as far as possible without waiting: at most one attempt, or one look and one attempt.
    ///
    /// # Errors
    /// Those of the ledger, and those of the remote side that are not the platform's. What had become durable stays
    /// durable, and it is safe to begin again.
    pub async fn bring(&self, known: &mut Known<R::Id>) -> Result<EndOf<R>, TaskError> {
        let mut ready = R::Ready::default();
        let mut trouble = None;
        loop {
            match decide::next(known, self.rules) {
                Step::Attempt => match self.attempt(known).await {
                    Ok(made) => ready = made,
                    Err(TaskError::Platform(error)) => return Ok(End::NotReady(error)),
                    Err(stop) => return Err(stop),
                },
                Step::Act => {
                    let (last, error) = self.act(&ready).await;
                    known.last = last;
                    trouble = error;
                    if let (LastAttempt::Unknown | LastAttempt::Duplicate, Some(error)) = (last, &trouble) {
                        // What was done a moment ago is not listed yet.
                        return Ok(End::Unknown(error.clone()));
                    }
                }
                Step::Look => (known.look, trouble) = self.look(known).await?,
                Step::Later => {
                    let look = known.look.take();
                    return Ok(match trouble {
                        Some(error) => End::Unreadable(error),
                        None if look.is_some_and(|look| matches!(look.sight, Sight::Unfinished)) => End::Unfinished,
                        None => End::NotYet,
                    });
                }
                Step::Failed => {
                    self.ledger.failed(self.effect, self.clock.now()).await?;
                    // A crash here leaves an effect that may be tried again; one before it, an attempt to be looked for.
                    let error = trouble.unwrap_or(PlatformError::Unavailable { what: "it failed".to_owned() });
                    return Ok(End::Failed { error, ready });
                }
                Step::Accepted(id) => {
                    self.ledger.accepted(self.effect, id, self.clock.now()).await?;
                    // A crash here leaves nothing to do; one before it, an attempt to be looked for, which is found.
                    return Ok(End::Accepted(id));
                }
                Step::GiveUp(why) => {
                    self.ledger.given_up(self.effect, &why.to_string(), self.clock.now()).await?;
                    // A crash here leaves nothing to do; one before it, an attempt to be looked for, and the same end.
                    return Ok(End::GivenUp(why));
                }
            }
        }
    }

    /// Prepares what an attempt needs, and makes the attempt durable.
    async fn attempt(&self, known: &mut Known<R::Id>) -> Result<R::Ready, TaskError> {
        let ready = self.remote.prepare(self.effect).await?;
        // A crash here leaves files on the platform that nobody sees, and the effect as it was.
        let now = self.clock.read();
        self.ledger.attempt(self.effect, now.wall).await?;
        // A crash here leaves an attempt that was never made: it is looked for until the time-out, then attempted
        // again.
        known.attempted(now);
        Ok(ready)
    }

    /// Makes the attempt that is durable, and returns its result.
    async fn act(&self, ready: &R::Ready) -> (LastAttempt<R::Id>, Option<PlatformError>) {
        let outcome = self.remote.act(self.effect, ready).await;
        // A crash here, or anywhere in the call, leaves an attempt of unknown outcome: it is looked for.
        match outcome {
            Ok(id) => (LastAttempt::Accepted(id), None),
            Err(error @ PlatformError::NoAnswer { .. }) => (LastAttempt::Unknown, Some(error)),
            Err(error @ PlatformError::Duplicate) => (LastAttempt::Duplicate, Some(error)),
            Err(error) => (LastAttempt::Failed, Some(error)),
        }
    }

    /// Looks for the effect. A crash during a look leaves everything as it was.
    async fn look(&self, known: &Known<R::Id>) -> Result<(Option<Look<R::Id>>, Option<PlatformError>), TaskError> {
        // What the answer does not show was not there when the platform was asked; it may be there when the answer
        // comes.
        let asked = self.clock.read();
        let first = known.attempts.map(|attempts| attempts.first);
        let (look, trouble) = match self.remote.look(self.effect, first, asked).await {
            Ok(look) => (look, None),
            Err(TaskError::Platform(error)) => {
                (Look { asked, ahead: Duration::ZERO, sight: Sight::Unreadable }, Some(error))
            }
            Err(stop) => return Err(stop),
        };
        Ok((Some(look), trouble))
    }
}

/// What a task of the daemon remembers of its effects from tick to tick. Losing it does no harm.
pub struct Once {
    rules: Rules,
    clock: Clock,
    /// The growing waits.
    pub backoff: Backoff,
    /// Effects that have to wait.
    pub deferred: Deferred<EffectId>,
    /// What was refused as a duplicate, and has not been found since.
    duplicates: BTreeSet<EffectId>,
    /// What the steady clock said before the last attempt that this process has made at an effect.
    made: BTreeMap<EffectId, Duration>,
    /// The growing waits of effects that have failed, each for itself.
    waits: BTreeMap<EffectId, Backoff>,
}

impl Once {
    /// Nothing is known yet.
    pub fn new(rules: Rules, clock: Clock) -> Once {
        Once {
            rules,
            clock,
            backoff: Backoff::new(),
            deferred: Deferred::default(),
            duplicates: BTreeSet::new(),
            made: BTreeMap::new(),
            waits: BTreeMap::new(),
        }
    }

    /// Continues with an effect that the store has returned.
    ///
    /// # Errors
    /// As [`Drive::bring`].
    pub async fn bring<R: Remote<Effect: Effect>>(
        &mut self,
        remote: &R,
        ledger: &impl Ledger<R>,
        effect: &R::Effect,
    ) -> Result<EndOf<R>, TaskError> {
        let last = if self.is_duplicate(effect.id()) { LastAttempt::Duplicate } else { LastAttempt::Forgotten };
        let made = self.made.get(&effect.id()).copied();
        self.drive(remote, ledger, effect, Known { last, made, ..Known::durable(effect.attempts()) }).await
    }

    /// Makes the first attempt of an effect that this process has just decided upon together with that attempt.
    ///
    /// # Errors
    /// As [`Drive::bring`].
    pub async fn begin<R: Remote<Effect: Effect>>(
        &mut self,
        remote: &R,
        ledger: &impl Ledger<R>,
        effect: &R::Effect,
    ) -> Result<EndOf<R>, TaskError> {
        let made = Some(self.clock.steady());
        let known = Known { last: LastAttempt::NotMade, made, ..Known::durable(effect.attempts()) };
        self.drive(remote, ledger, effect, known).await
    }

    async fn drive<R: Remote<Effect: Effect>>(
        &mut self,
        remote: &R,
        ledger: &impl Ledger<R>,
        effect: &R::Effect,
        mut known: Known<R::Id>,
    ) -> Result<EndOf<R>, TaskError> {
        let drive = Drive { remote, ledger, effect, rules: &self.rules, clock: &self.clock };
        let end = drive.bring(&mut known).await;
        let (id, is_over) = (effect.id(), matches!(end, Ok(End::Accepted(_) | End::GivenUp(_))));
        match known.last {
            LastAttempt::Duplicate if !is_over => _ = self.duplicates.insert(id),
            _ => _ = self.duplicates.remove(&id),
        }
        match known.made {
            Some(made) if !is_over => _ = self.made.insert(id, made),
            _ => _ = self.made.remove(&id),
        }
        if is_over {
            self.forget(id);
        }
        end
    }

    /// Forgets what was remembered of an effect that has ended.
    pub fn forget(&mut self, id: EffectId) {
        self.duplicates.remove(&id);
        self.made.remove(&id);
        self.waits.remove(&id);
    }

    /// Whether the platform has refused it as a duplicate, and it has not been found since.
    pub fn is_duplicate(&self, id: EffectId) -> bool {
        self.duplicates.contains(&id)
    }

    /// When to look again: the end of the next of the growing waits.
    pub fn later(&mut self) -> Time {
        self.backoff.wait(self.clock.now())
    }

    /// When to go on with this effect after this error. Each effect has growing waits of its own.
    pub fn after(&mut self, id: EffectId, error: &PlatformError) -> Time {
        self.waits.entry(id).or_default().after(error, self.clock.now())
    }
}

#[cfg(test)]
mod tests;
