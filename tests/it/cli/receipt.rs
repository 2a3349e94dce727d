//! Two installations and one X: an embassy sends notes with their slips, a ministry rebuilds them, and gives receipts.

use tokio::process::Command;
use verbale::base::ids::{Account, AccountId, Channel, ConversationId, MessageId, Origin, SourceMessage};
use verbale::note::slip::{SLIP_BYTES_MAX, Slip};
use verbale::note::{AttachmentRef, Content, Correspondence, Envelope, FileRef, Header, Salt};
use verbale::sandbox::world::{Call, Event, EventKind, Fault, How, Moment, Outgoing};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY, World};

use crate::support::harness::MARKER;
use crate::support::installation::{Installation, server, until};
use crate::support::process::stop;
use crate::support::sandbox_server::SandboxServer;

/// Stands in every note, and may be written nowhere by the ministry.
const PRIVATE: &str = "the vessel Aurora";

fn text() -> String {
    format!("{MARKER}: release {PRIVATE} & <all> of https://example.org/crew at once.")
}

fn send(server: &SandboxServer, from: AccountId, to: AccountId, text: &str, file: Option<&[u8]>) -> MessageId {
    server.world.with(|world, now| {
        let media = file.map(|bytes| world.upload(now, from, "image/png", bytes.to_vec())).into_iter().collect();
        world.send(now, from, to, &Outgoing { text: text.to_owned(), media }).unwrap()
    })
}

/// The slips that are there.
fn slips(server: &SandboxServer) -> Vec<Slip> {
    let slip = |event: &Event| match &event.kind {
        EventKind::Message { written, .. } => Slip::parse(written).ok(),
        _ => None,
    };
    server.world.with(|world, _| world.events().filter_map(slip).collect())
}

/// The posts of an account that begin so.
fn posts(world: &World, author: AccountId, beginning: &str) -> usize {
    world.posts().filter(|post| post.author == author && post.words.text.starts_with(beginning)).count()
}

#[tokio::test]
async fn a_note_its_slip_and_its_receipt() {
    let server = server().await;
    let (embassy, ministry) = (Installation::embassy(&server), Installation::ministry(&server, true));
    let (mut sending, mut receiving) = (embassy.run().await, ministry.run().await);
    send(&server, EMBASSY, MINISTRY, &text(), Some(b"a picture"));
    until(&server, "the receipt", |world| posts(world, MINISTRY, "Received note 1\n") == 1).await;
    ministry.counted("SELECT count(*) FROM outcome WHERE channel = 'x'", 1).await;
    embassy.counted("SELECT count(*) FROM outcome WHERE channel = 'x-dm'", 1).await;
    let slips = slips(&server);
    assert_eq!((slips.len(), embassy.count("SELECT count(*) FROM note")), (1, 1), "a slip is no note");
    let hash = slips[0].envelope.commitment();
    let shown = server.world.with(|world, _| {
        let post = world.posts().find(|post| post.author == MINISTRY).unwrap();
        post.words.text.clone()
    });
    assert!(shown.starts_with(&format!("Received note 1\nsha256 {hash}\nlog ")), "{shown}");

    let (status, said) = ministry.say(&["receipt", "--from", "embassy"]).await;
    assert!(status == 0 && said.contains("are what the sender committed to\n  receipt posted: "), "{status} {said}");
    assert!(said.contains(&hash.to_string()) && !said.contains(PRIVATE), "{said}");

    let [proof, both] = ["proof.zip", "both.zip"].map(|name| embassy.path(name).to_str().unwrap().to_owned());
    assert_eq!(embassy.say(&["prove", "1", "--out", &proof]).await.0, 0);
    let (status, said) = ministry.say(&["receipt", "1", "--add-to", &proof, "--out", &both]).await;
    assert_eq!(status, 0, "{said}");
    let (log, receipt_log) = (embassy.vkey.to_string(), ministry.vkey.to_string());
    let mut verify = Command::new(env!("CARGO_BIN_EXE_verbale"));
    let output = verify.args(["verify", "--log", &log, "--receipt-log", &receipt_log, &both]).output().await.unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(4), "{report}");
    let word = format!(
        "shown: the recipient's word, its countersigned receipt: whoever holds the key {}",
        ministry.vkey.name_and_id()
    );
    assert!(report.contains(&word), "{report}");

    ministry.keeps_nothing(PRIVATE);
    stop(&mut sending, "TERM").await;
    stop(&mut receiving, "TERM").await;
    assert_eq!(server.world.with(|world, _| world.posts().count()), 2);
}

