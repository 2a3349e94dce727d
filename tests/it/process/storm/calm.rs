//! After the storm: faults and kills have ended, and the daemon does what is left.

use std::time::{Duration, Instant};

use verbale::sandbox::EMBASSY;
use verbale::sandbox::world::Call;

use super::{Storm, people};
use crate::support::database;
use crate::support::process::stop;

/// How long what is left may take: a few waits after failures, and a little for each note.
fn patience(notes: usize) -> Duration {
    Duration::from_secs(60) + Duration::from_millis(200) * u32::try_from(notes).unwrap()
}

impl Storm {
    /// Ends the storm, and lets the daemon and the commands do what is left.
    pub(super) async fn calm_down(&mut self) {
        self.wire.end();
        let mut daemon = self.start();
        let begun = Instant::now();
        let mut calm_since: Option<(u64, u64)> = None;
        loop {
            self.errands.step(&self.place);
            people::owe_all(&mut self.place);
            let left = self.left();
            let looks = self.looks();
            match calm_since {
                Some((messages, mentions)) if left.is_empty() => {
                    if messages + 5 < looks.0 && mentions + 5 < looks.1 {
                        break;
                    }
                }
                _ => calm_since = left.is_empty().then_some(looks),
            }
            assert!(begun.elapsed() < patience(self.place.observer.owed.len()), "never done: {left:?}");
            assert_eq!(daemon.try_wait().unwrap(), None, "the daemon ended by itself");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let status = stop(&mut daemon, "TERM").await;
        assert!(status.success(), "{status}");
    }

    /// How often the program has looked at messages and mentions.
    fn looks(&self) -> (u64, u64) {
        let count = |call| self.place.server.world.with(|world, _| world.counts().of(call));
        (count(Call::Messages), count(Call::Mentions))
    }

    /// What is not done yet.
    fn left(&self) -> Vec<String> {
        let file = self.place.path("verbale.db");
        let owed = self.place.observer.owed.len() as u64;
        let checkpoint = std::fs::read_to_string(self.place.path("public/checkpoint")).unwrap_or_default();
        let size = checkpoint.lines().nth(1).and_then(|size| size.parse::<u64>().ok()).unwrap_or_default();
        let question = |sql: &str, expected: u64| {
            let count = database::count(&file, sql);
            (count != expected).then(|| format!("{count} in place of {expected}: {sql}"))
        };
        let mut left: Vec<String> = [
            question("SELECT count(*) FROM note", owed),
            question("SELECT coalesce(max(last), 0) FROM post", owed),
            question("SELECT count(*) FROM message WHERE kind = 'slip'", owed),
            question("SELECT count(*) FROM pending", 0),
            question("SELECT count(*) FROM given_up", 0),
            question("SELECT count(*) FROM request WHERE state = 'waiting'", 0),
            question("SELECT count(*) FROM command", self.people.commands as u64),
            question("SELECT count(*) FROM command WHERE NOT done", 0),
            question("SELECT count(*) FROM mention", self.people.questions.len() as u64),
            question("SELECT count(*) FROM entry", size),
        ]
        .into_iter()
        .flatten()
        .collect();
        let answered = self.place.server.world.with(|world, _| {
            world.posts().filter(|post| post.author == EMBASSY).filter_map(|post| post.answers).collect::<Vec<_>>()
        });
        left.extend(
            self.people
                .questions
                .iter()
                .filter(|question| !answered.contains(question))
                .map(|question| format!("no answer to {question}")),
        );
        if !self.errands.are_done() {
            left.push("errands".to_owned());
        }
        left
    }
}
