//! What the operator says of posting: `[publish]`.

use std::time::Duration;

use cron::Schedule;

use crate::base::ids::PostId;
use crate::base::time::Time;
use crate::tasks::settings::kinds::{DAY, List, Number, Optional, Span, Text};
use crate::tasks::settings::{default, defaults, empty, nothing, settings, values};

settings! {
    /// How commitments are posted.
    pub struct PublishSettings in "publish" {
        /// After an unknown outcome, how long to wait for a post to appear before it is sent again: too short risks posting
        /// twice. X may take a post and lose the answer, and a post may take minutes to show on the account's own timeline.
        unknown_outcome_timeout: Duration = default("10m"), Span(Duration::ZERO, DAY);

        /// As long as this many notes or fewer wait, each gets a post of its own; when more wait, one post carries them all
        /// as a run ("Sealed notes 17-62").
        run_over: u64 = default(5), Number(1, 1000);

        /// When to post how many notes were sealed that day, so that silence means something: seconds, minutes, hours, day
        /// of month, month, day of week, in UTC (syntax: docs.rs/cron). "off" for never; `0 0 12 * * Mon` is each Monday at
        /// noon. A post costs money (0.015 USD in August 2026).
        heartbeat: Option<Schedule> = default("0 55 23 * * *"), Text(values::schedule);

        /// Until when the account's posts are those of another log. On every start the account's own posts are compared with
        /// the log: one that shows a head which this log does not have means that the database is older than what was
        /// published, and stops the daemon. If posts of another log stand on the same account, an earlier trial perhaps, set
        /// this to a time after the last of them. Never set it to get past a lost database.
        ignore_posts_until: Option<Time> = nothing("2026-11-22T12:00:00.000Z"), Optional(Text(values::moment));

        /// Posts on the account that look like this log's and were made by a person, by their numbers: they are no longer told,
        /// and do not stop the daemon. Name one only when you know who made it. A head that no database of yours leads to may
        /// be that of a second daemon, or of a lost database; going on beside it forks the log for good.
        ignore_posts: Vec<PostId> = empty(vec!["972161234567890123"]), List {
            least: 0,
            most: 1000,
            what: "posts",
            remedy: "name fewer, and set `ignore_posts_until` to a time after the last of them",
            read: values::post_id,
        };
    }
}

impl Default for PublishSettings {
    fn default() -> PublishSettings {
        defaults()
    }
}