#[tokio::test]
async fn a_receipt_is_given_by_hand_and_never_without_asking() {
    let server = server().await;
    let (embassy, ministry) = (Installation::embassy(&server), Installation::ministry(&server, false));
    let (mut sending, mut receiving) = (embassy.run().await, ministry.run().await);
    send(&server, EMBASSY, MINISTRY, &text(), None);
    embassy.counted("SELECT count(*) FROM outcome WHERE channel = 'x-dm'", 1).await;
    stop(&mut sending, "TERM").await;
    let (status, said) = ministry.say(&["receipt", "--from", "embassy", "--json"]).await;
    let answer: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((status, &answer["receipted"], &answer["fails"]), (0, &false.into(), &serde_json::Value::Null));

    let publish = ["receipt", "1", "--from", "embassy", "--publish"];
    let (status, said) = ministry.say(&publish).await;
    assert!(status == 2 && said.contains("no terminal to ask at"), "{status} {said}");
    assert_eq!(ministry.count("SELECT count(*) FROM entry"), 0, "nothing without an answer");
    let (status, said) = ministry.say(&["receipt", "2", "--from", "embassy", "--publish", "--yes"]).await;
    assert!(status == 1 && said.contains("no slip of note 2"), "{status} {said}");
    let (status, said) = ministry.say(&["receipt", "--from", "journalist"]).await;
    assert!(status == 0 && said == "no note with a slip is in the conversation with @journalist\n", "{status} {said}");
    let (status, said) = ministry.say(&["receipt", "1", "--from", "journalist", "--publish", "--yes"]).await;
    assert!(status != 0 && ministry.count("SELECT count(*) FROM entry") == 0, "{said}");

    let yes = [&publish[..], &["--yes"]].concat();
    for _ in 0..2 {
        let (status, said) = ministry.say(&yes).await;
        assert!(status == 0 && said.contains("received: it is entry 0"), "{status} {said}");
    }
    assert_eq!(server.world.with(|world, _| posts(world, MINISTRY, "Received note 1\n")), 1, "once");
    stop(&mut receiving, "TERM").await;
    ministry.keeps_nothing(PRIVATE);
}

#[tokio::test]
async fn without_a_daemon_a_receipt_waits_for_one() {
    let server = server().await;
    let (embassy, ministry) = (Installation::embassy(&server), Installation::ministry(&server, false));
    let mut sending = embassy.run().await;
    send(&server, EMBASSY, MINISTRY, &text(), None);
    embassy.counted("SELECT count(*) FROM outcome WHERE channel = 'x-dm'", 1).await;
    stop(&mut sending, "TERM").await;
    let (status, said) = ministry.say(&["receipt", "1", "--from", "embassy", "--publish", "--yes"]).await;
    assert!(status == 0 && said.contains("no daemon runs on this log"), "{status} {said}");
    let mut receiving = ministry.run().await;
    ministry.counted("SELECT count(*) FROM outcome WHERE channel = 'x'", 1).await;
    stop(&mut receiving, "TERM").await;
    assert_eq!(server.world.with(|world, _| posts(world, MINISTRY, "Received note 1\n")), 1);
}

/// Killed where an answer is lost, on each side: one slip, one entry, one post.
#[tokio::test]
async fn killed_while_a_slip_or_a_receipt_is_on_its_way() {
    for at in [Moment::Before, Moment::After] {
        let server = server().await;
        let (embassy, ministry) = (Installation::embassy(&server), Installation::ministry(&server, true));
        // All that it listens to comes after its first start.
        let mut receiving = ministry.run().await;
        stop(&mut receiving, "TERM").await;
        let mut sending = embassy.run().await;
        server.world.with(|world, _| world.add_fault(Fault::once(Call::SendMessage, at, How::Hold)));
        send(&server, EMBASSY, MINISTRY, &text(), None);
        until(&server, "the slip hangs", |world| world.faults().next().is_none()).await;
        embassy.counted("SELECT count(*) FROM outcome WHERE channel = 'x'", 1).await;
        sending.kill().await.unwrap();
        let mut sending = embassy.run().await;
        embassy.counted("SELECT count(*) FROM outcome WHERE channel = 'x-dm'", 1).await;
        stop(&mut sending, "TERM").await;
        assert_eq!(slips(&server).len(), 1, "{at:?}");

        server.world.with(|world, _| world.add_fault(Fault::once(Call::CreatePost, at, How::Hold)));
        let mut receiving = ministry.run().await;
        until(&server, "the receipt hangs", |world| world.faults().next().is_none()).await;
        receiving.kill().await.unwrap();
        let mut receiving = ministry.run().await;
        ministry.counted("SELECT count(*) FROM outcome WHERE channel = 'x'", 1).await;
        stop(&mut receiving, "TERM").await;
        assert_eq!(server.world.with(|world, _| posts(world, MINISTRY, "Received note 1\n")), 1, "{at:?}");
        assert_eq!(ministry.count("SELECT count(*) FROM entry"), 1, "{at:?}");
    }
}

