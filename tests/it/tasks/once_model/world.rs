//! The states of the model: ledger, platform and processes, with ages in ticks in place of moments.

use verbale::tasks::once::decide::{LastAttempt, Sight};

/// How many effects there are at most, and how many times one can be there, one after another.
pub const EFFECTS: usize = 2;
const COPIES: usize = 4;

/// An age beyond which nothing depends on it.
pub const OLD: i8 = 8;

/// Everything, at one moment.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct World {
    pub effects: [Effect; EFFECTS],
    pub processes: [Process; 2],
    /// How much may still go wrong.
    pub faults: u8,
    /// How many ticks may still pass while somebody could do something.
    pub slow: u8,
    /// How many times a person may still give the command.
    pub commands: u8,
    /// How many times a person may still send again what is given up.
    pub resends: u8,
    /// What has gone wrong that must not.
    pub wrong: Option<&'static str>,
}

/// One effect, in the ledger and on the platform.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Effect {
    /// What is durable of the attempts.
    pub attempts: Option<Ages>,
    /// What is durable of the end.
    pub ended: Option<Ended>,
    /// What the platform has of it.
    pub items: [Item; COPIES],
    /// Requests that the platform may still do though their callers have given up, and for how long they are under way.
    pub flying: [Option<u8>; 2],
}

/// The attempts, as the ledger has them: how long ago by our clock the first and the last were, and how many may have
/// happened.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ages {
    pub first: i8,
    pub last: i8,
    pub unsure: u8,
}

/// How an effect ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ended {
    Accepted(u8),
    GivenUp,
    /// It is not part of this model.
    NotThere,
}

/// One copy of an effect on the platform.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Item {
    Never,
    /// Done, and not listed yet, for so many ticks.
    Hidden(u8),
    Shown,
    /// The platform has forgotten it.
    Gone,
}

/// A process: an engine, or a command.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Process {
    /// Whether it runs. With a lock, one at most does.
    pub runs: bool,
    /// What it has in hand.
    pub hand: Option<Hand>,
    /// Which effects wait until the next tick.
    pub deferred: [bool; EFFECTS],
    /// Which were refused as duplicates.
    pub duplicates: [bool; EFFECTS],
    /// How long ago by the steady clock the process has last attempted each.
    pub made: [Option<i8>; EFFECTS],
}

/// An effect in hand, and what the process knows of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hand {
    pub effect: u8,
    pub attempts: Option<Ages>,
    pub last: LastAttempt<u8>,
    /// How long ago the look was asked for, by our clock and by the steady one, and what it showed.
    pub look: Option<(i8, i8, Sight<u8>)>,
    /// For how many ticks an attempt has been durable and not made.
    pub held: u8,
    /// How many looks the command has made since its attempt.
    pub looks: u8,
}

impl Effect {
    pub fn new(is_there: bool) -> Effect {
        let ended = (!is_there).then_some(Ended::NotThere);
        Effect { attempts: None, ended, items: [Item::Never; COPIES], flying: [None; 2] }
    }

    /// How many copies stand on the platform, listed or not.
    pub fn standing(&self) -> usize {
        self.items.iter().filter(|item| matches!(item, Item::Hidden(_) | Item::Shown)).count()
    }

    /// The platform does it; its place, or None if that is far too often.
    pub fn make(&mut self) -> Option<u8> {
        let place = self.items.iter().position(|item| *item == Item::Never)?;
        self.items[place] = Item::Hidden(0);
        u8::try_from(place).ok()
    }

    /// A request is under way that nobody waits for.
    pub fn fly(&mut self) {
        if let Some(free) = self.flying.iter_mut().find(|flying| flying.is_none()) {
            *free = Some(0);
        }
    }
}

impl Ages {
    fn shift(&mut self, by: i8) {
        self.first = (self.first + by).min(OLD);
        self.last = (self.last + by).min(OLD);
    }
}

impl World {
    /// Our clock goes on by so many ticks, or is set by so many; the steady clock stays as it is.
    pub fn shift_clock(&mut self, by: i8) {
        for effect in &mut self.effects {
            effect.attempts.iter_mut().for_each(|ages| ages.shift(by));
        }
        for hand in self.processes.iter_mut().filter_map(|process| process.hand.as_mut()) {
            hand.attempts.iter_mut().for_each(|ages| ages.shift(by));
            hand.look.iter_mut().for_each(|(asked, ..)| *asked = (*asked + by).min(OLD));
        }
    }

    /// A tick passes.
    pub fn tick(&mut self) {
        self.shift_clock(1);
        for effect in &mut self.effects {
            for item in &mut effect.items {
                if let Item::Hidden(age) = item {
                    *age += 1;
                }
            }
            effect.flying.iter_mut().flatten().for_each(|age| *age += 1);
        }
        for process in &mut self.processes {
            process.deferred = [false; EFFECTS];
            process.made.iter_mut().flatten().for_each(|age| *age = (*age + 1).min(OLD));
            let look = process.hand.as_mut().and_then(|hand| hand.look.as_mut());
            look.into_iter().for_each(|(_, steady, _)| *steady = (*steady + 1).min(OLD));
            if let Some(hand) = process.hand.as_mut().filter(|hand| hand.last == LastAttempt::NotMade) {
                hand.held += 1;
            }
        }
    }

    /// Processes are alike: the one that runs is the first.
    pub fn sorted(mut self) -> World {
        if !self.processes[0].runs && self.processes[1].runs {
            self.processes.swap(0, 1);
        }
        self
    }
}
