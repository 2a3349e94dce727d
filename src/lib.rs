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
//! | intent, attempt, result | what is to be posted, each try, and where it was posted |
//! | run | several notes whose commitments one post carries |
//! | heartbeat | the daily post that says how many notes were sealed |
//! | gap | a period in which messages may have been missed, and why |
//! | proof | the file with which anybody checks one note |
//! | mirror | the numbered series of posts that carries an opened note's text |
//! | dispatch | what is to be sent as a note: a text, a file, or both |
//! | slip | the direct message from which its recipient can rebuild a note's commitment |
//! | official | somebody who may ask for openings: the holder of an identity, or an account that the configuration names |
//! | request | what an official asks for: that a note is opened, or a dispute entered |
//! | approval | the word of a second official that a request may be done |
//! | person | an official with all of their keys and accounts: nobody approves what they asked for |
//! | release | the files of an opened note that are public |
//! | dispute | a public post that denies a note, as the log has it |
//! | mention | a public post that names the account: what anybody asks |
//! | answer | a public reply of ours |
//! | command | what an official writes to the account by direct message |
//! | code | six digits that come back before anything is published at a command |
//! | letter | a direct message of ours to an official |
//! | receipt | the recipient's own word, in its own log and by its own post, that a note came |
//! | report | what a check of a proof, or of a whole log, has shown, and what not |
//! | audit | the check of a whole log, from its first entry to its head |
//!
//! # What never breaks
//!
//! - **The core knows nothing of the world**: no clock, no chance, no files, no network. Time and salt are arguments. It is
//!   built alone with `--no-default-features`.
//! - **A module uses only those above it** in this file.
//! - **Sealed before said**: entry, opening and cursor become durable in one transaction before anything is said in public.
//! - **Posted once**: intent recorded, then posted, then the result recorded. After an unknown outcome the post is looked
//!   for before it is tried again, and "could not be read" is never taken for "is absent".
//! - **Never rewritten**: the database refuses to change an entry or a head, a head is durable before it leaves, and on
//!   every start the root is computed anew and compared with every head that was signed, in the database, in the public
//!   folder and on our own timeline.
//! - **`init` creates, nothing else does**: what exists is never reused or overwritten.
//! - **Only [`store`] writes the database, only [`publisher`] posts, only [`courier`] and [`sender`] send messages, only
//!   [`public`] writes the public folder, only `platform::x` knows an address of X, only [`config`] reads secrets, only
//!   [`daemon`] knows everybody, only [`cli`] reads arguments.**
//! - **Nothing private is shown**: types that hold text, salts or keys show nothing when debugged, and log lines and errors
//!   never carry them. A note leaves the [`store`] in two ways only: as an opening encrypted by the [`vault`], and as what an
//!   official has opened in public. `LEAKS.md` lists what leaves the program, whatever anybody writes to the account, and
//!   whatever command is given.
//! - **Everything a loop does may be done twice** without harm, and everything has a stated limit.
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
