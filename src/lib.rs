//! verbale seals every formal direct message that an account sends: it publishes a hash of the message at once, so that
//! nobody can later deny that it existed, when, and to whom it was addressed, and nobody can invent one afterwards.
//!
//! This page is the map: the words, what never breaks, and the modules in the order in which to read them.
//!
//! # Words
//!
//! One word per idea, the same in code, log lines and pages.
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
//! | effect | something that is done once on the platform: a post, or a message |
//! | attempt | each time that an effect is given to the platform, written down before |
//! | outcome | the end of an effect: the post or message that the platform accepted |
//! | given up | an effect that nobody tries any more, and why, until a person sends it again (`verbale resend`) |
//! | run | several notes whose commitments one post carries |
//! | heartbeat | the daily post that says how many notes were sealed |
//! | gap | a period in which messages may have been missed, and why |
//! | unread part | messages between two numbers that the platform lists and that are not read yet |
//! | rejudgement | that messages which were not formal are judged once more, by the rules of today |
//! | proof | the file with which anybody checks one note |
//! | thread | the numbered series of posts that carries an opened note's text: its mirror in public |
//! | draft | what is to be sent as a note: a text, a file, or both |
//! | slip | the direct message from which its recipient can rebuild a note's commitment |
//! | official | somebody who may ask for openings: who holds a secret key of the openings (an age identity), or an account that the configuration names |
//! | request | what an official asks for: that a note is opened, or a dispute entered |
//! | approval | the word of a second official that a request may be done |
//! | person | an official with all of their keys and accounts: nobody approves what they asked for |
//! | disclosure bundle | the files of an opened note that become public |
//! | dispute | a public post that denies a note, as the log has it |
//! | mention | a public post that names the account: what anybody asks |
//! | answer | a public reply of ours |
//! | standing | how a note, or the whole log, stands in public |
//! | channel | where posts stand for everybody: X so far |
//! | source | where messages come from: the direct messages of X so far; in [`client`], where a published log is read |
//! | command | what an official writes to the account by direct message; also a subcommand of the program, in [`cli`] |
//! | code | six digits that come back before anything is published at a command |
//! | dm text | a direct message of ours to an official |
//! | task | one of the things that the daemon does, a bounded piece at a time |
//! | beat | the daemon's sign of life, given only while its tasks move |
//! | hold | to leave undone what this machine does not allow now, to say so, and to try again; also a lock that somebody has |
//! | vault | what encrypts openings before they are stored |
//! | public folder | the published log and the site, as files |
//! | receipt | the recipient's own word, in its own log and by its own post, that a note came |
//! | verdict | what somebody may say of a note after a check: proven, intact, fails, or not read |
//! | tie | what connects a proof with something outside of its file: who, or by when |
//! | later head | a head of the log after the one that a post shows, under which a note is too |
//! | packaging | how a proof comes: archive, folder, names; never evidence |
//! | report | what a check of a proof, or of a whole log, has shown, and what not |
//! | audit | the check of a whole log, from its first entry to its head |
//!
//! # Where things are
//!
//! | folder | what it holds |
//! |---|---|
//! | [`base`] | hashes, moments, text, identifiers and channels (`ids`), what X would rewrite in a text (`escape`), the clock that tasks get (`clock`, not in the core) |
//! | [`tlog`] | the log in the formats of C2SP: entries, tree, tiles, checkpoints, keys, witnesses' signatures, policies |
//! | [`note`] | a note's files: envelope, content, archive, slip, proof, and how a proof comes (`packaging`); how a note stands; all formats, in `FORMAT.md` |
//! | [`wording`] | the texts that are posted or sent, and those that are understood: posts, threads, answers, direct messages, commands |
//! | [`verify`] | what is checked, of one proof (`proof`, the checks by what they look at) or of a whole log (`log`), and the reports; `check` is one line of both |
//! | [`platform`] | what we ask of a platform (the port), and the client for X: `x/wire` makes a call, `x/limits` reads rate limits, `x/errors` sorts refusals, `x/parse` reads answers, `x/clocks` compares their moments |
//! | [`store`] | what must not be forgotten: the contract, a file a subject, and in `sqlite/` the database that holds it |
//! | [`site`] | the public pages, their words (`words.rs`), and the page that verifies (`verify.html`) |
//! | [`tasks`] | what the daemon does: [`seal`](tasks::seal) finds and seals messages, [`survey`](tasks::survey) looks whether correspondents can be reached and read, [`post`](tasks::post) posts, [`monitor`](tasks::monitor) reads our own posts again, [`inspect`](tasks::inspect) looks at stored openings again, [`deliver`](tasks::deliver) sends direct messages, [`disclose`](tasks::disclose) does what officials ask for, [`acknowledge`](tasks::acknowledge) gives receipts, [`reply`](tasks::reply) answers mentions and commands, [`publish`](tasks::publish) writes the public folder, [`replicate`](tasks::replicate) copies it; [`once`](tasks::once) is the engine that post and deliver share |
//! | [`client`] | reading a published log, from a folder or an address, for `verbale audit` and `verify --site` |
//! | [`sandbox`] | X, small, for tests and the demonstration; the feature `sandbox`, which is on unless it is switched off |
//! | [`app`] | the configuration, the HTTP server that hands out the public folder, and the daemon that runs the tasks |
//! | [`cli`] | the subcommands of the program |
//!
//! Documents that are made or checked by tests stand beside the code: `src/FORMAT.md`, `src/TAMPERING.md`,
//! `src/PACKAGING.md`, `src/LEAKS.md`, `src/WEATHER.md`, `src/CONFIGURATION.md`. Tests of the whole are in `tests/it`, a folder a layer; the head of `tests/it/main.rs` says what
//! is where. `tests/vectors` holds the test vectors, `tests/grammar` reads them with the grammar in `FORMAT.md`, `tests/page`
//! and `tests/go` judge the page and the log with other programs.
//!
//! | to add | touch |
//! |---|---|
//! | a task | its module in [`tasks`], with its settings; one line in the list in `app/daemon/tasks.rs` |
//! | a key of the configuration | the struct of its section: `tasks/<task>/settings.rs`, or `app/config/sections.rs` if it belongs to no task; the task that reads it; then `VERBALE_WRITE_CONFIGURATION=1 cargo test --lib app::config` |
//! | something that must be done once | its kind in `store/effects.rs`, and the call to the platform in `tasks/post` or `tasks/deliver` |
//! | a check of a proof or a log | its function in `verify/proof/*_checks.rs` or `verify/log`, the page's in `site/verify.html`, a vector in `tests/it/formats/vectors`, a way to tamper in `tests/it/adversary/tampering` |
//! | a kind of entry | `tlog/entry.rs`, `FORMAT.md`, vectors; who shows it: [`site`], [`verify`] |
//! | a public channel | its variant in `base/ids.rs` (how its posts are named, dated, and addressed), its client in [`platform`], the lengths it allows in [`wording`], its section and secrets in `app/config`, its line in `app/daemon/tasks.rs`, the check of its posts in `verify/proof/post_checks.rs` |
//! | a database | its SQL and its connection in a folder beside `store/sqlite`; its line in the suite of `tests/it/store`; the choice in `app/config` |
//! | a version of the schema | the next file in `store/schema`, and a database of the version before in `tests/store` |
//! | a language | its words beside those in [`wording`] and `site/words.rs`, and a table of words beside that of `site/verify.html` |
//! | a question that is asked by mention, or a command of officials | `wording/command.rs`, the answer in `wording/answer.rs` or `wording/dm.rs`, what is done in `tasks/reply`, a row of `LEAKS.md` |
//! | a subcommand | its module in [`cli`], and its line there |
//!
//! # What never breaks
//!
//! - **The core knows nothing of the world**: [`base`], [`tlog`], [`note`], [`wording`] and [`verify`] read no clock, no random
//!   numbers, no files, no network. Time, salt and bytes are arguments. The core is built alone with
//!   `--no-default-features`.
//! - **A module uses only those above it** in this file, and inside a folder only those above it in the `mod` lines of its
//!   `mod.rs`, which stand in that order. A folder has a test each in `tests/it/arch.rs`.
//! - **Sealed before said**: entry, opening and cursor become durable in one transaction, before anything is said in
//!   public.
//! - **Done once**: an effect is written down, then that it is about to be attempted; then it is done, and then its outcome
//!   is written down. After an attempt whose outcome nobody knows it is looked for on the platform before another attempt, and
//!   "could not be read" is never taken for "is absent". [`tasks::once`] is the only engine for this, for posts, messages and
//!   `send` alike, and says what a crash leaves at each step. A model in `tests/it/tasks/once_model` goes through every order
//!   of events; `tests/it/tasks/effects.rs`, `tests/it/tasks/faults.rs`, `tests/it/process/kills.rs` and
//!   `tests/it/process/storm.rs` try it.
//! - **Never rewritten**: the database refuses to change an entry or a head, a head is durable before it leaves, and on
//!   every start the root is computed anew and compared with every head that was signed, in the database, in the public
//!   folder and on our own timeline.
//! - **`init` makes a log, nothing else does**: what exists is never reused or overwritten.
//! - **Only one module does it**: only [`store`] writes the database, only `tasks::post` posts, only `tasks::deliver` and
//!   `cli::send` send messages, only `tasks::publish` writes the public folder, only `platform::x` knows an address of X
//!   (except that of a post, which the post's channel in [`base`] knows), only `app::config` reads secrets, only
//!   `app::daemon` knows all tasks, only [`cli`] reads arguments, writes to a person, and says where log lines go. Each of
//!   these has a test in `tests/it/arch/only.rs`, which also lists the exceptions (the sandbox plays X; the audit's scratch
//!   file is a database of its own).
//! - **Nothing private is shown**: types that hold text, salts or keys show nothing when debugged, and log lines and errors
//!   never carry them. In the [`store`] a note is an opening that the [`store::vault`] has encrypted to the officials' keys, and
//!   nothing else, until an official opens it in public. `LEAKS.md` lists what leaves the program for every command, and for
//!   everything that anybody may write to the account.
//! - **A key of the configuration is said once**: with its documentation, default and limits in the struct of its section,
//!   which is given to the task; the template and `CONFIGURATION.md` are made from it.
//! - **Everything a task does may be done twice** without harm, and everything has a stated limit.
//! - **Weather ends nothing**: what may pass by itself holds the task that meets it, and no other; the daemon ends only for
//!   what a new start mends, or for a contradiction, after which it stays down. [`tasks::trouble`] sorts it.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![deny(unreachable_pub)]

// The core: values in, values out.
pub mod base;
pub mod tlog;
pub mod note;
pub mod wording;
pub mod verify;

// What we ask of the world, what we remember, and what we show.
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
