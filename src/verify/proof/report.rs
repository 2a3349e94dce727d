//! The report: what was checked, the results, and what they show.

use std::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::Parts;
use super::claims::{self, Claim};
use super::neighbours::{Neighbours, Uncounted};
use super::verdict::{Ties, Verdict};
use crate::base::ids::AccountName;
use crate::base::text;
use crate::note::packaging::Packed;
use crate::verify::check::{Check, Outcome, fails, holds, not_checked};

/// The name of the check of the published log.
const SITE: &str = "site";

/// What the proof says that it is about: as written in its envelope. Trust it only as far as the checks hold.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
#[allow(missing_docs, reason = "the fields are the envelope's lines")]
pub struct Subject {
    pub log: String,
    pub note: u64,
    pub from: String,
    pub to: Vec<String>,
    pub message: String,
    pub sent: String,
    pub commitment: String,
}

/// The result of checking one proof. A bad proof is a report too.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// What the proof is about. None if its envelope cannot be read.
    pub subject: Option<Subject>,
    /// The checks in their order.
    pub checks: Vec<Check>,
    /// What they show, and what they do not.
    pub claims: Vec<Claim>,
    /// The names of the checks that needed an answer from outside and got none. Empty if nobody was asked.
    pub unread: Vec<&'static str>,
    /// The notes near it. None if they were not counted.
    pub others: Option<Neighbours>,
    /// What ties it to something outside of the file.
    pub ties: Ties,
    /// How it was packed, where that differs from how we pack, and the files that do not belong to it.
    pub packing: Packing,
    /// Why nothing was judged, if so: what happened, LF, what to do.
    pub not_read: Option<String>,
    /// What to do so that both ends are tied. None if they are.
    next: Option<String>,
    /// The other name by which X shows the post: the verdict waits for the reader's answer.
    question: Option<AccountName>,
}

/// What was found about the wrapping, which says nothing about the evidence.
#[derive(Clone, Default, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Packing {
    /// In what other way than ours it was packed.
    pub remarks: Vec<String>,
    /// Files that do not belong to the proof: nothing vouches for them.
    pub set_aside: Vec<String>,
}

impl Report {
    /// The report on a file in which nothing can be judged.
    pub fn not_read(why: impl fmt::Display) -> Report {
        Report { not_read: Some(why.to_string()), ..Report::of_checks(None, Vec::new(), Vec::new()) }
    }

    /// The same where somebody was asked for the file and gave no answer.
    pub fn no_answer(why: impl fmt::Display) -> Report {
        Report { unread: vec!["the proof itself"], ..Report::not_read(why) }
    }

    pub(super) fn of_checks(subject: Option<Subject>, checks: Vec<Check>, claims: Vec<Claim>) -> Report {
        let (unread, others, ties, packing) = (Vec::new(), None, Ties::default(), Packing::default());
        Report { subject, checks, claims, unread, others, ties, packing, not_read: None, next: None, question: None }
    }

    /// The same with a question to the reader.
    pub(super) fn asking(self, question: Option<AccountName>) -> Report {
        Report { question, ..self }
    }

    /// The same with what to do next.
    pub(super) fn with_next(self, next: String) -> Report {
        Report { next: Some(next), ..self }
    }

    pub(super) fn of(packed: &Packed, parts: &Parts, checks: Vec<Check>, unread: Vec<&'static str>) -> Report {
        let ties = Ties::of(parts, &checks);
        let packing = Packing { remarks: packed.remarks.clone(), set_aside: packed.set_aside.clone() };
        let claims = claims::all(parts, &checks);
        let next = ties.next(parts);
        Report { unread, ties, packing, next, ..Report::of_checks(super::subject(parts), checks, claims) }
    }

    /// The verdict. Silence of those who were asked leaves it as if nobody had been asked.
    pub fn verdict(&self) -> Verdict {
        match () {
            () if self.not_read.is_some() => Verdict::NotRead,
            () if self.failing().next().is_some() => Verdict::Fails,
            () if self.ties.who.is_empty() || self.ties.by_when.is_empty() => Verdict::Intact,
            () if self.question.is_some() => Verdict::Intact,
            () => Verdict::Proven,
        }
    }

    /// That of the verdict, or 3 if somebody was asked and gave no answer, and nothing fails.
    pub fn exit_status(&self) -> u8 {
        match self.verdict() {
            Verdict::Fails => Verdict::Fails.exit_status(),
            _ if !self.unread.is_empty() => 3,
            verdict => verdict.exit_status(),
        }
    }

    /// Whether a check fails, other than those of what the platform shows today.
    pub fn is_broken(&self) -> bool {
        self.not_read.is_some() || self.failing().any(claims::breaks)
    }

