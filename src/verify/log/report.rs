//! What an audit has shown, for a person to quote and for a program to read.

use std::fmt;

use serde::ser::{SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};

use super::Audit;
use super::order::{Counts, SHOWN_MAX, WAIT_MS_MAX};
use crate::base::hash::Hash;
use crate::base::text;
use crate::base::time::{DAY_MS, SKEW_MS_MAX, Time};
use crate::tlog::checkpoint::Checkpoint;
use crate::verify::check::{Check, Outcome, fails, holds, not_checked};

const HOUR_MS: i64 = 60 * MINUTE_MS;
const MINUTE_MS: i64 = 60_000;

/// A head that was seen at an earlier time, and the root that the entries had then.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Since {
    /// Number of entries.
    pub size: u64,
    /// The root that was signed then.
    pub root: Hash,
    /// The root that the same number of entries have now. None if there are fewer entries.
    pub found: Option<Hash>,
}

/// How much of a log was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extent {
    /// All entries that its head counts.
    Whole,
    /// Fewer.
    Partial,
}

impl Extent {
    /// What so many entries are of the log with this head.
    pub fn of(entries: u64, head: &Checkpoint) -> Extent {
        if entries == head.size { Extent::Whole } else { Extent::Partial }
    }
}

/// The key that the head was checked with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyUsed {
    /// Its name and id.
    pub name: String,
    /// Whether the reader gave it; else it came with the log.
    pub is_given: bool,
}

impl fmt::Display for KeyUsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = text::visible(&self.name);
        match self.is_given {
            true => write!(f, "checked with the key {name}, which was given with --log"),
            false => write!(
                f,
                "checked with the key {name}, taken from the log itself, which shows nothing about who holds it: give the \
                 one that you know with --log"
            ),
        }
    }
}

/// The result of an audit. A bad log is a report too.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// The key that it was checked with. None if none is known.
    pub key: Option<KeyUsed>,
    /// The head that was audited.
    pub head: Checkpoint,
    /// Number of entries that were read.
    pub read: u64,
    /// Number of entries of each kind.
    pub counts: Counts,
    /// The times of the first entry and of the latest.
    pub span: Option<(Time, Time)>,
    /// The checks in their order.
    pub checks: Vec<Check>,
    /// The entries that are about anything but notes and posts, each after its index: [`SHOWN_MAX`] at most.
    pub shown: Vec<String>,
    /// Why something could not be read, if so. Nothing is said about what was not read.
    pub unread: Option<String>,
    /// When the head was read, if that was not now but before an interruption.
    pub begun: Option<Time>,
}

impl Audit {
    /// Sums up at the moment `now`, after the last file or when no more can be read: `unread` says why. `outside` are
    /// the checks of what this audit has not seen.
    pub fn report(&self, head: &Checkpoint, now: Time, unread: Option<String>, outside: Outside) -> Report {
        let read = if self.broken.is_some() { Extent::Partial } else { Extent::of(self.len(), head) };
        let mut checks = outside.before;
        checks.extend([self.entries(head), self.root(head, read), self.tiles(read)]);
        checks.extend([
            self.log_text(read),
            self.numbers(),
            self.times(now),
            self.posts(now, read),
            self.rules.check("rules", &head.origin),
        ]);
        checks.extend(outside.openings);
        checks.push(self.grown(head, read));
        checks.extend(outside.posts);
        Report {
            key: outside.key,
            head: head.clone(),
            read: self.len(),
            counts: self.order.counts,
            span: self.order.span,
            checks,
            shown: self.order.shown.clone(),
            unread,
            begun: None,
        }
    }

    fn entries(&self, head: &Checkpoint) -> Check {
        const NAME: &str = "entries";
        if let Some(told) = self.entries.told() {
            return fails(NAME, told);
        }
        if self.len() < head.size {
            return not_checked(NAME, format!("{} of {} could be read", self.len(), head.size));
        }
        match head.size {
            1 => holds(NAME, "the one there is was read, and is of its format"),
            size => holds(NAME, format!("all {size} were read, each is of its format")),
        }
    }

    fn root(&self, head: &Checkpoint, read: Extent) -> Check {
        const NAME: &str = "root";
        if read == Extent::Partial {
            return not_checked(NAME, "it takes all entries");
        }
        let root = self.frontier.root();
        if root == head.root {
            return holds(NAME, format!("the entries lead to the signed root {}", root.to_base64()));
        }
        fails(
            NAME,
            format!("the entries lead to the root {}, and {} was signed", root.to_base64(), head.root.to_base64()),
        )
    }

    fn tiles(&self, read: Extent) -> Check {
        const NAME: &str = "tiles";
        let whole = read == Extent::Whole;
        match self.tiles.wrong().told() {
            Some(told) => fails(NAME, told),
            None if whole && self.tiles.compared() == 1 => {
                holds(NAME, "the one there is is that which the entries make")
            }
            None if whole => holds(NAME, format!("all {} are those that the entries make", self.tiles.compared())),
            None => not_checked(NAME, format!("{} were compared, and hold", self.tiles.compared())),
        }
    }

