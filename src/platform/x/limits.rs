//! X's rate limits, remembered from the headers of its answers, so that we stop before we are refused.

use std::collections::BTreeMap;

use reqwest::header::HeaderMap;

use super::clocks::Clocks;
use super::endpoint::Endpoint;
use crate::base::time::{DAY_MS, Time};

/// A quarter of an hour, in which X counts most calls.
const QUARTER_MS: i64 = 15 * 60 * 1000;

/// The windows that X counts in, and their lengths: the call's own, the account's day, the app's day. A reset further away
/// than its window is long is a mistake.
const WINDOWS: [(&str, i64); 3] =
    [("x-rate-limit", QUARTER_MS), ("x-user-limit-24hour", DAY_MS), ("x-app-limit-24hour", DAY_MS)];

/// A moment of Unix time greater than this is in milliseconds: in seconds, it would be in the year 5138.
const SECONDS_MAX: i64 = 100_000_000_000;

/// After a refusal that does not say until when: the first wait, doubled each time up to the length of a window.
const WAIT_MS_MIN: i64 = 60 * 1000;
const WAIT_MS_MAX: i64 = QUARTER_MS;

/// What is known of the limits of every call.
#[derive(Default, Debug)]
pub(super) struct Limits {
    known: BTreeMap<Endpoint, KnownLimit>,
}

#[derive(Default, Debug)]
struct KnownLimit {
    windows: [Option<Window>; WINDOWS.len()],
    blocked: Option<Span>,
    refusals: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Window {
    limit: Option<u64>,
    remaining: u64,
    span: Span,
}

/// From when until when something holds. It ends too when the clock is set back to before its beginning: nobody knows how
/// long it has lasted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Span {
    from: Time,
    until: Time,
}

impl Span {
    fn holds(self, now: Time) -> bool {
        (self.from..self.until).contains(&now)
    }
}

/// Nothing may be sent before `until`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Exhausted {
    pub(super) until: Time,
    pub(super) limit: Option<u64>,
}

impl Limits {
    /// Takes one call out of what is left, or returns until when there is nothing left.
    pub(super) fn take(&mut self, endpoint: Endpoint, now: Time) -> Result<(), Exhausted> {
        let known = self.known.entry(endpoint).or_default();
        let empty = known.open(now).filter(|window| window.remaining == 0);
        if let Some(window) = empty.max_by_key(|window| window.span.until) {
            return Err(Exhausted { until: window.span.until, limit: window.limit });
        }
        if let Some(blocked) = known.blocked.filter(|blocked| blocked.holds(now)) {
            return Err(Exhausted { until: blocked.until, limit: None });
        }
        for window in known.windows.iter_mut().flatten() {
            window.remaining = window.remaining.saturating_sub(1);
        }
        Ok(())
    }

    /// Learns from the headers of an answer, whatever its status.
    pub(super) fn learn(&mut self, endpoint: Endpoint, headers: &HeaderMap, clocks: Clocks) {
        let known = self.known.entry(endpoint).or_default();
        for ((name, length_ms), window) in WINDOWS.iter().zip(&mut known.windows) {
            if let Some(new) = Window::read(name, *length_ms, headers, clocks) {
                *window = Some(new);
            }
        }
    }

    /// Notes that a call was let through.
    pub(super) fn accepted(&mut self, endpoint: Endpoint) {
        let known = self.known.entry(endpoint).or_default();
        known.blocked = None;
        known.refusals = 0;
    }

    /// Notes that a call was refused because of its rate, and returns until when to wait. [`Limits::learn`] comes
    /// first.
    pub(super) fn refused(&mut self, endpoint: Endpoint, now: Time) -> Time {
        let known = self.known.entry(endpoint).or_default();
        let empty = known.open(now).filter(|window| window.remaining == 0).map(|window| window.span.until).max();
        // A refusal with calls left in each window that is shown: the first is the one that X means.
        let first = known.windows[0].map(|window| window.span).filter(|span| span.holds(now));
        let told = empty.or(first.map(|span| span.until));
        let until = told.unwrap_or(now.plus_ms((WAIT_MS_MIN << known.refusals.min(8)).min(WAIT_MS_MAX)));
        known.refusals = known.refusals.saturating_add(1);
        known.blocked = Some(Span { from: now, until });
        until
    }

