//! Does what officials ask for: opens notes, and enters disputes.
//!
//! A request that may be done is done in one transaction: the log's entry, the files for the site, the posts of the
//! mirror, the messages, and that the request is done. The proof is the one that an official has submitted. Without one
//! it is made here, if this machine has a key that opens notes. If the configuration asks for it, an opening waits
//! until somebody other than the person who asked has approved it. It lapses if nobody does so in time: a later
//! approval counts for nothing, even if the daemon did not run at that moment.

pub mod bundle;

mod settings;

use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use crate::base::clock::Clock;
use crate::base::ids::{AccountId, AccountName, Channel, PostId};
use crate::note::request::RequestState;
use crate::note::standing::Standing;
use crate::platform::{Error as PlatformError, Platform};
use crate::store::vault;
use crate::store::{Ask, Effects, MessageKind, NewAnswer, Opened, Outgoing, Request, Store, Trigger};
use crate::tasks::task::{Backoff, Deferred, Needs, Next, Task, TaskError, Wake, ms};
use crate::tlog::entry::Level;
use crate::tlog::signed_note::VerifierKey;
use crate::wording::answer::AnswerText;
use crate::wording::dm::DmText;
use crate::wording::standing::{not_posted_in_time, open_already};

pub use self::settings::OpenSettings;

/// What the discloser needs to know besides its own section.
pub struct DiscloseContext {
    /// The wait between two looks for requests from commands.
    pub poll: Duration,
    /// Accounts that get a message about a dispute.
    pub officials: Vec<AccountId>,
    /// The secret keys that open notes, if this machine has any.
    pub identities: Vec<age::x25519::Identity>,
    /// The log's key.
    pub vkey: VerifierKey,
    /// Where people read a post of an account.
    pub post_address: fn(web: &str, author: &AccountName, post: PostId) -> String,
    /// What `post_address` needs to know of the platform.
    pub web: String,
}

/// What is made of a note to open it.
enum Made<T> {
    /// It is ready.
    Ready(T),
    /// It cannot be made: why.
    Impossible(String),
}

/// The task that opens.
pub struct Discloser {
    platform: Arc<dyn Platform>,
    store: Store,
    clock: Clock,
    settings: OpenSettings,
    context: DiscloseContext,
    backoff: Backoff,
    /// Requests that wait for an answer of the platform.
    deferred: Deferred<u64>,
}

impl Task for Discloser {
    const NAME: &'static str = "discloser";
    const WAKE: Wake = Wake::Log;
    const NEEDS: Needs = Needs::Comparison;

    /// Does all that may be done. Doing it twice does no harm.
    ///
    /// # Errors
    /// Only errors that must stop the daemon.
    async fn tick(&mut self) -> anyhow::Result<Next> {
        let step = self.step().await;
        self.backoff.conclude(Self::NAME, step, &self.store, self.clock.now()).await
    }
}

impl Discloser {
    /// A discloser that has done nothing yet.
    pub fn new(
        platform: Arc<dyn Platform>,
        store: Store,
        clock: Clock,
        settings: OpenSettings,
        context: DiscloseContext,
    ) -> Discloser {
        Discloser { platform, store, clock, settings, context, backoff: Backoff::new(), deferred: Deferred::default() }
    }

    async fn step(&mut self) -> Result<Next, TaskError> {
        let now = self.clock.now();
        let deferred = self.deferred.at(now);
        let mut waiting = self.store.requests(Some(RequestState::Waiting)).await?;
        waiting.retain(|request| !deferred.contains(&request.id));
        // Requests that need the platform do not delay others.
        waiting.sort_by_key(|request| matches!(request.ask, Ask::Dispute { .. }));
        for request in waiting {
            let done = match request.ask {
                Ask::Open { note, level } => self.open(&request, note, level).await,
                Ask::Dispute { note, post } => self.dispute(&request, note, post).await,
            };
            match done {
                Err(TaskError::Platform(error)) => self.put_off(&request, &error).await?,
                done => done?,
            }
        }
        let now = self.clock.now();
        if self.deferred.until().is_none() {
            self.backoff.idle(Self::NAME, &self.store, now).await?;
        }
        Ok(Next::Idle(now.plus_ms(ms(self.context.poll))))
    }

    /// Lets a request wait that needs the platform; others, which need only the database, pass it.
    async fn put_off(&mut self, request: &Request, error: &PlatformError) -> Result<(), TaskError> {
        let now = self.clock.now();
        let until = self.backoff.after(error, now);
        warn!(request.id, error = %error, until = %until, "a request has to wait");
        self.deferred.defer(request.id, until);
        Ok(self.backoff.trouble(Self::NAME, error.to_string(), &self.store, now).await?)
    }