    fn log_text(&self, read: Extent) -> Check {
        const NAME: &str = "log.txt";
        let Some(text) = &self.log_text else {
            return not_checked(NAME, "it is not there, and no other check needs it");
        };
        match (text.wrong.told(), text.ends_before) {
            (Some(told), _) => fails(NAME, told),
            (None, _) if text.unreadable.is_some() => not_checked(NAME, text.unreadable.clone().unwrap_or_default()),
            (None, Some(entry)) => not_checked(
                NAME,
                format!(
                    "it ends before entry {entry} is complete, as a copy does that is brought up to date now and then, or was cut on its way; till there it holds"
                ),
            ),
            (None, None) if text.goes_on => {
                not_checked(NAME, "it goes on after the lines of these entries: no head that was read bears that out")
            }
            (None, None) if read == Extent::Whole => {
                holds(NAME, format!("its {} bytes are the lines of the entries", text.read))
            }
            (None, None) => not_checked(NAME, format!("{} bytes of it were compared, and hold", text.read)),
        }
    }

    fn numbers(&self) -> Check {
        let told = match self.order.last_note {
            0 => "there is no note".to_owned(),
            last => format!("notes 1 to {last}, none missing, none twice"),
        };
        self.so_far("numbers", self.order.numbers.told(), told)
    }

    fn times(&self, now: Time) -> Check {
        let late = self.order.span.map(|(_, latest)| latest).filter(|latest| WAIT_MS_MAX < latest.ms_since(now));
        let wrong = self.order.times.told();
        let wrong = wrong.or_else(|| Some(format!("an entry is of {}, more than a day after now, {now}", late?)));
        let told = match self.order.span {
            None => "no entry has one".to_owned(),
            Some((first, latest)) => format!("in order, from {first} to {latest}"),
        };
        self.so_far("times", wrong, told)
    }

    fn posts(&self, now: Time, read: Extent) -> Check {
        const NAME: &str = "posts";
        let (last, posted) = (self.order.last_note, self.order.last_posted);
        if let Some(told) = self.order.posts.told() {
            return fails(NAME, told);
        }
        if 0 < self.order.crowded {
            let crowded = self.order.crowded;
            return not_checked(
                NAME,
                format!("{crowded} of too many in ten minutes were not compared with each other"),
            );
        }
        let longest = self.longest_wait();
        let waiting = self.order.waiting_since().filter(|_| read == Extent::Whole && posted < last);
        let Some(since) = waiting else {
            let told = match (self.order.counts.posts, posted) {
                (0, _) => "there is none".to_owned(),
                (1, 1) => "1 post shows 1 note".to_owned(),
                (posts, _) => format!("{} {posted} notes, each once", text::count(posts, "post shows", "posts show")),
            };
            return self.so_far(NAME, None, told + &longest);
        };
        let waiting = format!("notes {} to {last} have no post, the first since {since}", posted + 1);
        if WAIT_MS_MAX < now.ms_since(since) {
            return fails(NAME, waiting);
        }
        holds(NAME, format!("notes 1 to {posted} were posted once{longest}; {waiting}, less than a day"))
    }

    /// How long a note has waited for its post at most, if that is more than clocks may differ by.
    fn longest_wait(&self) -> String {
        let ms = self.order.longest_wait;
        let long = match (ms / DAY_MS, ms / HOUR_MS, ms / MINUTE_MS) {
            _ if ms <= SKEW_MS_MAX => return String::new(),
            (0 | 1, 0 | 1, minutes) => format!("{minutes} minutes"),
            (0 | 1, hours, _) => format!("{hours} hours"),
            (days, ..) => format!("{days} days"),
        };
        format!("; the longest that a note waited for its post is {long}")
    }

    fn grown(&self, head: &Checkpoint, read: Extent) -> Check {
        const NAME: &str = "since";
        let Some(Since { size, root, found }) = self.since else {
            return not_checked(NAME, "whether the log only grew: no earlier head is given");
        };
        let earlier = format!("the earlier head of {size} entries with the root {}", root.to_base64());
        if head.size < size {
            return not_checked(NAME, format!("the log shows a head of {} entries, older than {earlier}", head.size));
        }
        if head.size == size && head.root != root {
            let other = head.root.to_base64();
            return fails(NAME, format!("two heads of one size: {earlier}, and now one with the root {other}"));
        }
        match found.filter(|_| size < head.size || read == Extent::Whole) {
            None => not_checked(NAME, format!("{earlier} was not reached")),
            Some(found) if found == root => holds(NAME, format!("the log only grew: its beginning leads to {earlier}")),
            Some(found) => fails(
                NAME,
                format!("the first {size} entries lead to the root {}, not to {earlier}", found.to_base64()),
            ),
        }
    }