/// The direct message that it is about.
fn sent_as(envelope: &Envelope) -> MessageId {
    let SourceMessage::XDm(id) = envelope.message else { panic!("it is of another source") };
    id
}

/// A message, and the slip that an honest sender would make of it.
fn honest(server: &SandboxServer, note: u64, text: &str, file: Option<&[u8]>) -> (Envelope, Content) {
    sent_by(server, EMBASSY, note, text, file)
}

fn sent_by(server: &SandboxServer, from: AccountId, note: u64, text: &str, file: Option<&[u8]>) -> (Envelope, Content) {
    let message = send(server, from, MINISTRY, text, file);
    let (text, links) = server.world.with(|world, _| {
        let event = world.events().find(|event| event.id == message).unwrap();
        let EventKind::Message { words, .. } = &event.kind else { panic!() };
        let links = words.links.iter().map(|link| (link.url.clone(), link.expanded.clone())).collect();
        (verbale::sandbox::world::unescape(&words.text), links)
    });
    let attachments = file.map(|bytes| AttachmentRef::File(FileRef::of(bytes, "image/png"))).into_iter().collect();
    let salt = Salt::from_bytes([7; 32]);
    let content = Content { header: Header::of_message(salt, b"{}", attachments, links), text: Some(text) };
    let envelope = Envelope {
        log: Origin::parse("embassy.example/notes").unwrap(),
        note,
        from: Account::parse(&format!("{from} embassy")).unwrap(),
        to: vec![Account::parse(&format!("{MINISTRY} ministry")).unwrap()],
        conversation: ConversationId::between(from, MINISTRY),
        message: SourceMessage::XDm(message),
        sent: message.moment(),
        seen: message.moment(),
        beacon: None,
        correspondence: Correspondence::FIRST,
        content: content.hash(),
        salt,
    };
    (envelope, content)
}

