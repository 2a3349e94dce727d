//! What is done about an official's command, and the messages to officials about each other's requests.

use tracing::info;

use super::{Bot, Tally};
use crate::base::ids::AccountId;
use crate::base::time::Time;
use crate::note::request::RequestState;
use crate::store::{Ask, CodeChange, CodeRow, Command, Effects, MessageKind, NewRequest, Outgoing, Request, Trigger};
use crate::tasks::disclose::OpenSettings;
use crate::tasks::persons::Doubt;
use crate::tasks::task::{TaskError, ms};
use crate::tlog::entry::Level;
use crate::wording::code::{Checked, Given};
use crate::wording::command::{Code, Order};
use crate::wording::dm::Day;
use crate::wording::dm::{Approval, DmText, NOTES_LISTED, Outcome};

/// Most times in a day that an official is answered with the help: automatic replies would ask for it for ever.
const HELPS_A_DAY: u64 = 5;

/// What a command leads to: what is said, and what is done.
struct Reply {
    text: DmText,
    effects: Effects,
}

impl Bot {
    /// Deals with the commands that the watcher has kept, each once.
    pub(super) async fn handle_commands(&mut self, now: Time) -> Result<(), TaskError> {
        for command in self.store.commands().await? {
            let effects = self.act_on(&command, now).await?;
            if self.store.apply(Trigger::Command(command.message), effects, now).await? {
                info!(message.id = %command.message, account.id = %command.from, "dealt with a command");
            }
        }
        Ok(())
    }

    /// What a command leads to. Empty if the configuration no longer names its author.
    async fn act_on(&self, command: &Command, now: Time) -> Result<Effects, TaskError> {
        if !self.settings.officials.contains(&command.from) {
            return Ok(Effects::default());
        }
        let order = Order::read(&command.text);
        if order == Order::Help && HELPS_A_DAY < self.store.helps(command.from, command.message).await? {
            info!(message.id = %command.message, "the official has been told often enough today what can be written");
            return Ok(Effects::default());
        }
        let Reply { text, mut effects } = match order {
            Order::Confirm(code) => self.confirm(command, &code, now).await?,
            order => self.begin(command, order, now).await?,
        };
        let kind = match &effects.code {
            Some(CodeChange::Give(_)) => MessageKind::Code(command.message),
            _ => MessageKind::CommandAnswer(command.message),
        };
        effects.messages.push(Outgoing::text(kind, command.from, text.as_str()));
        Ok(effects)
    }

    /// Answers commands that need no code, and sends a code for those that do.
    async fn begin(&self, command: &Command, order: Order, now: Time) -> Result<Reply, TaskError> {
        let id = command.message;
        let text = match order {
            Order::Status => {
                let waiting = self.waiting().await?.iter().map(|request| request.id).collect::<Vec<_>>();
                DmText::status(&self.store.log_standing().await?, self.today(), &waiting, id)
            }
            Order::Notes => self.notes(command).await?,
            Order::Help | Order::Confirm(_) => DmText::help(id),
            Order::Open { .. } | Order::Approve(_) => match self.obstacle(command.from, &order).await? {
                Some(outcome) => DmText::outcome(outcome, id),
                None => {
                    let code = Code::of((self.chance)());
                    let text = DmText::code(&order, &code, id);
                    let given = row(command.from, &Given::new(code, order, now));
                    return Ok(Reply {
                        text,
                        effects: Effects { code: Some(CodeChange::Give(given)), ..Effects::default() },
                    });
                }
            },
        };
        Ok(Reply { text, effects: Effects::default() })
    }

    /// Does what a code confirms.
    async fn confirm(&self, command: &Command, code: &Code, now: Time) -> Result<Reply, TaskError> {
        let official = command.from;
        let given = self.store.code(official).await?.as_ref().and_then(given);
        let checked = given.map(|given| given.check(code, now));
        let mut effects = Effects { code: Some(CodeChange::End(official)), ..Effects::default() };
        let outcome = match checked {
            None => Outcome::NoCode,
            Some(Checked::Late) => Outcome::LateCode,
            Some(Checked::Wrong(left)) => {
                effects.code = Some(CodeChange::Tried(official));
                Outcome::WrongCode(left)
            }
            // There may be a new reason against it since then.
            Some(Checked::Right(order)) => match (self.obstacle(official, &order).await?, order) {
                (Some(outcome), _) => outcome,
                (None, Order::Open { note, level }) => {
                    let (ask, asked_by) = (Ask::Open { note, level }, official.to_string());
                    effects.requests.push(NewRequest { ask, asked_by });
                    if self.context.open.approval { Outcome::Waits } else { Outcome::Accepted }
                }
                (None, Order::Approve(request)) => {
                    effects.approvals.push((request, official.to_string()));
                    Outcome::Approved(request)
                }
                (None, _) => Outcome::NoCode,
            },
        };
        Ok(Reply { text: DmText::outcome(outcome, command.message), effects })
    }

