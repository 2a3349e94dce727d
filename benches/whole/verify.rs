//! Checking one proof: a whole process, from its start to its exit.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use verbale::base::hash::Hash;
use verbale::base::ids::{Channel, ConversationId, MessageId, SourceMessage};
use verbale::base::time::Time;
use verbale::note::proof::{OpenedContent, Proof, PublishedPost};
use verbale::note::{Content, Correspondence, Envelope, Header, Salt};
use verbale::sandbox::{EMBASSY, MINISTRY};
use verbale::tlog::checkpoint::Checkpoint;
use verbale::tlog::entry::Entry;
use verbale::tlog::signed_note::LogKey;
use verbale::tlog::tlog_proof::TlogProof;
use verbale::tlog::tree::{Tree, leaf_hash};
use verbale::wording::post::PostText;

use crate::machine::{Row, Times};
use crate::place;

const ENTRIES: u64 = 100_000;
const ROUNDS: usize = 300;
/// When the note's message was sent.
fn sent() -> Time {
    Time::from_ms(1_800_000_000_123)
}

fn envelope(content: &Content) -> Envelope {
    Envelope {
        log: place::origin(),
        note: 1,
        from: place::account(EMBASSY, "embassy"),
        to: vec![place::account(MINISTRY, "ministry")],
        conversation: ConversationId::between(EMBASSY, MINISTRY),
        message: SourceMessage::XDm(MessageId::first_at(sent())),
        sent: sent(),
        seen: sent().plus_ms(2_000),
        beacon: None,
        correspondence: Correspondence { count: 1, previous: Hash::ZERO },
        content: content.hash(),
        salt: Salt::from_bytes([6; 32]),
    }
}

/// The proof of one note, opened, in a log of many entries.
fn proof(key: &LogKey) -> anyhow::Result<Proof> {
    let record = serde_json::json!({
        "id": Channel::X.first_at(sent()).to_string(), "event_type": "MessageCreate", "text": place::TEXT,
        "sender_id": EMBASSY.to_string(), "dm_conversation_id": ConversationId::between(EMBASSY, MINISTRY).as_str(),
    });
    let record = record.to_string().into_bytes();
    let header = Header::of_message(Salt::from_bytes([5; 32]), &record, Vec::new(), Vec::new());
    let content = Content { header, text: Some(place::TEXT.to_owned()) };
    let envelope = envelope(&content);
    let commitment = envelope.commitment();
    let entry = Entry::Note { time: sent().plus_ms(2_010), note: 1, commitment }.to_line();
    let mut tree = Tree::new();
    (1..ENTRIES).for_each(|i| tree.push(leaf_hash(format!("other {i}\n").as_bytes())));
    tree.push(leaf_hash(entry.as_bytes()));
    let (index, size, root) = (ENTRIES - 1, ENTRIES, tree.root());
    let id = Channel::X.first_at(sent().plus_ms(2_500));
    Ok(Proof {
        note: 1,
        envelope: envelope.to_text().into_bytes(),
        entry,
        tlog_proof: TlogProof {
            index,
            path: tree.inclusion(index, size).context("the entry is in the tree")?,
            checkpoint: Checkpoint { origin: place::origin(), size, root }.sign(key),
        },
        vkey: key.vkey(),
        post: Some(PublishedPost {
            account: place::account(EMBASSY, "embassy"),
            post: Channel::X.post(id),
            address: format!("https://x.com/embassy/status/{id}"),
            text: PostText::Note { note: 1, commitment, size, root }.to_text(),
        }),
        content: Some(OpenedContent {
            content: content.to_text().into(),
            records: vec![record],
            attachments: Vec::new(),
        }),
    })
}

/// The exit status of *intact, not proven yet*: the proof alone shows no more.
const INTACT: i32 = 4;

/// A program, started without anything to read or to say. Ours must find the proof intact, any other must succeed.
fn run(program: &str, arguments: &[&str], folder: &Path) -> anyhow::Result<Duration> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Instant::now();
    let status = command.status().with_context(|| format!("cannot start {program}"))?;
    let time = begun.elapsed();
    let expected = if program == place::PROGRAM { INTACT } else { 0 };
    ensure!(status.code() == Some(expected), "{program} {} ended with {status}", arguments.join(" "));
    Ok(time)
}

/// A time stamp of the envelope by an authority made for the occasion, so that `openssl ts -verify` has work to do.
fn stamp(folder: &Path) -> anyhow::Result<()> {
    let text = "[tsa]\ndefault_tsa = one\n[one]\nserial = serial\nsigner_digest = sha256\ndefault_policy = 1.2.3.4\n\
                digests = sha256\n";
    fs::write(folder.join("tsa.cnf"), text)?;
    let openssl = |arguments: &str| run("openssl", &arguments.split(' ').collect::<Vec<_>>(), folder);
    openssl(
        "req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=tsa -days 2 \
             -addext extendedKeyUsage=critical,timeStamping",
    )?;
    openssl("ts -query -data envelope -sha256 -cert -out query.tsq")?;
    openssl("ts -reply -config tsa.cnf -queryfile query.tsq -signer cert.pem -inkey key.pem -out reply.tsr")?;
    Ok(())
}

/// Measures.
pub fn rows() -> anyhow::Result<Vec<Row>> {
    let folder = place::folder()?;
    let folder = folder.path();
    let key = LogKey::from_seed(place::origin(), [1; 32]);
    let (proof, vkey) = (proof(&key)?, key.vkey().to_string());
    fs::write(folder.join("envelope"), &proof.envelope)?;
    fs::write(folder.join("note-1.proof.zip"), proof.pack())?;
    let mut programs: Vec<(&str, Vec<&str>, Vec<Duration>)> =
        vec![(place::PROGRAM, vec!["verify", "--log", &vkey, "note-1.proof.zip"], Vec::new())];
    let mut others = vec![
        ("true", vec![]),
        ("sha256sum", vec!["envelope"]),
        ("openssl", vec!["ts", "-verify", "-data", "envelope", "-in", "reply.tsr", "-CAfile", "cert.pem"]),
    ];
    if let Err(error) = stamp(folder) {
        eprintln!("skipped: openssl ({error:#})");
        others.pop();
    }
    for (program, arguments) in others {
        match run(program, &arguments, folder) {
            Ok(_) => programs.push((program, arguments, Vec::new())),
            Err(error) => eprintln!("skipped: {program} ({error:#})"),
        }
    }
    // Each in turn, so that whatever else the machine does meets all of them alike.
    for _ in 0..ROUNDS {
        for (program, arguments, times) in &mut programs {
            times.push(run(program, arguments, folder)?);
        }
    }
    let mut medians = programs.into_iter().map(|(program, arguments, times)| {
        let words = arguments.iter().take_while(|word| !word.contains('=')).take(2);
        (format!("`{program} {}`", words.copied().collect::<Vec<_>>().join(" ")), Times::of(times).median())
    });
    let (_, ours) = medians.next().context("we are the first")?;
    Ok(vec![Row {
        work: format!("check one proof, a whole process ({ENTRIES} entries, content opened)"),
        others: medians.map(|(name, median)| format!("{name} {median}")).collect(),
        ours,
        target: "≤ 3 ms",
    }])
}