#[tokio::test]
async fn a_slip_that_is_not_of_what_came_gets_no_receipt() {
    let server = server().await;
    let ministry = Installation::ministry(&server, true);
    let mut receiving = ministry.run().await;
    let text = text();
    type Lie = fn(&mut Envelope, &mut Content);
    let lies: [(&str, Lie); 9] = [
        ("message is", |_, content| content.text.as_mut().unwrap().push('!')),
        ("is not the text", |_, content| content.header.salt = Salt::from_bytes([9; 32])),
        ("leads elsewhere", |_, content| content.header.links[0].1 = "https://evil.example".to_owned()),
        ("is another than the one", |_, content| {
            content.header.attachments = vec![AttachmentRef::File(FileRef::of(b"another", "image/png"))];
        }),
        ("has 0 files, and 1 came", |_, content| content.header.attachments = Vec::new()),
        ("that the note is from", |envelope, _| envelope.from.id = JOURNALIST),
        ("that the note is to others", |envelope, _| envelope.to[0].id = JOURNALIST),
        ("says sent", |envelope, _| envelope.sent = envelope.sent.plus_ms(1)),
        // This one waits: a message may be listed late.
        ("is not in the conversation", |envelope, _| {
            envelope.message = SourceMessage::XDm(MessageId(sent_as(envelope).0 - 1))
        }),
    ];
    for (number, (_, lie)) in (1..).zip(&lies) {
        let (mut envelope, mut content) = honest(&server, number, &format!("{text} {number}"), Some(b"a picture"));
        let seals_what_it_says = number != 2;
        lie(&mut envelope, &mut content);
        if seals_what_it_says {
            envelope.content = content.hash();
        }
        if envelope.from.id == JOURNALIST || envelope.to[0].id == JOURNALIST {
            envelope.conversation = ConversationId::between(envelope.from.id, envelope.to[0].id);
        }
        send(&server, EMBASSY, MINISTRY, &Slip::of(envelope, &content).unwrap().to_text().unwrap(), None);
    }
    ministry.counted("SELECT count(*) FROM received_slip WHERE state = 'refused'", lies.len() as u64 - 1).await;
    assert_eq!(ministry.count("SELECT count(*) FROM received_slip WHERE state = 'waiting'"), 1);
    let (status, said) = ministry.say(&["receipt", "--from", "embassy"]).await;
    assert_eq!((status, said.matches("FAILS: ").count()), (1, lies.len()), "{said}");
    for (words, _) in lies {
        assert!(said.contains(words), "{words}: {said}");
    }
    let (status, said) = ministry.say(&["receipt", "3", "--from", "embassy", "--publish", "--yes"]).await;
    assert!(status == 1 && said.contains("is not what its slip says"), "{status} {said}");
    assert_eq!(ministry.count("SELECT count(*) FROM entry"), 0);

    // The honest one gets its receipt, and another note under the same number none.
    for _ in 0..2 {
        let (envelope, content) = honest(&server, 17, &text, Some(b"a picture"));
        send(&server, EMBASSY, MINISTRY, &Slip::of(envelope, &content).unwrap().to_text().unwrap(), None);
        ministry.counted("SELECT count(*) FROM receipt", 1).await;
    }
    ministry.counted("SELECT count(*) FROM received_slip WHERE why LIKE 'a receipt for note 17 of %'", 1).await;
    // Nor does anybody else's.
    send(
        &server,
        JOURNALIST,
        MINISTRY,
        &Slip::of(honest(&server, 18, &text, None).0, &honest(&server, 18, &text, None).1).unwrap().to_text().unwrap(),
        None,
    );
    ministry.counted("SELECT count(*) FROM seen", server.world.with(|world, _| world.events().count()) as u64).await;
    stop(&mut receiving, "TERM").await;
    assert_eq!(ministry.count("SELECT count(*) FROM receipt"), 1);
    assert_eq!(ministry.count("SELECT count(*) FROM received_slip"), lies.len() as u64 + 2);
    ministry.keeps_nothing(PRIVATE);
}

#[tokio::test]
async fn a_message_that_is_listed_after_its_slip_is_waited_for() {
    let server = server().await;
    let ministry = Installation::ministry(&server, true);
    let mut receiving = ministry.run().await;
    let (envelope, content) = honest(&server, 1, &text(), None);
    let message = sent_as(&envelope);
    server.world.with(|world, _| world.set_hidden(message, true));
    send(&server, EMBASSY, MINISTRY, &Slip::of(envelope, &content).unwrap().to_text().unwrap(), None);
    let looks = |world: &World| world.counts().of(Call::MessagesWith);
    until(&server, "a look in vain, and the next", |world| 2 <= looks(world)).await;
    server.world.with(|world, _| world.set_hidden(message, false));
    ministry.counted("SELECT count(*) FROM outcome WHERE channel = 'x'", 1).await;
    stop(&mut receiving, "TERM").await;
    assert!(ministry.log().contains("a slip has to wait"), "{}", ministry.log());
}

#[tokio::test]
async fn a_slip_that_fits_no_message_is_told_and_not_sent() {
    let server = server().await;
    let embassy = Installation::embassy(&server);
    let mut sending = embassy.run().await;
    let links: String = (0..200).map(|n| format!(" https://example.org/{}/{n}", "x".repeat(20))).collect();
    assert!(SLIP_BYTES_MAX < links.len() + 200 * 30);
    send(&server, EMBASSY, MINISTRY, &format!("{MARKER}{links}"), None);
    embassy.counted("SELECT count(*) FROM message JOIN given_up USING (effect)", 1).await;
    embassy.counted("SELECT count(*) FROM outcome WHERE channel = 'x'", 1).await;
    stop(&mut sending, "TERM").await;
    assert_eq!(slips(&server).len(), 0);
    assert!(embassy.say(&["status"]).await.1.contains("\nnot sent   1 message, 0 answers: `verbale resend`"));
    assert!(embassy.log().contains("slip too long: that of note 1 has "), "{}", embassy.log());
}

