//! verbale seals every formal direct message that an account sends: it publishes a hash of the message at once, so that
//! nobody can later deny that it existed, when, and to whom it was addressed, and nobody can invent one afterwards.
//!
//! This page is the map: the words, what never breaks, and the modules in the order in which to read them.
//!
//! # Words
//!
//! One word per idea, the same in code, commands, log lines and pages.
//!
//! | word | meaning |
//! |---|---|
//! | note | a formal message: who wrote to whom, when, and what |
//! | envelope | a note without its text, as a file |
//! | content | a note's text and the hashes of its files, as a file |
//! | commitment | the SHA-256 of an envelope: what is published |
//! | opening | everything private about a note: what somebody needs to check a commitment |
//! | entry | one line of the log, and one leaf of its tree |
//! | head | size and root of the log at one moment; signed, it is a checkpoint |
//! | inclusion proof | shows that an entry is under a head |
//! | consistency proof | shows that one head continues another |
//! | post | the public message that shows a commitment and a head |
//! | effect, attempt, outcome | what is to be posted or sent once, each attempt at it, and where it stands or why it was given up |
//! | run | several notes whose commitments one post carries |
//! | heartbeat | the daily post that says how many notes were sealed |
//! | gap | a period in which messages may have been missed, and why |
//! | proof | the file with which anybody checks one note |
//! | thread | the numbered series of posts that carries an opened note's text: its mirror in public |
//! | draft | what is to be sent as a note: a text, a file, or both |
//! | slip | the direct message from which its recipient can rebuild a note's commitment |
//! | official | somebody who may ask for openings: the holder of an identity, or an account that the configuration names |
//! | request | what an official asks for: that a note is opened, or a dispute entered |
//! | approval | the word of a second official that a request may be done |
//! | person | an official with all of their keys and accounts: nobody approves what they asked for |
//! | disclosure bundle | the files of an opened note that become public |
//! | dispute | a public post that denies a note, as the log has it |
//! | mention | a public post that names the account: what anybody asks |
//! | answer | a public reply of ours |
//! | standing | how a note, or the whole log, stands in public |
//! | channel | where posts stand for everybody: X so far |
//! | source | where messages come from: the direct messages of X so far |
//! | command | what an official writes to the account by direct message |
//! | code | six digits that come back before anything is published at a command |
//! | dm text | a direct message of ours to an official |
//! | receipt | the recipient's own word, in its own log and by its own post, that a note came |
//! | report | what a check of a proof, or of a whole log, has shown, and what not |
//! | audit | the check of a whole log, from its first entry to its head |
//!
//! # Where things are
//!
//! | folder | what it holds |
//! |---|---|
//! | [`base`] | hashes, moments, text, identifiers, what X would rewrite in a text |
//! | [`tlog`] | the log in the formats of C2SP: entries, tree, tiles, checkpoints, keys, witnesses' signatures, policies |
//! | [`note`] | a note's files: envelope, content, archive, slip, proof; how a note stands |
//! | [`wording`] | every text that leaves, every text that is understood |
//! | [`verify`] | what is checked, of one proof or of a whole log, and the report |
//! | [`platform`] | what we ask of a platform (the port), and the client for X |
//! | [`store`] | what must not be forgotten: the contract by subject, and the database that holds it |
//! | [`site`] | the public pages, and the page that verifies |
//! | [`tasks`] | what the daemon does: seal, post, deliver, disclose, acknowledge, reply, publish, replicate |
//! | [`client`] | reading a published log, from a folder or an address |
//! | [`sandbox`] | X, small, for tests and the demonstration |
//! | [`app`] | the configuration, the HTTP server, and the daemon that runs the tasks |
//! | [`cli`] | the commands |
//!
//! | to add | touch |
//! |---|---|
//! | a task | its module in [`tasks`], with its settings; one line in the list in `app/daemon/tasks.rs` |
//! | a key of the configuration | the struct of its section, and the task that reads it |
//! | an effect that must happen once | its kind in `store/effects.rs`, and its remote act beside the task that does it |
//! | a check of a proof or a log | its function in [`verify`], the page's in `site/verify.html`, vectors, a row of `TAMPERING.md` |
//! | a kind of entry | `tlog/entry.rs`, `FORMAT.md`, vectors; who shows it: [`site`], [`verify`] |
//! | a public channel | its variant in `base/ids.rs` (moments, addresses), its client in [`platform`], its lengths in [`wording`] |
//! | a database | its SQL and its connection, beside `store/sqlite`; the conformance suite in `tests/it/store` |
//! | a language | its words beside those in [`wording`] and `site/words.rs`, and a markup and a table of words beside those of `site/verify.html` |
//! | a command | its module in [`cli`], and its line there |
//!
//! # What never breaks
//!
//! - **The core knows nothing of the world**: no clock, no random numbers, no files, no network. Time and salt are
//!   arguments. It is built alone with `--no-default-features`.
//! - **A module uses only those above it** in this file, and inside a folder only those above it in that folder's list.
//! - **Sealed before said**: entry, opening and cursor become durable in one transaction, before anything is said in
//!   public.
//! - **Done once**: an effect recorded, then the attempt, then done, then the result recorded. After an unknown outcome
//!   it is looked for before another attempt, and "could not be read" is never taken for "is absent". `tasks::once` is
//!   the only engine for this, for posts and messages alike.
//! - **Never rewritten**: the database refuses to change an entry or a head, a head is durable before it leaves, and on
//!   every start the root is computed anew and compared with every head that was signed, in the database, in the public
//!   folder and on our own timeline.
//! - **`init` creates, nothing else does**: what exists is never reused or overwritten.
//! - **Only one module does it**: only [`store`] writes the database, only `tasks::post` posts, only `tasks::deliver` and
//!   `cli::send` send messages, only `tasks::publish` writes the public folder, only `platform::x` knows an address of X
//!   (except that of a post, which the post's channel in [`base`] knows), only `app::config` reads secrets, only
//!   `app::daemon` knows all modules, only [`cli`] reads arguments, writes to a person, and says where log lines go. Each of
//!   these sentences has a test in `tests/it/arch/only.rs`.
//! - **Nothing private is shown**: types that hold text, salts or keys show nothing when debugged, and log lines and errors
//!   never carry them. A note leaves the [`store`] in two ways only: as an opening encrypted by the [`store::vault`],
//!   and as what an official has opened in public. `LEAKS.md` lists what leaves the program for every command, and for
//!   everything that anybody may write to the account.
//! - **A key of the configuration is said once**: with its documentation, default and limits in the struct of its section,
//!   which is given to the task; the template and `CONFIGURATION.md` are made from it.
//! - **Everything a task does may be done twice** without harm, and everything has a stated limit.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![deny(unreachable_pub)]

// The core: values in, values out.
pub mod base;
pub mod tlog;
pub mod note;
pub mod wording;
pub mod verify;

// What we ask of the world, and who answers.
#[cfg(feature = "daemon")]
pub mod platform;
#[cfg(feature = "daemon")]
pub mod store;
#[cfg(feature = "daemon")]
pub mod site;

// What the daemon does.
#[cfg(feature = "daemon")]
pub mod tasks;

// The edges.
#[cfg(feature = "daemon")]
pub mod client;
#[cfg(feature = "sandbox")]
pub mod sandbox;
#[cfg(feature = "daemon")]
pub mod app;
#[cfg(feature = "daemon")]
pub mod cli;
