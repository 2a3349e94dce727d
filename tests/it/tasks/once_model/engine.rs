//! The model: the real decision between a platform, a ledger, and processes that die.

use std::time::Duration;

use verbale::base::clock::Reading;
use verbale::base::time::Time;
use verbale::store::Attempts;
use verbale::tasks::once::decide::{self, GivenUp, Known, LastAttempt, Look, Retry, Rules, Sight, Step};

use super::explore::Model;
use super::world::{Ages, EFFECTS, Effect, Ended, Hand, Item, Process, World};

/// What decides.
pub type Decide = fn(&Known<u8>, &Rules, Time) -> Step<u8>;

/// What is explored. Times are in ticks.
#[derive(Clone, Copy)]
pub struct Setup {
    pub decide: Decide,
    /// How many effects.
    pub effects: usize,
    /// Whether both effects say the same.
    pub same_words: bool,
    /// Whether nothing is tried that says the same as something of unknown outcome.
    pub one_by_one: bool,
    /// Who tries again.
    pub retry: Retry,
    pub unknown_outcome_timeout: u64,
    /// How much may go wrong: an answer, a request, a look, a process, a copy that the platform forgets, a clock set back.
    pub faults: u8,
    /// How many ticks may pass while a process could do something, or none runs.
    pub slow: u8,
    /// How many times a person gives the command.
    pub commands: u8,
    /// Whether one process at most runs at a time.
    pub locks: bool,
    /// By how many ticks our clock may be set, at the price of a fault; 0 for never.
    pub clock: i8,
    /// Whether a process may die.
    pub crashes: bool,
    /// How many times a person sends again what is given up.
    pub resends: u8,
    /// Whether what is sent again goes on with the attempts that it had.
    pub keeps_attempts: bool,
}

/// In ticks: an attempt is durable and not made yet, the platform may do what nobody waits for any more, a listing may not
/// show it. This is what is assumed of the world: together they are shorter than the time-out.
const HELD: u8 = 1;
const FLYING: u8 = 1;
const LAG: u8 = 1;

/// The time-out that the assumption allows, in ticks.
pub const TIMEOUT: u64 = (HELD + FLYING + LAG + 1) as u64;

/// More attempts of unknown outcome than the faults allow: who makes more goes round in circles.
const UNSURE_MAX: u8 = 8;

/// What happens, to which process or effect.
pub type Event = (&'static str, usize);

impl Setup {
    pub fn new(decide: Decide) -> Setup {
        Setup {
            decide,
            effects: 1,
            same_words: false,
            one_by_one: false,
            retry: Retry::ByItself,
            unknown_outcome_timeout: TIMEOUT,
            faults: 0,
            slow: 0,
            commands: 0,
            locks: true,
            clock: 0,
            crashes: true,
            resends: 0,
            keeps_attempts: true,
        }
    }

    fn rules(&self) -> Rules {
        Rules {
            unknown_outcome_timeout: Duration::from_millis(self.unknown_outcome_timeout),
            duplicate_stays_away: Duration::from_millis(TIMEOUT + 1),
            retry: self.retry,
        }
    }

    fn is_by_person(&self) -> bool {
        self.retry == Retry::ByPerson
    }

    fn decided(&self, process: &Process, hand: &Hand) -> Step<u8> {
        let moment = |age: i8| Time::from_ms(1_000 - i64::from(age));
        let steady = |age: i8| Duration::from_millis(1_000_u64.saturating_add_signed(-i64::from(age)));
        let attempts = hand.attempts.map(|ages| Attempts {
            first: moment(ages.first),
            last: moment(ages.last),
            all_failed: ages.unsure == 0,
        });
        let look = hand.look.map(|(asked, ago, sight)| {
            let asked = Reading { wall: moment(asked), steady: steady(ago) };
            Look { asked, ahead: Duration::ZERO, sight }
        });
        let made = process.made[usize::from(hand.effect)].map(steady);
        (self.decide)(&Known { attempts, made, last: hand.last, look }, &self.rules(), moment(0))
    }
}

/// The function as it is.
pub fn as_it_is(known: &Known<u8>, rules: &Rules, _now: Time) -> Step<u8> {
    decide::next(known, rules)
}

impl Model for Setup {
    type State = World;
    type Event = Event;

    fn first(&self) -> World {
        World {
            effects: [Effect::new(true), Effect::new(1 < self.effects)],
            processes: [Process::default(); 2],
            faults: self.faults,
            slow: self.slow,
            commands: self.commands,
            resends: self.resends,
            wrong: None,
        }
    }

    fn steps(&self, world: &World) -> Vec<(Event, World)> {
        let mut steps = Steps { setup: self, world, steps: Vec::new() };
        steps.platform();
        steps.person();
        if world.effects.iter().any(|effect| effect.ended.is_none()) {
            steps.time();
            (0..world.processes.len()).for_each(|process| steps.process(process));
        }
        steps.steps
    }

    fn wrong(&self, world: &World) -> Option<&'static str> {
        let is_twice = match self.same_words {
            true => self.effects < world.effects.iter().map(Effect::standing).sum(),
            false => world.effects.iter().any(|effect| 1 < effect.standing()),
        };
        if is_twice { Some("it is there twice") } else { world.wrong }
    }

    fn is_done(&self, world: &World) -> bool {
        world.effects.iter().all(|effect| effect.ended.is_some()) || self.is_by_person() && world.commands == 0
    }
}