    async fn open(&self, request: &Request, note: u64, level: Level) -> Result<(), TaskError> {
        let now = self.clock.now();
        let standing = match self.store.standing(note).await? {
            None => return self.refuse(request, format!("there is no note {note}")).await,
            Some(Standing { open: Some(open), .. }) if level <= open => {
                return self.refuse(request, open_already(note, open)).await;
            }
            Some(standing) => standing,
        };
        let is_late = ms(self.settings.lapse) < now.ms_since(request.asked_at);
        if self.settings.approval && !self.settings.persons.have_approved(request, self.settings.lapse) {
            if is_late {
                self.end(request, Trigger::Lapse(request.id), Effects::default()).await?;
                info!(request.id, note, "a request lapsed: nobody approved it");
            }
            return Ok(());
        }
        if standing.post.is_none() {
            // Nothing is opened before its commitment is public; the publisher is working on it.
            return if is_late { self.refuse(request, not_posted_in_time(note)).await } else { Ok(()) };
        }
        match self.opened(request, &standing, level).await? {
            Made::Ready(opened) => {
                let parts = opened.parts.len();
                let effects = Effects { open: Some(opened), ..Effects::default() };
                if self.end(request, Trigger::Request(request.id), effects).await? {
                    info!(request.id, note, %level, parts, "opened");
                }
                Ok(())
            }
            Made::Impossible(why) => self.refuse(request, why).await,
        }
    }

    /// What is to be made public, or why it cannot be.
    async fn opened(&self, request: &Request, standing: &Standing, level: Level) -> Result<Made<Opened>, TaskError> {
        let zip = match self.store.submitted_proof(request.id).await? {
            Some(zip) => zip,
            None => match self.proof(standing.note, level).await? {
                Made::Ready(zip) => zip,
                Made::Impossible(why) => return Ok(Made::Impossible(why)),
            },
        };
        // A malicious or large archive does not delay other tasks.
        let standing = standing.clone();
        let opened = tokio::task::spawn_blocking(move || bundle::open(&standing, level, &zip));
        Ok(match opened.await {
            Ok(opened) => opened.map_or_else(|error| Made::Impossible(error.to_string()), Made::Ready),
            // A request that ended the daemon would end it again at each start.
            Err(_) => Made::Impossible("the program broke off over this proof".to_owned()),
        })
    }

    /// The packed proof, made with this machine's key.
    async fn proof(&self, note: u64, level: Level) -> Result<Made<Vec<u8>>, TaskError> {
        if self.context.identities.is_empty() {
            let why = "the daemon has no key that opens notes, and no proof was handed over";
            return Ok(Made::Impossible(why.to_owned()));
        }
        let Some(row) = self.store.proof(note).await? else {
            return Ok(Made::Impossible(format!("there is no proof of note {note}")));
        };
        let Some(sealed) = &row.opening else {
            return Ok(Made::Impossible(format!("the opening of note {note} was shredded")));
        };
        let opening = match vault::open(note, sealed, &self.context.identities) {
            Ok(opening) => opening,
            Err(error) => return Ok(Made::Impossible(error.to_string())),
        };
        let address = |name: &AccountName, post| (self.context.post_address)(&self.context.web, name, post);
        let proof = bundle::proof(note, &row, self.context.vkey.clone(), address, opening, level);
        Ok(proof.map_or_else(|error| Made::Impossible(error.to_string()), |proof| Made::Ready(proof.pack())))
    }

    async fn dispute(&self, request: &Request, note: u64, post: PostId) -> Result<(), TaskError> {
        let Some(standing) = self.store.standing(note).await? else {
            return self.refuse(request, format!("there is no note {note}")).await;
        };
        if self.store.is_disputed(note, post).await? {
            return self.refuse(request, format!("that post {post} disputes note {note} is in the log already")).await;
        }
        let author = match self.platform.read_post(post).await {
            Ok(Some(post)) => post.author,
            Ok(None) | Err(PlatformError::Refused { .. }) => {
                return self.refuse(request, format!("the platform shows no post {post}")).await;
            }
            Err(error) => return Err(error.into()),
        };
        let told = DmText::dispute(&standing, author, post);
        let kind = MessageKind::DisputeNotice { note, post: Channel::X.post(post) };
        let officials = self.context.officials.iter();
        let messages = officials.map(|official| Outgoing::text(kind, *official, told.as_str()));
        let text = AnswerText::noted(&standing, post).as_str().to_owned();
        let answer = NewAnswer { text, answers: post, mention: None, note: Some(note), standalone: true };
        let effects = Effects {
            disputes: vec![(note, post)],
            answers: vec![answer],
            messages: messages.collect(),
            ..Effects::default()
        };
        if self.end(request, Trigger::Request(request.id), effects).await? {
            info!(request.id, note, post.id = %post, "entered a dispute");
        }
        Ok(())
    }

    async fn refuse(&self, request: &Request, why: String) -> Result<(), TaskError> {
        warn!(request.id, why, "a request cannot be done");
        self.end(request, Trigger::Refuse(request.id, why), Effects::default()).await.map(drop)
    }

    /// Ends a request, and tells the person who asked, if it was by message.
    async fn end(&self, request: &Request, trigger: Trigger, mut effects: Effects) -> Result<bool, TaskError> {
        if let Some(account) = AccountId::parse(&request.asked_by) {
            let state = match &trigger {
                Trigger::Lapse(_) => RequestState::Lapsed,
                Trigger::Refuse(..) => RequestState::Refused,
                _ => RequestState::Done,
            };
            let text = DmText::ended(request.id, state);
            effects.messages.push(Outgoing::text(MessageKind::RequestEnded(request.id), account, text.as_str()));
        }
        Ok(self.store.apply(trigger, effects, self.clock.now()).await?)
    }
}
