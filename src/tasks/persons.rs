//! Which keys and accounts are one person's: for the rule that the person who asks for an opening cannot approve it.
//!
//! On the command line an official is known by a key, and by message by an account. Only the operator knows whether a
//! key and an account belong to one official or to two. As long as the configuration does not say so, an approval
//! counts only if it comes in the same way as the request.

use std::time::Duration;

use crate::base::ids::AccountId;
use crate::store::Request;
use crate::tasks::task::ms;

/// The officials who have more than one key or account, each with all of them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Persons(Vec<Vec<String>>);

/// Why an approval counts for nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Doubt {
    /// It is by the person who asked.
    Own,
    /// Nobody knows whether it is by the person who asked: one is known by a key, and the other by an account.
    Unknown,
}

impl Persons {
    /// Those who have these keys and accounts: age public keys and numbers, as requests keep them.
    pub fn new(persons: Vec<Vec<String>>) -> Persons {
        Persons(persons)
    }

    /// Whether `by` is surely somebody other than `asked_by`.
    ///
    /// # Errors
    /// [`Doubt`] if not.
    pub fn check(&self, asked_by: &str, by: &str) -> Result<(), Doubt> {
        let (asker, approver) = (self.person(asked_by), self.person(by));
        let is_account = |name: &str| AccountId::parse(name).is_some();
        match (asker, approver) {
            _ if asked_by == by => Err(Doubt::Own),
            (Some(asker), Some(approver)) if asker == approver => Err(Doubt::Own),
            _ if is_account(asked_by) == is_account(by) => Ok(()),
            (Some(person), _) if self.has_both(person) => Ok(()),
            (_, Some(person)) if self.has_both(person) => Ok(()),
            _ => Err(Doubt::Unknown),
        }
    }

    /// Whether somebody other than the person who asked has approved a request in time.
    pub fn have_approved(&self, request: &Request, lapse: Duration) -> bool {
        let in_time = request.asked_at.plus_ms(ms(lapse));
        let counts = |(by, at): &(String, _)| *at <= in_time && self.check(&request.asked_by, by).is_ok();
        request.approvals.iter().any(counts)
    }

    fn person(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|names| names.iter().any(|known| known == name))
    }

    /// Whether everything is known of a person: at least one key and one account.
    fn has_both(&self, person: usize) -> bool {
        let accounts = self.0[person].iter().filter(|name| AccountId::parse(name).is_some()).count();
        0 < accounts && accounts < self.0[person].len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_by_one_way_does_not_approve_by_another() {
        let persons = |persons: &[&[&str]]| {
            Persons::new(persons.iter().map(|names| names.iter().map(ToString::to_string).collect()).collect())
        };
        let nobody = Persons::default();
        assert_eq!(nobody.check("age1a", "age1a"), Err(Doubt::Own));
        assert_eq!(nobody.check("5001", "5001"), Err(Doubt::Own));
        assert_eq!((nobody.check("age1a", "age1b"), nobody.check("5001", "5002")), (Ok(()), Ok(())));
        assert_eq!(
            (nobody.check("age1a", "5001"), nobody.check("5001", "age1a")),
            (Err(Doubt::Unknown), Err(Doubt::Unknown))
        );
        let one = persons(&[&["5001", "age1a"]]);
        assert_eq!((one.check("age1a", "5001"), one.check("5001", "age1a")), (Err(Doubt::Own), Err(Doubt::Own)));
        assert_eq!((one.check("age1a", "5002"), one.check("5002", "age1a")), (Ok(()), Ok(())));
        assert_eq!((one.check("age1b", "5001"), one.check("age1b", "5002")), (Ok(()), Err(Doubt::Unknown)));
        let two_accounts = persons(&[&["5001", "5003"]]);
        assert_eq!(two_accounts.check("5001", "5003"), Err(Doubt::Own));
        assert_eq!(two_accounts.check("age1a", "5003"), Err(Doubt::Unknown));
    }
}
