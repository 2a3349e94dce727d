//! One look at the list of conversations: read page by page, and ended by our rule.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::base::ids::{AccountId, ConversationId};
use crate::base::time::{SKEW_MS_MAX, Time};
use crate::platform::{ConversationPage, ListedConversation, PageToken};

/// Most pages of one look, and most in a row that bring nothing new.
const PAGES_MAX: usize = 25;
const EMPTY_PAGES_MAX: usize = 3;

/// A look that is not finished.
pub(super) struct Look {
    /// Our own account.
    pub(super) me: AccountId,
    /// Whose conversations are looked for.
    correspondents: BTreeSet<AccountId>,
    /// Where the next page begins. None before the first page.
    pub(super) next: Option<PageToken>,
    marks: BTreeSet<String>,
    known: BTreeSet<String>,
    pages: usize,
    empty_pages: usize,
    /// The conversations with correspondents, by their identifiers.
    found: BTreeMap<String, ListedConversation>,
    /// Those that are still to be checked, once the list has ended.
    queue: Option<VecDeque<ListedConversation>>,
    /// What could not be seen, each once.
    pub(super) unseen: BTreeSet<String>,
}

impl Look {
    pub(super) fn new(me: AccountId, correspondents: BTreeSet<AccountId>) -> Look {
        Look {
            me,
            correspondents,
            next: None,
            marks: BTreeSet::new(),
            known: BTreeSet::new(),
            pages: 0,
            empty_pages: 0,
            found: BTreeMap::new(),
            queue: None,
            unseen: BTreeSet::new(),
        }
    }

    /// Whether the list has ended.
    pub(super) fn is_listed(&self) -> bool {
        self.queue.is_some()
    }

    /// Takes a page.
    pub(super) fn take(&mut self, page: ConversationPage, now: Time) {
        self.pages += 1;
        for unreadable in page.unreadable {
            let which =
                unreadable.id.map_or_else(|| format!("with the SHA-256 {}", unreadable.sha256), |id| id.to_string());
            self.unseen
                .insert(format!("an element {which} of the list of conversations cannot be read: {}", unreadable.why));
        }
        let known = self.known.len();
        for conversation in page.conversations {
            self.known.insert(conversation.id.to_string());
            self.keep(conversation, now);
        }
        self.empty_pages = if known < self.known.len() { 0 } else { self.empty_pages + 1 };
        let repeats = page.next.as_ref().is_some_and(|next| !self.marks.insert(next.0.clone()));
        let is_over = repeats || PAGES_MAX <= self.pages || EMPTY_PAGES_MAX <= self.empty_pages;
        self.next = page.next;
        if self.next.is_some() && is_over {
            let (count, pages) = (self.known.len(), self.pages);
            self.unseen.insert(format!("the list of conversations does not end: {count} in {pages} pages"));
        }
        if self.next.is_none() || is_over {
            self.end();
        }
    }

    /// Keeps a conversation with a correspondent, if it fits.
    fn keep(&mut self, conversation: ListedConversation, now: Time) {
        let is_of = |account: &AccountId| conversation.members.contains(account);
        if !self.correspondents.iter().any(is_of) {
            return;
        }
        let (id, newest) = (conversation.id.to_string(), conversation.newest);
        if conversation.id.pair().is_some() && !is_of(&self.me) {
            self.unseen.insert(format!("the list has a conversation {id}, which is not ours"));
        } else if let Some(newest) = newest.filter(|newest| SKEW_MS_MAX < newest.moment().ms_since(now)) {
            self.unseen.insert(format!("the newest message of {id} is of the future: {}", newest.moment()));
        } else {
            self.found.insert(id, conversation);
        }
    }

    /// The list has ended: what is there is to be checked, and the conversations of two that were not listed.
    fn end(&mut self) {
        let mut all = std::mem::take(&mut self.found);
        for account in &self.correspondents {
            let id = ConversationId::between(self.me, *account);
            let is_there = all
                .values()
                .any(|listed| listed.id.pair().is_some_and(|(one, other)| ConversationId::between(one, other) == id));
            if !is_there {
                let members = vec![self.me, *account];
                let silent = ListedConversation { id: id.clone(), members, ttl_ms: None, newest: None, has_key: false };
                all.insert(id.to_string(), silent);
            }
        }
        self.queue = Some(all.into_values().collect());
    }

    /// The next conversation to be checked.
    pub(super) fn next_to_check(&mut self) -> Option<ListedConversation> {
        self.queue.as_mut()?.pop_front()
    }
}
