//! The codes that confirm. What would publish something is done only after the official has sent back the digits that
//! the bot sent. This shows that the person who commands also reads the conversation, now, and means exactly this
//! request.

use subtle::ConstantTimeEq;

use crate::base::time::Time;
use crate::wording::command::{Code, Order};

/// How long a code is valid.
pub const VALID_MINUTES: i64 = 15;

/// Number of wrong codes that end it.
pub const TRIES_MAX: u64 = 3;

/// The code that an official got last; an official has only one at a time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Given {
    /// The digits.
    pub code: Code,
    /// What is done when the digits come back.
    pub order: Order,
    /// When the digits were sent.
    pub at: Time,
    /// Number of wrong codes that came back since.
    pub tries: u64,
}

/// The result of a code that came back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Checked {
    /// It is the right one, in time: this is to be done.
    Right(Order),
    /// It is wrong; this number of attempts is left.
    Wrong(u64),
    /// It comes too late, or after too many attempts.
    Late,
}

impl Given {
    /// A code that is given now for this order.
    pub fn new(code: Code, order: Order, now: Time) -> Given {
        Given { code, order, at: now, tries: 0 }
    }

    /// Judges the digits that came back. The time that this takes does not depend on how many of them are right.
    pub fn check(&self, code: &Code, now: Time) -> Checked {
        let age_ms = now.ms_since(self.at);
        let left = (TRIES_MAX - 1).checked_sub(self.tries);
        let (true, Some(left)) = (age_ms < VALID_MINUTES * 60_000, left) else { return Checked::Late };
        if bool::from(self.code.as_bytes().ct_eq(code.as_bytes())) {
            return Checked::Right(self.order.clone());
        }
        if left == 0 { Checked::Late } else { Checked::Wrong(left) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_holds_for_a_quarter_of_an_hour_and_three_tries() {
        let (now, right, wrong) = (Time::from_ms(1_764_000_000_000), Code::of(123), Code::of(124));
        let given = Given::new(right.clone(), Order::Approve(3), now);
        let tried = |tries| Given { tries, ..given.clone() };
        assert_eq!(given.check(&right, now), Checked::Right(Order::Approve(3)));
        assert_eq!(given.check(&right, now.plus_ms(15 * 60_000 - 1)), Checked::Right(Order::Approve(3)));
        assert_eq!(given.check(&right, now.plus_ms(15 * 60_000)), Checked::Late);
        assert_eq!(
            [0, 1, 2].map(|tries| tried(tries).check(&wrong, now)),
            [Checked::Wrong(2), Checked::Wrong(1), Checked::Late]
        );
        assert_eq!(tried(2).check(&right, now), Checked::Right(Order::Approve(3)));
        assert_eq!(tried(3).check(&right, now), Checked::Late);
    }
}