    /// Number of further calls that are allowed now. None if X has not said so for the present window.
    pub(super) fn left(&self, endpoint: Endpoint, now: Time) -> Option<u64> {
        let known = self.known.get(&endpoint)?;
        if known.blocked.is_some_and(|blocked| blocked.holds(now)) {
            return Some(0);
        }
        known.open(now).map(|window| window.remaining).min()
    }
}

impl KnownLimit {
    fn open(&self, now: Time) -> impl Iterator<Item = &Window> {
        self.windows.iter().flatten().filter(move |window| window.span.holds(now))
    }
}

impl Window {
    fn read(name: &str, length_ms: i64, headers: &HeaderMap, clocks: Clocks) -> Option<Window> {
        let number = |part: &str| headers.get(format!("{name}-{part}"))?.to_str().ok()?.trim().parse::<u64>().ok();
        let reset = i64::try_from(number("reset")?).ok()?.min(1000 * SECONDS_MAX);
        let reset_ms = if SECONDS_MAX < reset { reset } else { reset * 1000 };
        // By X's own clock, which set it. One that is over holds for no time at all.
        let wait_ms = Time::from_ms(reset_ms).ms_since(clocks.theirs.unwrap_or(clocks.ours)).clamp(0, length_ms);
        let span = Span { from: clocks.ours, until: clocks.ours.plus_ms(wait_ms) };
        Some(Window { limit: number("limit"), remaining: number("remaining")?, span })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START_S: i64 = 1_764_000_000;

    fn at(s: i64) -> Time {
        Time::from_ms((START_S + s) * 1000)
    }

    fn clocks(s: i64) -> Clocks {
        Clocks { ours: at(s), theirs: None }
    }

    fn window(name: &str, remaining: u64, reset_s: i64) -> HeaderMap {
        let line = |part: &str, value: i64| (format!("{name}-{part}").parse().unwrap(), value.into());
        let lines = [line("limit", 15), line("remaining", remaining as i64), line("reset", START_S + reset_s)];
        lines.into_iter().collect()
    }

    #[test]
    fn stops_before_the_limit_is_hit_and_goes_on_after_the_reset() {
        let mut limits = Limits::default();
        assert_eq!(limits.take(Endpoint::Messages, at(0)), Ok(()));
        limits.learn(Endpoint::Messages, &window("x-rate-limit", 2, 900), clocks(0));
        assert_eq!(limits.left(Endpoint::Messages, at(0)), Some(2));
        assert_eq!(limits.take(Endpoint::Messages, at(1)), Ok(()));
        assert_eq!(limits.take(Endpoint::Messages, at(2)), Ok(()), "the answer to the first may have been lost");
        let exhausted = Exhausted { until: at(900), limit: Some(15) };
        assert_eq!(limits.take(Endpoint::Messages, at(3)), Err(exhausted));
        assert_eq!(limits.take(Endpoint::Me, at(3)), Ok(()), "each call has a limit of its own");
        assert_eq!(limits.take(Endpoint::Messages, at(900)), Ok(()));
        assert_eq!(limits.left(Endpoint::Messages, at(900)), None);
    }

    #[test]
    fn the_day_of_the_app_counts_too() {
        let mut limits = Limits::default();
        limits.learn(Endpoint::Post, &window("x-rate-limit", 90, 900), clocks(0));
        limits.learn(Endpoint::Post, &window("x-app-limit-24hour", 0, 7000), clocks(0));
        assert_eq!(limits.left(Endpoint::Post, at(0)), Some(0));
        assert_eq!(limits.take(Endpoint::Post, at(0)).unwrap_err().until, at(7000));
    }

    #[test]
    fn a_refusal_waits_for_the_reset_that_it_names() {
        let mut limits = Limits::default();
        limits.learn(Endpoint::Post, &window("x-rate-limit", 7, 600), clocks(0));
        assert_eq!(limits.refused(Endpoint::Post, at(0)), at(600), "with calls left, too");
        assert_eq!(limits.take(Endpoint::Post, at(1)).unwrap_err().until, at(600));
        assert_eq!(limits.left(Endpoint::Post, at(1)), Some(0));
        assert_eq!(limits.take(Endpoint::Post, at(600)), Ok(()));
    }

    #[test]
    fn a_refusal_without_a_reset_waits_longer_each_time() {
        let mut limits = Limits::default();
        let waits: Vec<i64> = (0..7).map(|_| limits.refused(Endpoint::Me, at(0)).ms_since(at(0)) / 1000).collect();
        assert_eq!(waits, [60, 120, 240, 480, 900, 900, 900]);
        limits.accepted(Endpoint::Me);
        assert_eq!(limits.refused(Endpoint::Me, at(0)), at(60));
    }

    #[test]
    fn nonsense_in_headers_changes_nothing() {
        let mut limits = Limits::default();
        let bad = [("x-rate-limit-remaining", "-1"), ("x-rate-limit-reset", "soon"), ("x-rate-limit-limit", "")];
        let bad = bad.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        limits.learn(Endpoint::Me, &bad, clocks(0));
        assert_eq!(limits.left(Endpoint::Me, at(0)), None);
        limits.learn(Endpoint::Me, &window("x-rate-limit", 0, 90_000_000), clocks(0));
        assert_eq!(limits.take(Endpoint::Me, at(0)).unwrap_err().until, at(900), "never longer than the window");
    }

    #[test]
    fn a_wait_is_never_longer_than_its_window() {
        for (name, longest_s) in
            [("x-rate-limit", 900), ("x-user-limit-24hour", 86_400), ("x-app-limit-24hour", 86_400)]
        {
            let mut limits = Limits::default();
            limits.learn(Endpoint::Me, &window(name, 0, 10_000_000), clocks(0));
            assert_eq!(limits.refused(Endpoint::Me, at(0)), at(longest_s), "{name}");
        }
    }

    #[test]
    fn a_reset_in_milliseconds_is_understood() {
        let mut limits = Limits::default();
        limits.learn(Endpoint::Me, &window("x-rate-limit", 0, START_S * 999 + 60_000), clocks(0));
        assert_eq!(limits.refused(Endpoint::Me, at(0)), at(60));
    }

    #[test]
    fn a_reset_in_the_past_says_nothing() {
        for reset_s in [-1, 0, 900 - START_S, -START_S] {
            let mut limits = Limits::default();
            limits.learn(Endpoint::Me, &window("x-rate-limit", 0, reset_s), clocks(0));
            assert_eq!(limits.take(Endpoint::Me, at(0)), Ok(()), "{reset_s}");
            assert_eq!(limits.refused(Endpoint::Me, at(0)), at(60), "{reset_s}");
        }
    }

    #[test]
    fn a_reset_is_by_the_clock_of_x() {
        let mut limits = Limits::default();
        let ahead = Clocks { ours: at(7000), theirs: Some(at(0)) };
        limits.learn(Endpoint::Me, &window("x-rate-limit", 0, 600), ahead);
        assert_eq!(limits.refused(Endpoint::Me, at(7000)), at(7600));
        let behind = Clocks { ours: at(0), theirs: Some(at(7000)) };
        limits.learn(Endpoint::Post, &window("x-rate-limit", 0, 7600), behind);
        assert_eq!(limits.refused(Endpoint::Post, at(0)), at(600));
    }

    #[test]
    fn nothing_waits_for_a_clock_that_was_set_back() {
        let mut limits = Limits::default();
        let year = 365 * 86_400;
        limits.learn(Endpoint::Me, &window("x-rate-limit", 0, year + 600), clocks(year));
        limits.refused(Endpoint::Post, at(year));
        assert!([Endpoint::Me, Endpoint::Post].iter().all(|call| limits.take(*call, at(year + 1)).is_err()));
        assert!([Endpoint::Me, Endpoint::Post].iter().all(|call| limits.take(*call, at(0)).is_ok()));
    }
}
