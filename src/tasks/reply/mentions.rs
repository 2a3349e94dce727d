//! What is done about one mention.

use std::collections::HashSet;

use tracing::info;

use super::Bot;
use super::limits::{Author, Wanted};
use crate::base::ids::{AccountId, Channel};
use crate::note::standing::{LogStanding, Standing};
use crate::platform::Mention;
use crate::store::{Effects, Mentioned, MessageKind, NewAnswer, Outgoing, Trigger};
use crate::tasks::task::TaskError;
use crate::wording::answer::AnswerText;
use crate::wording::command::{Ask, Which};
use crate::wording::dm::DmText;

/// What a mention asks for, once it is known which note it means.
enum Meant {
    Check(Found),
    Dispute(Standing),
    Status(LogStanding),
    Help,
}

/// What was found of the note that is meant.
enum Found {
    Note(Standing),
    NoNumber(u64),
    NoCommitment,
    Several(u64, u64),
}

impl Bot {
    /// Deals with one mention, once.
    pub(super) async fn handle_mention(
        &mut self,
        mention: &Mention,
        correspondents: &HashSet<AccountId>,
    ) -> Result<(), TaskError> {
        let Some(tally) = &self.tally else { return Ok(()) };
        let who = if correspondents.contains(&mention.author) { Author::Correspondent } else { Author::Stranger };
        let ask = Ask::read(&mention.text, self.shown_beside(mention).await?);
        let now = self.clock.now();
        // If it would not be answered, it is not looked up: a flood of hashes costs no search.
        let wanted = if ask == Ask::Help { Wanted::Help } else { Wanted::Answer };
        let is_dispute = matches!(ask, Ask::Dispute(_));
        let mut done = tally.decide(mention.author, who, wanted, now);
        let mut effects = Effects::default();
        if done.is_answer() || is_dispute {
            let meant = self.find(ask, mention).await?;
            if matches!(meant, Meant::Dispute(_)) {
                done = tally.decide(mention.author, who, Wanted::Dispute, now);
            }
            if done.is_answer() {
                effects.answers.push(answer(&meant, mention));
            }
            if let (Meant::Dispute(standing), true) = (&meant, done.is_entry()) {
                effects.disputes.push((standing.note, mention.id));
                let told = self.settings.officials.iter().filter(|_| tally.may_tell(mention.author));
                effects.messages = told.map(|to| notify_officials(standing, mention, *to)).collect();
            }
        }
        let trigger = Trigger::Mention(Mentioned { post: mention.id, author: mention.author, what: done });
        if self.store.apply(trigger, effects, now).await? {
            info!(mention.id = %mention.id, author.id = %mention.author, what = done.as_str(), "heard a mention");
            if let Some(tally) = &mut self.tally {
                tally.count(mention.id, mention.author, who, done);
            }
        }
        Ok(())
    }

    /// The notes of the post of ours that a mention quotes or answers; None if it does neither.
    async fn shown_beside(&self, mention: &Mention) -> Result<Option<std::ops::RangeInclusive<u64>>, TaskError> {
        for post in [mention.quotes, mention.answers].into_iter().flatten() {
            if let Some((first, last)) = self.store.notes_by_post(post).await? {
                return Ok(Some(first..=last));
            }
        }
        Ok(None)
    }

    /// What is meant. It is not a new dispute if this author has disputed the note before, or if an official has
    /// already entered this one. It is then answered as a check.
    async fn find(&self, ask: Ask, mention: &Mention) -> Result<Meant, TaskError> {
        Ok(match ask {
            Ask::Status => Meant::Status(self.store.log_standing().await?),
            Ask::Help => Meant::Help,
            Ask::Check(which) => Meant::Check(self.which(which).await?),
            Ask::Dispute(which) => match self.which(which).await? {
                Found::Note(standing)
                    if self.store.has_disputed(mention.author, standing.note).await?
                        || self.store.is_disputed(standing.note, mention.id).await? =>
                {
                    Meant::Check(Found::Note(standing))
                }
                Found::Note(standing) => Meant::Dispute(standing),
                found => Meant::Check(found),
            },
        })
    }

    async fn which(&self, which: Which) -> Result<Found, TaskError> {
        let number = match which {
            Which::Number(number) => number,
            Which::Shown(notes) if notes.start() < notes.end() => {
                return Ok(Found::Several(*notes.start(), *notes.end()));
            }
            Which::Shown(notes) => *notes.start(),
            Which::Commitment(commitment) => match self.store.note_by_commitment(commitment).await? {
                Some(number) => number,
                None => return Ok(Found::NoCommitment),
            },
        };
        Ok(self.store.standing(number).await?.map_or(Found::NoNumber(number), Found::Note))
    }
}

fn answer(meant: &Meant, mention: &Mention) -> NewAnswer {
    let (to, mut note) = (mention.id, None);
    let text = match meant {
        Meant::Status(standing) => AnswerText::status(standing, to),
        Meant::Help => AnswerText::help(to),
        Meant::Check(Found::Several(first, last)) => AnswerText::which(*first, *last, to),
        Meant::Check(Found::NoNumber(number)) => AnswerText::no_note(*number, to),
        Meant::Check(Found::NoCommitment) => AnswerText::no_commitment(to),
        Meant::Check(Found::Note(standing)) => {
            note = Some(standing.note);
            AnswerText::check(standing, to)
        }
        Meant::Dispute(standing) => {
            note = Some(standing.note);
            AnswerText::dispute(standing, to)
        }
    };
    NewAnswer { text: text.as_str().to_owned(), answers: to, mention: Some(to), note, standalone: false }
}

/// The message to an official about a dispute.
fn notify_officials(standing: &Standing, mention: &Mention, to: AccountId) -> Outgoing {
    let text = DmText::dispute(standing, mention.author, mention.id);
    let kind = MessageKind::DisputeNotice { note: standing.note, post: Channel::X.post(mention.id) };
    Outgoing::text(kind, to, text.as_str())
}