/// What can happen in one state.
struct Steps<'a> {
    setup: &'a Setup,
    world: &'a World,
    steps: Vec<(Event, World)>,
}

impl Steps<'_> {
    fn add(&mut self, what: &'static str, who: usize, change: impl FnOnce(&mut World)) {
        let mut world = self.world.clone();
        change(&mut world);
        self.steps.push(((what, who), if self.setup.locks { world.sorted() } else { world }));
    }

    /// The same as something that goes wrong, as long as something may.
    fn fault(&mut self, what: &'static str, who: usize, change: impl FnOnce(&mut World)) {
        if 0 < self.world.faults {
            self.add(what, who, |world| {
                world.faults -= 1;
                change(world);
            });
        }
    }

    /// What the platform does by itself.
    fn platform(&mut self) {
        for at in 0..EFFECTS {
            for place in 0..self.world.effects[at].items.len() {
                match self.world.effects[at].items[place] {
                    Item::Hidden(_) => self.add("shown", at, |world| world.effects[at].items[place] = Item::Shown),
                    Item::Shown => self.fault("forgotten", at, |world| world.effects[at].items[place] = Item::Gone),
                    Item::Never | Item::Gone => {}
                }
            }
            for flight in 0..self.world.effects[at].flying.len() {
                if self.world.effects[at].flying[flight].is_none() {
                    continue;
                }
                self.add("never done", at, |world| world.effects[at].flying[flight] = None);
                self.add("done late", at, |world| {
                    world.effects[at].flying[flight] = None;
                    world.effects[at].make();
                });
            }
        }
    }

    /// What a person does about what is given up.
    fn person(&mut self) {
        for at in (0..EFFECTS).filter(|_| 0 < self.world.resends) {
            if self.world.effects[at].ended == Some(Ended::GivenUp) {
                let keeps_attempts = self.setup.keeps_attempts;
                self.add("sent again", at, |world| {
                    world.resends -= 1;
                    world.effects[at].ended = None;
                    world.effects[at].attempts.take_if(|_| !keeps_attempts);
                });
            }
        }
    }

    /// Time passes, as far as what is assumed of the world lets it.
    fn time(&mut self) {
        let is_due = |effect: &Effect| {
            effect.items.iter().any(|item| matches!(item, Item::Hidden(age) if LAG <= *age))
                || effect.flying.iter().flatten().any(|age| FLYING <= *age)
        };
        let is_held =
            |process: &Process| process.hand.is_some_and(|hand| hand.last == LastAttempt::NotMade && HELD <= hand.held);
        if self.world.effects.iter().any(is_due) || self.world.processes.iter().any(is_held) {
            return;
        }
        let is_ready = |process: &Process| match process.hand {
            Some(hand) => !process.deferred[usize::from(hand.effect)],
            None => process.runs && (0..EFFECTS).any(|at| self.is_next(process, at)),
        };
        if !self.world.processes.iter().any(is_ready) && self.world.processes.iter().any(|process| process.runs) {
            self.add("tick", 0, World::tick);
        } else if 0 < self.world.slow {
            self.add("slow tick", 0, |world| {
                world.slow -= 1;
                world.tick();
            });
        }
        let clock = self.setup.clock;
        if clock != 0 {
            self.fault("clock set", 0, |world| world.shift_clock(clock));
        }
    }

    /// Whether a process that has nothing in hand may take this effect. Any order of ranks is gone through. What says the same
    /// as something of unknown outcome is not tried: nobody could tell which of the two a look shows.
    fn is_next(&self, process: &Process, at: usize) -> bool {
        let is_unknown = |at: usize| {
            let Effect { attempts, ended, .. } = &self.world.effects[at];
            ended.is_none() && attempts.is_some_and(|ages| 0 < ages.unsure)
        };
        let waits = self.setup.one_by_one && !is_unknown(at) && (0..EFFECTS).any(is_unknown);
        self.world.effects[at].ended.is_none() && !process.deferred[at] && !waits
    }

    fn process(&mut self, who: usize) {
        let process = self.world.processes[who];
        if !process.runs {
            return self.start(who);
        }
        if self.setup.crashes {
            self.fault("crash", who, |world| world.processes[who] = Process::default());
        }
        match process.hand {
            None => {
                let next: Vec<_> = (0..EFFECTS).filter(|&at| self.is_next(&process, at)).collect();
                next.into_iter().for_each(|at| self.pick(who, at));
            }
            Some(hand) if process.deferred[usize::from(hand.effect)] => {}
            Some(hand) => self.go_on(who, hand),
        }
    }

    fn start(&mut self, who: usize) {
        let is_locked = self.setup.locks && self.world.processes.iter().any(|process| process.runs);
        if is_locked || (self.setup.is_by_person() && self.world.commands == 0) {
            return;
        }
        self.add("start", who, |world| {
            world.commands = world.commands.saturating_sub(1);
            world.processes[who].runs = true;
        });
    }

    /// Takes an effect into the hand: what is durable of it is known, and which duplicates were refused.
    fn pick(&mut self, who: usize, at: usize) {
        let last = match self.world.processes[who].duplicates[at] {
            true => LastAttempt::Duplicate,
            false => LastAttempt::Forgotten,
        };
        let attempts = self.world.effects[at].attempts;
        let hand = Hand { effect: u8::try_from(at).unwrap(), attempts, last, look: None, held: 0, looks: 0 };
        self.add("pick", who, |world| world.processes[who].hand = Some(hand));
    }

    fn go_on(&mut self, who: usize, hand: Hand) {
        let (setup, at) = (self.setup, usize::from(hand.effect));
        match setup.decided(&self.world.processes[who], &hand) {
            Step::Attempt => self.add("attempt is durable", who, |world| {
                let before = world.effects[at].attempts;
                let first = before.map_or(0, |ages| ages.first);
                let unsure = before.map_or(0, |ages| ages.unsure).saturating_add(1).min(UNSURE_MAX);
                world.effects[at].attempts = Some(Ages { first, last: 0, unsure });
                let attempts = world.effects[at].attempts;
                world.processes[who].made[at] = Some(0);
                world.processes[who].hand =
                    Some(Hand { attempts, last: LastAttempt::NotMade, look: None, held: 0, ..hand });
            }),
            Step::Act => self.act(who, hand),
            Step::Look => self.look(who, hand),
            Step::Later => self.later(who, hand),
            Step::Accepted(id) => self.add("accepted is durable", who, |world| {
                let item = world.effects[usize::from(id) / 4].items[usize::from(id) % 4];
                let others = world.effects.iter().any(|effect| effect.ended == Some(Ended::Accepted(id)));
                if item == Item::Never || others {
                    world.wrong = Some("it is taken for done, and is not");
                }
                world.effects[at].ended = Some(Ended::Accepted(id));
                world.processes[who].hand = None;
                world.processes[who].made[at] = None;
            }),
            Step::Failed => {
                let fail = move |world: &mut World| {
                    if let Some(ages) = &mut world.effects[at].attempts {
                        ages.unsure = ages.unsure.saturating_sub(1);
                    }
                    put_down(setup, &mut world.processes[who], at);
                };
                self.add("failed is durable", who, fail);
                // It was refused for good.
                if 0 < self.world.resends {
                    self.add("failed and given up is durable", who, |world| {
                        fail(world);
                        world.effects[at].ended = Some(Ended::GivenUp);
                        world.processes[who].made[at] = None;
                    });
                }
            }
            Step::GiveUp(GivenUp::TooLate) => self.add("given up is durable", who, |world| {
                if !matches!(hand.look, Some((.., Sight::TooLate))) {
                    world.wrong = Some("it is given up though a look can tell");
                }
                world.effects[at].ended = Some(Ended::GivenUp);
                world.processes[who].hand = None;
                world.processes[who].made[at] = None;
            }),
        }
    }

    fn later(&mut self, who: usize, hand: Hand) {
        let (setup, at) = (self.setup, usize::from(hand.effect));
        if !setup.is_by_person() {
            return self.add("later", who, |world| {
                let process = &mut world.processes[who];
                process.duplicates[at] = hand.last == LastAttempt::Duplicate;
                put_down(setup, process, at);
            });
        }
        // A command waits for the last one's attempt as long as it takes, and for its own a while.
        if hand.last != LastAttempt::Forgotten {
            self.add("told", who, |world| world.processes[who] = Process::default());
        }
        if hand.last == LastAttempt::Forgotten || hand.looks < 1 {
            self.add("later", who, |world| {
                world.processes[who].deferred[at] = true;
                world.processes[who].hand = Some(Hand { look: None, looks: (hand.looks + 1).min(1), ..hand });
            });
        }
    }

    /// What the listing shows now; it may show it late, but never what is not there.
    fn look(&mut self, who: usize, hand: Hand) {
        let at = usize::from(hand.effect);
        let ids = self.listed(at);
        let mut see = |what, sight, is_fault: bool| {
            let change =
                |world: &mut World| world.processes[who].hand = Some(Hand { look: Some((0, 0, sight)), ..hand });
            if is_fault { self.fault(what, who, change) } else { self.add(what, who, change) }
        };
        if ids.is_empty() {
            see("looks, absent", Sight::Absent, false);
        }
        ids.into_iter().for_each(|id| see("looks, there", Sight::There(id), false));
        see("looks, unreadable", Sight::Unreadable, true);
        see("looks, unfinished", Sight::Unfinished, true);
        see("looks, too late", Sight::TooLate, true);
    }

    /// What is listed of the effect's words, and not known to be another's.
    fn listed(&self, at: usize) -> Vec<u8> {
        let is_of = |other: &usize| *other == at || self.setup.same_words;
        let ids = (0..EFFECTS).filter(is_of).flat_map(|other| {
            let items = self.world.effects[other].items.iter().enumerate();
            items.filter(|(_, item)| **item == Item::Shown).map(move |(place, _)| other * 4 + place)
        });
        let ids = ids.map(|id| u8::try_from(id).unwrap());
        let is_known = |id: &u8| self.world.effects.iter().any(|effect| effect.ended == Some(Ended::Accepted(*id)));
        ids.filter(|id| !is_known(id)).collect()
    }

    /// What becomes of an attempt: the platform does it, or not, or late; it answers, or not; and the process may die.
    fn act(&mut self, who: usize, hand: Hand) {
        let at = usize::from(hand.effect);
        let know = move |world: &mut World, last| world.processes[who].hand = Some(Hand { last, ..hand });
        let die = move |world: &mut World| world.processes[who] = Process::default();
        // A platform that refuses a second effect of the same words never does it: nothing ends that but a person.
        if 0 < self.world.effects[at].standing() && !self.setup.same_words {
            self.add("refused as a duplicate", who, |world| know(world, LastAttempt::Duplicate));
        }
        self.add("done", who, |world| {
            let Some(place) = world.effects[at].make() else { return };
            know(world, LastAttempt::Accepted(hand.effect * 4 + place));
        });
        self.fault("surely failed", who, |world| know(world, LastAttempt::Failed));
        self.fault("request lost", who, |world| know(world, LastAttempt::Unknown));
        self.fault("refused as a duplicate of what is gone", who, |world| know(world, LastAttempt::Duplicate));
        for (what, last) in [
            ("done, answer lost", LastAttempt::Unknown),
            ("done, and refused when it was sent again", LastAttempt::Duplicate),
        ] {
            self.fault(what, who, |world| {
                world.effects[at].make();
                know(world, last);
            });
        }
        self.fault("under way when the caller gives up", who, |world| {
            world.effects[at].fly();
            know(world, LastAttempt::Unknown);
        });
        if !self.setup.crashes {
            return;
        }
        self.fault("crash, done", who, |world| {
            world.effects[at].make();
            die(world);
        });
        self.fault("crash, under way", who, |world| {
            world.effects[at].fly();
            die(world);
        });
    }
}

/// The engine takes the next effect, and this one after a tick; a command ends.
fn put_down(setup: &Setup, process: &mut Process, at: usize) {
    process.hand = None;
    process.deferred[at] = true;
    if setup.is_by_person() {
        *process = Process::default();
    }
}