    /// What holds of everything that was read; said if not everything could be read.
    fn so_far(&self, name: &'static str, wrong: Option<String>, told: String) -> Check {
        match wrong {
            Some(wrong) => fails(name, wrong),
            None if self.broken.is_some() => not_checked(name, format!("of the first {} entries: {told}", self.len())),
            None => holds(name, told),
        }
    }
}

/// The checks that do not come from the entries.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outside {
    /// The key that the head was checked with.
    pub key: Option<KeyUsed>,
    /// Signature and key.
    pub before: Vec<Check>,
    /// What was opened, compared with what was sealed.
    pub openings: Option<Check>,
    /// The posts as they stand on the platform.
    pub posts: Option<Check>,
}

impl Report {
    /// 0 if everything that was checked holds, 1 if something fails, 3 if something could not be read and what was read
    /// holds.
    pub fn exit_status(&self) -> u8 {
        match (self.failing().next(), &self.unread) {
            (Some(_), _) => 1,
            (None, Some(_)) => 3,
            (None, None) => 0,
        }
    }

    /// The names of the checks that fail, in their order.
    pub fn failing(&self) -> impl Iterator<Item = &'static str> {
        self.checks.iter().filter(|check| check.outcome == Outcome::Fails).map(|check| check.name)
    }

    /// Whose key was used, and where it is from.
    fn said_of_the_key(&self) -> String {
        self.key
            .as_ref()
            .map_or_else(|| "no key is known: nothing shows whose log this is".to_owned(), KeyUsed::to_string)
    }

    /// What a person may quote.
    pub fn summary(&self) -> String {
        let Checkpoint { origin, size, root } = &self.head;
        let entries = text::count(*size, "entry", "entries");
        let head = format!("the head of {entries} of the log {origin}, root {}", root.to_base64());
        let failing: Vec<&str> = self.failing().collect();
        let since = |begun| format!("; it was read {begun}, before an interruption, and the log may have grown since");
        let head = head + &self.begun.map(since).unwrap_or_default();
        if !failing.is_empty() {
            return format!("THIS LOG FAILS: {}; {head}", failing.join(", "));
        }
        if let Some(unread) = &self.unread {
            return format!("not all could be read ({unread}); {} entries were, and hold; {head}", self.read);
        }
        format!("all that was checked holds; {head}")
    }
}

/// `{"status", "key", "log", "size", "root", "read", "counts", "first", "latest", "checks", "shown", "unread", "summary"}`.
impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Report", 13)?;
        out.serialize_field("status", &self.exit_status())?;
        out.serialize_field("key", &self.said_of_the_key())?;
        out.serialize_field("log", self.head.origin.as_str())?;
        out.serialize_field("size", &self.head.size)?;
        out.serialize_field("root", &self.head.root.to_base64())?;
        out.serialize_field("read", &self.read)?;
        out.serialize_field("counts", &self.counts)?;
        out.serialize_field("first", &self.span.map(|(first, _)| first))?;
        out.serialize_field("latest", &self.span.map(|(_, latest)| latest))?;
        out.serialize_field("checks", &self.checks)?;
        out.serialize_field("shown", &self.shown)?;
        out.serialize_field("unread", &self.unread)?;
        out.serialize_field("summary", &self.summary())?;
        out.end()
    }
}

/// For people: ends in LF.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Checkpoint { origin, size, .. } = &self.head;
        writeln!(f, "{}", self.said_of_the_key())?;
        writeln!(f, "the log {origin}, {}", text::count(*size, "entry", "entries"))?;
        let Counts { notes, posts, opened, disputed, lost, gaps, keys, receipts, stamps, unlocked, unknown } =
            self.counts;
        let (notes, posts) = (text::count(notes, "note", "notes"), text::count(posts, "post", "posts"));
        let given = text::count(receipts, "receipt", "receipts");
        writeln!(f, "  {notes}, {posts}, {opened} opened, {disputed} disputed, {given}")?;
        let (missing, missed) = (text::count(lost, "lost post", "lost posts"), text::count(gaps, "gap", "gaps"));
        let (keys_named, stamped) =
            (text::count(keys, "key", "keys"), text::count(stamps, "time stamp", "time stamps"));
        writeln!(f, "  {missing}, {missed}, {stamped}, {unlocked} unlocked, {keys_named}")?;
        writeln!(f, "  {} of an unknown kind\n", text::count(unknown, "line", "lines"))?;
        for check in &self.checks {
            writeln!(f, "{:<11}  {:<11}  {}", check.outcome, check.name, check.detail)?;
        }
        if !self.shown.is_empty() {
            writeln!(f, "\nentries about anything but notes and posts")?;
            self.shown.iter().try_for_each(|line| writeln!(f, "  {}", text::visible(line)))?;
        }
        let all = opened + disputed + lost + gaps + keys + receipts + stamps + unlocked + unknown;
        if SHOWN_MAX as u64 <= all && self.shown.len() as u64 != all {
            writeln!(f, "  and {} more", all - self.shown.len() as u64)?;
        }
        writeln!(f, "\n{}", self.summary())
    }
}
