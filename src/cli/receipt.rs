//! `verbale receipt`: the reader's side. Notes that came with a slip, receipts for them, and what a proof takes from a
//! receipt.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use serde::Serialize;

use super::{Failure, Installation, Output, disclosure, input, liveness, prove};
use crate::app::config::Config;
use crate::app::daemon;
use crate::base::clock::Clock;
use crate::base::hash::Hash;
use crate::base::ids::AccountId;
use crate::cli::send::sender;
use crate::note::proof::{Files, Receipt};
use crate::note::{ARCHIVE_BYTES_MAX, Envelope, names};
use crate::platform::price::{Billed, usd};
use crate::platform::{Platform, x};
use crate::store::{Reader, Received, RequestClient};
use crate::tasks::acknowledge::{self, FoundSlip, Reading};
use crate::tasks::rules::Correspondent;
use crate::tasks::settings::values;
use crate::tlog::signed_note::VerifierKey;
use crate::tlog::tlog_proof::TlogProof;
use crate::verify::proof::{self, Trust};

/// List the notes that others sent with a slip, and give receipts for them
///
/// Reads the conversation with the sender. A note that came with its slip can be rebuilt: the list says for each whether slip,
/// message and files are what the sender committed to, and whether this account has given a receipt.
///
/// With `--publish` the receipt is handed to this installation's daemon, which enters it in this account's own log and posts
/// it: the note's number, its hash, and nothing of what it says. It says first what will become public, and asks.
///
/// With `--add-to` the receipt goes into a copy of a proof, which then shows that the note was delivered, by this
/// account's word, to whoever knows its log's key or has looked at its post.
#[derive(clap::Args)]
#[command(after_long_help = "\
Example:
  verbale receipt --from embassy                           what came, and what holds
  verbale receipt 17 --from embassy --publish
  verbale receipt 17 --add-to note-17.proof.zip --out received.zip
  verbale verify --receipt-log public/log.vkey received.zip

Exit status:
  0 done, or handed over
  1 a note is not what its slip says, there is no such note or receipt, or X refuses
  2 the arguments, a file or the configuration cannot be used")]
pub struct Arguments {
    /// The note's number in its sender's log
    #[arg(value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub note: Option<u64>,

    /// Who sent the notes, by name or number
    #[arg(long, value_name = "NAME|ID", value_parser = values::correspondent, required_unless_present = "add_to")]
    pub from: Option<Correspondent>,

    /// Give a receipt for the note, in public
    #[arg(long, requires = "note")]
    pub publish: bool,

    /// Do not ask: for programs
    #[arg(long, requires = "publish")]
    pub yes: bool,

    /// The proof to add the receipt to, as it was handed to you
    #[arg(long, value_name = "PROOF", requires = "out", conflicts_with = "publish")]
    pub add_to: Option<PathBuf>,

    /// The file to write, which must not exist yet
    #[arg(long, value_name = "FILE", requires = "add_to")]
    pub out: Option<PathBuf>,

    /// The installation.
    #[command(flatten)]
    pub installation: Installation,

    /// How to answer.
    #[command(flatten)]
    pub output: Output,
}

/// One note that came, as `--json` writes it.
#[derive(Serialize)]
struct ListedNote {
    log: String,
    note: u64,
    message: String,
    sent: String,
    commitment: String,
    /// Why it is not what its slip says. None if it is.
    fails: Option<String>,
    /// Whether this account's log has a receipt for it.
    receipted: bool,
    post: Option<String>,
}