    /// The reason against an order that would publish something. None if there is none.
    async fn obstacle(&self, official: AccountId, order: &Order) -> Result<Option<Outcome>, TaskError> {
        match *order {
            Order::Open { note, level } => self.obstacle_to_open(note, level).await,
            Order::Approve(_) if !self.context.open.approval => Ok(Some(Outcome::NoApproval)),
            Order::Approve(id) => {
                let waiting = self.waiting().await?;
                let Some(request) = waiting.iter().find(|request| request.id == id) else {
                    return Ok(Some(Outcome::NoRequest(id)));
                };
                Ok(match self.context.open.persons.check(&request.asked_by, &official.to_string()) {
                    Err(Doubt::Own) => Some(Outcome::OwnRequest(id)),
                    Err(Doubt::Unknown) => Some(Outcome::UnknownRequest(id)),
                    Ok(()) => None,
                })
            }
            _ => Ok(None),
        }
    }

    async fn obstacle_to_open(&self, note: u64, level: Level) -> Result<Option<Outcome>, TaskError> {
        let Some(standing) = self.store.standing(note).await? else { return Ok(Some(Outcome::NoNote(note))) };
        Ok(match standing.open {
            Some(open) if level <= open => Some(Outcome::OpenAlready(note, open)),
            _ if standing.post.is_none() => Some(Outcome::NotPosted(note)),
            _ if !self.context.has_key => Some(Outcome::NoKey(note, level)),
            _ => {
                let waiting = self.store.requests(Some(RequestState::Waiting)).await?;
                let same = waiting.iter().find(|request| request.ask == Ask::Open { note, level });
                same.map(|request| Outcome::AskedAlready(request.id))
            }
        })
    }

    /// The requests that wait for a second official.
    async fn waiting(&self) -> Result<Vec<Request>, TaskError> {
        if !self.context.open.approval {
            return Ok(Vec::new());
        }
        let mut waiting = self.store.requests(Some(RequestState::Waiting)).await?;
        let OpenSettings { persons, lapse, .. } = &self.context.open;
        let now = self.clock.now();
        let is_late = |request: &Request| ms(*lapse) < now.ms_since(request.asked_at);
        waiting.retain(|request| !is_late(request) && !persons.have_approved(request, *lapse));
        Ok(waiting)
    }

    async fn notes(&self, command: &Command) -> Result<DmText, TaskError> {
        let last = self.store.last_note().await?;
        let mut newest = Vec::new();
        for note in (last.saturating_sub(NOTES_LISTED - 1).max(1)..=last).rev() {
            newest.extend(self.store.standing(note).await?);
        }
        Ok(DmText::notes(&newest, last, command.message))
    }

    fn today(&self) -> Day {
        self.tally.as_ref().map(Tally::today).unwrap_or_default()
    }

    /// Tells the officials about each other's requests, however they were made: each official once about each request.
    pub(super) async fn notify_officials(&self) -> Result<(), TaskError> {
        for request in self.waiting().await? {
            for official in &self.settings.officials {
                if let Some(message) = self.announcement(&request, *official) {
                    self.store.add_message(message, self.clock.now()).await?;
                }
            }
        }
        Ok(())
    }

    /// The message to an official about a request. None if it is the official's own.
    fn announcement(&self, request: &Request, to: AccountId) -> Option<Outgoing> {
        let Ask::Open { note, level } = request.ask else { return None };
        let approval = match self.context.open.persons.check(&request.asked_by, &to.to_string()) {
            Err(Doubt::Own) => return None,
            Err(Doubt::Unknown) => Approval::OnCommandLine,
            Ok(()) => Approval::ByMessage,
        };
        let lapses = request.asked_at.plus_ms(ms(self.context.open.lapse));
        let by = AccountId::parse(&request.asked_by);
        let text = DmText::request(request.id, &Order::Open { note, level }, by, lapses, approval);
        Some(Outgoing::text(MessageKind::RequestNotice(request.id), to, text.as_str()))
    }
}

fn row(official: AccountId, given: &Given) -> CodeRow {
    let Given { code, order, at, tries } = given;
    CodeRow { official, code: code.digits().to_owned(), order: order.to_string(), at: *at, tries: *tries }
}

fn given(row: &CodeRow) -> Option<Given> {
    Some(Given { code: Code::parse(&row.code)?, order: Order::read(&row.order), at: row.at, tries: row.tries })
}