/// Sends a note and its slip as an honest sender would.
fn deliver(server: &SandboxServer, from: AccountId, note: u64, file: Option<&[u8]>) {
    let (envelope, content) = sent_by(server, from, note, &format!("{} {note}", text()), file);
    send(server, from, MINISTRY, &Slip::of(envelope, &content).unwrap().to_text().unwrap(), None);
}

/// Both may send notes, and the slip of the one names the other's log.
#[tokio::test]
async fn nobody_takes_the_numbers_of_another_account_s_log() {
    let server = server().await;
    let ministry = Installation::ministry(&server, true);
    ministry.configure("from = [\"embassy\"]", "from = [\"embassy\", \"journalist\"]");
    let mut receiving = ministry.run().await;
    deliver(&server, EMBASSY, 1, None);
    ministry.counted("SELECT count(*) FROM receipt", 1).await;
    deliver(&server, JOURNALIST, 2, None);
    ministry.counted("SELECT count(*) FROM received_slip WHERE state = 'refused'", 1).await;
    let why = format!("SELECT count(*) FROM received_slip WHERE why LIKE '%come from the account {EMBASSY}'");
    assert_eq!(ministry.count(&why), 1);
    deliver(&server, EMBASSY, 2, None);
    ministry.counted("SELECT count(*) FROM receipt", 2).await;
    stop(&mut receiving, "TERM").await;
    ministry.keeps_nothing(PRIVATE);
}

#[tokio::test]
async fn so_many_receipts_are_posted_in_a_day_and_all_are_entered() {
    let server = server().await;
    let ministry = Installation::ministry(&server, true);
    ministry.configure("posts_a_day = 100", "posts_a_day = 2");
    let mut receiving = ministry.run().await;
    for note in 1..=3 {
        deliver(&server, EMBASSY, note, None);
    }
    ministry.counted("SELECT count(*) FROM receipt", 3).await;
    // At midnight the third may follow.
    let told = "SELECT EXISTS (SELECT 1 FROM task_report WHERE trouble LIKE '2 receipts were posted today%')
        OR 3 = (SELECT count(*) FROM outcome WHERE channel = 'x')";
    ministry.counted(told, 1).await;
    stop(&mut receiving, "TERM").await;
    let mut days: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    server.world.with(|world, _| {
        world.posts().for_each(|post| *days.entry(Channel::X.moment(post.id).date()).or_default() += 1)
    });
    assert!(days.values().all(|posts| *posts <= 2) && *days.values().next().unwrap() == 2, "{days:?}");
}

#[tokio::test]
async fn a_file_that_x_cannot_give_now_holds_up_its_own_receipt_alone() {
    let server = server().await;
    let ministry = Installation::ministry(&server, true);
    let mut receiving = ministry.run().await;
    stop(&mut receiving, "TERM").await;
    deliver(&server, EMBASSY, 1, Some(b"a picture"));
    deliver(&server, EMBASSY, 2, None);
    let down = How::Status { code: 503, body: verbale::sandbox::world::Body::Html };
    server.world.with(|world, _| world.add_fault(Fault::once(Call::MediaBytes, Moment::Before, down)));
    let mut receiving = ministry.run().await;
    ministry.counted("SELECT count(*) FROM receipt", 2).await;
    stop(&mut receiving, "TERM").await;
    assert_eq!(ministry.count("SELECT note FROM receipt ORDER BY idx LIMIT 1"), 2);
}

#[tokio::test]
async fn a_slip_that_came_twice_is_of_one_note() {
    let server = server().await;
    let ministry = Installation::ministry(&server, false);
    let mut receiving = ministry.run().await;
    let (envelope, content) = honest(&server, 1, &text(), None);
    let slip = Slip::of(envelope, &content).unwrap().to_text().unwrap();
    for _ in 0..2 {
        send(&server, EMBASSY, MINISTRY, &slip, None);
    }
    let (status, said) = ministry.say(&["receipt", "1", "--from", "embassy", "--publish", "--yes"]).await;
    assert!(status == 0 && said.contains("received: it is entry 0"), "{status} {said}");
    stop(&mut receiving, "TERM").await;
}