/// Lists the notes, gives a receipt, or adds one to a proof.
///
/// # Errors
/// If X, the configuration, the database or a file cannot be used.
pub async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::load(&arguments.installation.config)?;
    let reader = Reader::open(&config.log.database)?;
    if let (Some(proof), Some(out)) = (&arguments.add_to, &arguments.out) {
        return add(&config, &reader, arguments.note, proof, out).await;
    }
    let Some(sender) = &arguments.from else { return Ok(ExitCode::SUCCESS) };
    let (from, found) = read(&config, &reader, sender).await?;
    let wanted = |one: &&FoundSlip| arguments.note.is_none_or(|note| one.envelope.note == note);
    let found: Vec<&FoundSlip> = found.iter().filter(wanted).collect();
    if let Some(note) = arguments.note.filter(|_| found.is_empty()) {
        let what = format!("no slip of note {note} is in the conversation with {from}");
        return Err(Failure::failed(what, "ask its sender for the slip, or see what came without a number").into());
    }
    if arguments.publish {
        if !is_named(&config, &reader, sender, from).await? {
            let what = format!("the configuration does not say that notes of {sender} get receipts");
            return Err(Failure::unusable(what, "add the account to `from` of [receipt] and restart the daemon").into());
        }
        return give(arguments, &config, &reader, from, &found).await;
    }
    if found.is_empty() && !arguments.output.json {
        super::tell(format_args!("no note with a slip is in the conversation with {sender}"));
    }
    let mut fails = false;
    for one in found {
        fails |= matches!(one.reading, Reading::Fault(_));
        write(&reader, one, &arguments.output).await?;
    }
    Ok(if fails { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Who the sender is, and the notes that came with a slip.
async fn read(config: &Config, reader: &Reader, from: &Correspondent) -> anyhow::Result<(AccountId, Vec<FoundSlip>)> {
    let clock = Clock::system();
    let platform = daemon::platform(config, &clock)?;
    if let Some(account) = reader.own_account().await? {
        platform.know_me(account.id);
    }
    let from = identify(&platform, reader, from).await?;
    Ok((from, acknowledge::list(&platform, from).await?))
}

async fn identify(platform: &dyn Platform, reader: &Reader, from: &Correspondent) -> anyhow::Result<AccountId> {
    sender::identify(platform, reader, from).await.map_err(|error| match error {
        sender::Error::Unfit(unfit) => Failure::unusable(unfit.what, unfit.remedy).into(),
        error => error.into(),
    })
}

async fn write(reader: &Reader, found: &FoundSlip, output: &Output) -> anyhow::Result<()> {
    let Envelope { log, note, message, sent, .. } = &found.envelope;
    let commitment = found.envelope.commitment();
    let receipt = reader.receipt(log, *note).await.or_else(not_covered)?;
    let fails = match &found.reading {
        Reading::Note(_) => None,
        Reading::Fault(fault) => Some(fault.to_string()),
    };
    let post = receipt.as_ref().and_then(|(_, row)| row.post.as_ref()).map(|(post, _)| post.to_string());
    let mut out = io::stdout().lock();
    if output.json {
        let answer = ListedNote {
            log: log.to_string(),
            note: *note,
            message: message.to_string(),
            sent: sent.to_string(),
            commitment: commitment.to_string(),
            fails,
            receipted: receipt.is_some(),
            post,
        };
        writeln!(out, "{}", serde_json::to_string(&answer)?)?;
        return Ok(());
    }
    writeln!(out, "note {note} of the log {log}, message {message}, sent {sent}\n  sha256 {commitment}")?;
    match fails {
        None => writeln!(out, "  slip, message and files are what the sender committed to")?,
        Some(why) => writeln!(out, "  FAILS: {why}")?,
    }
    match (receipt, post) {
        (None, _) => writeln!(out, "  no receipt was given")?,
        (Some(_), None) => writeln!(out, "  a receipt is in this account's log, and not posted yet")?,
        (Some(_), Some(post)) => writeln!(out, "  receipt posted: {post}")?,
    }
    Ok(())
}

/// Gives a receipt to the daemon, and waits for its post.
async fn give(
    arguments: &Arguments,
    config: &Config,
    reader: &Reader,
    from: AccountId,
    found: &[&FoundSlip],
) -> anyhow::Result<ExitCode> {
    // The same slip may come twice: an answer was lost, and it was sent again.
    let mut notes: Vec<&FoundSlip> = Vec::new();
    for one in found.iter().filter(|one| matches!(one.reading, Reading::Note(_))).chain(found) {
        if notes.iter().all(|known| known.envelope != one.envelope) {
            notes.push(one);
        }
    }
    let [one] = notes[..] else {
        let what = format!("{} notes of this number are in the conversation", notes.len());
        return Err(Failure::failed(what, "see them without `--publish`, and ask their sender which one counts").into());
    };
    let received = match &one.reading {
        Reading::Note(received) => received,
        Reading::Fault(why) => {
            let what = format!("the note is not what its slip says: {why}");
            return Err(Failure::failed(what, "a receipt is given for exactly what came: ask its sender").into());
        }
    };
    let Received { log, note, commitment } = received;
    if reader.receipt(log, *note).await.or_else(not_covered)?.is_none() {
        let price = usd(Billed::PostCreate.price_usd_micros());
        println!("This becomes public, and cannot be taken back:");
        println!("  this account has received note {note} of the log {log}");
        println!("  sha256 {commitment}");
        println!("  one post on X, {price}");
        if !arguments.yes {
            disclosure::confirm("Publish it?")?;
        }
        RequestClient::open(&config.log.database)?.ask_receipt(one.slip, from, received.clone()).await?;
    }
    follow(config, reader, one, received).await
}

/// Whether the configuration names the sender: by the same text, or by the same number.
async fn is_named(config: &Config, reader: &Reader, sender: &Correspondent, from: AccountId) -> anyhow::Result<bool> {
    for named in &config.receipt.from {
        let id = match named {
            Correspondent::Id(id) => Some(*id),
            Correspondent::Name(name) => reader.correspondent(name).await?,
        };
        if id == Some(from) || named.to_string().eq_ignore_ascii_case(&sender.to_string()) {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn follow(config: &Config, reader: &Reader, found: &FoundSlip, received: &Received) -> anyhow::Result<ExitCode> {
    let mut is_told = false;
    loop {
        let daemon = liveness::daemon(reader).await?;
        let receipt = reader.receipt(&received.log, received.note).await;
        if let Some((commitment, row)) = receipt.or_else(not_covered)? {
            if commitment != received.commitment {
                let what = format!("this log has a receipt for another note of this number, {commitment}");
                return Err(Failure::failed(what, "its sender has sealed two notes under one number").into());
            }
            if let Some((post, _)) = row.post {
                let account = reader.own_account().await?.context("the database does not say who posted")?;
                println!("received: it is entry {} of this account's log", row.index);
                println!("{}", x::address_of(config.x.web.as_str(), &account.name, post.id));
                return Ok(ExitCode::SUCCESS);
            }
        }
        if let Some(why) = reader.refusal(found.slip).await? {
            return Err(Failure::failed(why, "nothing was published by it").into());
        }
        if let Some(why) = daemon.waits_in_vain("it is done") {
            println!("it is kept, but {why}");
            return Ok(ExitCode::SUCCESS);
        }
        if !is_told {
            println!("handed over: the daemon goes on with it even if this command is stopped");
            is_told = true;
        }
        tokio::time::sleep(disclosure::LOOK).await;
    }
}

/// An entry may be in the log for a moment before a head covers it.
fn not_covered<T>(error: crate::store::Error) -> Result<Option<T>, crate::store::Error> {
    match error {
        crate::store::Error::Refused(_) => Ok(None),
        error => Err(error),
    }
}

/// Writes a copy of a proof with this account's receipt in it.
async fn add(
    config: &Config,
    reader: &Reader,
    note: Option<u64>,
    proof: &Path,
    out: &Path,
) -> anyhow::Result<ExitCode> {
    let shown = proof.display();
    let no_proof = |why: String| {
        Failure::unusable(format!("{shown}: {why}"), "give the file note-<n>.proof.zip as it was handed to you")
    };
    let files = Files::unpack(&input::bytes(proof, ARCHIVE_BYTES_MAX)?).map_err(|error| no_proof(error.to_string()))?;
    let of = files.iter().find_map(|(name, _)| names::note_of_envelope(name));
    let envelope = of.and_then(|note| files.get(&names::envelope(note)));
    let bytes = envelope.ok_or_else(|| no_proof("it has no envelope".to_owned()))?;
    let envelope = Envelope::parse(bytes).map_err(|error| no_proof(error.to_string()))?;
    if let Some(note) = note.filter(|note| *note != envelope.note) {
        return Err(no_proof(format!("it is of note {}, not {note}", envelope.note)).into());
    }
    let (note, log) = (envelope.note, &envelope.log);
    let receipt = receipt(config, reader, &envelope, Hash::of(bytes)).await?;
    let zip = files.with_receipt(&receipt).pack();
    let own = VerifierKey::parse(&reader.vkey().await?).context("the database holds a key that is none")?;
    let trust = Trust { receipt_log: Some(own.into()), ..Trust::default() };
    let report = proof::verify(&zip, &trust);
    if report.is_broken() {
        let what = format!("{shown}: {}", report.summary());
        return Err(Failure::failed(what, "see why with `verbale verify`").into());
    }
    prove::write_new(out, &zip)?;
    println!("wrote {}: note {note} of {log}, with the receipt of this account", out.display());
    if receipt.post.is_none() {
        println!("the receipt is not posted yet: make it again when it is, so that it shows whose it is");
    }
    Ok(ExitCode::SUCCESS)
}

async fn receipt(config: &Config, reader: &Reader, envelope: &Envelope, commitment: Hash) -> anyhow::Result<Receipt> {
    let (note, log) = (envelope.note, &envelope.log);
    let Some((given, row)) = reader.receipt(log, note).await? else {
        let what = format!("this account has given no receipt for note {note} of {log}");
        return Err(Failure::failed(what, "give one with `verbale receipt N --from NAME --publish`").into());
    };
    if given != commitment {
        let what = format!("the receipt is for {given}, and the proof's envelope has the SHA-256 {commitment}");
        return Err(Failure::failed(what, "ask the sender for the proof of the note that came").into());
    }
    Ok(Receipt {
        post: prove::published(config, reader, &row).await?,
        entry: row.entry,
        inclusion: TlogProof { index: row.index, path: row.path, checkpoint: row.checkpoint },
        vkey: VerifierKey::parse(&reader.vkey().await?).context("the database holds a key that is none")?,
    })
}