    /// The names of the checks that fail, in their order.
    pub fn failing(&self) -> impl Iterator<Item = &'static str> {
        self.checks.iter().filter(|check| check.outcome == Outcome::Fails).map(|check| check.name)
    }

    /// The verdict in one sentence, and why.
    pub fn summary(&self) -> String {
        let verdict = self.verdict();
        let why = match verdict {
            Verdict::NotRead => self.not_read.iter().flat_map(|why| why.lines().next()).collect(),
            Verdict::Fails => self.failing().collect::<Vec<_>>().join(", "),
            Verdict::Intact if self.question.is_some() => {
                "nothing fails, but X shows the post by another name: whether the account was renamed, only you can say"
                    .to_owned()
            }
            Verdict::Intact | Verdict::Proven => self.ties.told(),
        };
        format!("{verdict}: {why}")
    }

    /// What the reader does next. Nothing if the proof is proven.
    pub fn next(&self) -> Vec<String> {
        const ASK: &str =
            "ask for the proof again, from its sender: if that one fails in the same way, do not rely on it";
        match self.verdict() {
            Verdict::NotRead => self.not_read.iter().flat_map(|why| why.lines().skip(1)).map(str::to_owned).collect(),
            Verdict::Fails => vec![ASK.to_owned()],
            Verdict::Intact | Verdict::Proven => {
                let silent =
                    (!self.unread.is_empty()).then(|| format!("try again: no answer for {}", self.unread.join(", ")));
                let asked = self.question.as_ref();
                let asked = asked.map(|name| {
                    format!("if you know that the account is @{name} now, run again with --account {name}")
                });
                let next = self.next.clone().filter(|_| self.verdict() == Verdict::Intact && asked.is_none());
                silent.into_iter().chain(asked).chain(next).collect()
            }
        }
    }

    /// Takes what the published log shows of a head that the reader kept, in place of what the proof alone shows.
    fn take_kept(&mut self, kept: Check) {
        let is_new = kept.outcome == Outcome::Holds
            && self.checks.iter().all(|check| check.name != kept.name || check.outcome != kept.outcome);
        match kept.outcome {
            Outcome::Fails => claims::show_nothing(&mut self.claims, &[kept.name]),
            Outcome::NotChecked if kept.detail.contains(super::kept::SHORTER) => self.unread.push(kept.name),
            _ => {}
        }
        if is_new {
            self.ties.by_when.push((None, super::kept::WORDS.to_owned()));
        }
        if let Some(check) =
            self.checks.iter_mut().find(|check| check.name == kept.name && check.outcome == Outcome::NotChecked)
        {
            *check = kept;
        }
    }

    /// Adds what was counted in the published log, as a check of its own and to the claim about order.
    pub fn count(&mut self, counted: Result<Neighbours, Uncounted>) {
        if self.not_read.is_some() {
            return;
        }
        let check = match &counted {
            Ok(others) => holds(
                SITE,
                format!(
                    "the published log of {} continues the proof's head, and misses no number",
                    text::count(others.size, "entry", "entries")
                ),
            ),
            Err(Uncounted::Fails(why)) => fails(SITE, why.as_str()),
            Err(Uncounted::Unread(why)) => not_checked(SITE, format!("other notes are not counted: {why}")),
            Err(Uncounted::OtherLog(why)) => not_checked(SITE, format!("it is another log: {why}")),
        };
        match check.outcome {
            Outcome::NotChecked if matches!(counted, Err(Uncounted::OtherLog(_))) => {}
            Outcome::NotChecked => self.unread.push(SITE),
            Outcome::Fails => claims::show_nothing(&mut self.claims, &[SITE]),
            Outcome::Holds | Outcome::Void => {}
        }
        self.checks.push(check);
        if let Some(kept) = counted.as_ref().ok().and_then(|others| others.kept.clone()) {
            self.take_kept(kept);
        }
        if let (Ok(others), Some(order)) = (&counted, self.claims.iter_mut().find(|claim| claim.name == "order")) {
            order.shown.extend(others.shown());
            order.not_shown = others.not_shown();
        }
        self.others = counted.ok();
    }
}

/// `{"verdict", "status", "summary", "next", "subject", "checks", "claims", "packing"}`, and `others` if they were counted;
/// `status` is the exit status.
impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Report", 8 + usize::from(self.others.is_some()))?;
        out.serialize_field("verdict", self.verdict().as_str())?;
        out.serialize_field("status", &self.exit_status())?;
        out.serialize_field("summary", &self.summary())?;
        out.serialize_field("next", &self.next())?;
        out.serialize_field("subject", &self.subject)?;
        out.serialize_field("checks", &self.checks)?;
        out.serialize_field("claims", &self.claims)?;
        out.serialize_field("packing", &self.packing)?;
        if let Some(others) = &self.others {
            out.serialize_field("others", others)?;
        }
        out.end()
    }
}

/// For people, the verdict first: ends in LF.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", text::visible(&self.summary()))?;
        self.next().iter().try_for_each(|line| writeln!(f, "  next: {}", text::visible(line)))?;
        self.packing.remarks.iter().try_for_each(|line| writeln!(f, "  packed anew: {}", text::visible(line)))?;
        let aside = &self.packing.set_aside;
        aside.iter().try_for_each(|name| writeln!(f, "  set aside, not part of the proof: {}", text::visible(name)))?;
        if let Some(subject) = &self.subject {
            writeln!(f, "\nnote {} of the log {}", subject.note, subject.log)?;
            writeln!(f, "  from {}, to {}", subject.from, subject.to.join(", "))?;
            writeln!(f, "  sent {}, message {}", subject.sent, subject.message)?;
            writeln!(f, "  sha256 {}\n", subject.commitment)?;
        }
        for check in &self.checks {
            writeln!(f, "{:<11}  {:<11}  {}", check.outcome, check.name, check.detail)?;
        }
        for claim in &self.claims {
            writeln!(f, "\n{}", claim.name)?;
            claim.shown.iter().try_for_each(|line| writeln!(f, "  shown: {line}"))?;
            claim.not_shown.iter().try_for_each(|line| writeln!(f, "  not shown: {line}"))?;
        }
        Ok(())
    }
}
