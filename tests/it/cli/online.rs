//! `verbale verify --online`: what is said of a proof when X is asked too, and when X gives no good answer.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;

use serde_json::{Value, json};
use verbale::base::ids::{AccountId, Channel, PostId};
use verbale::note::proof::{Proof, PublishedPost};
use verbale::platform::price::Billed;
use verbale::sandbox::world::{Body, Call, Draft, Fault, How, Moment, Settings};
use verbale::sandbox::{EMBASSY, JOURNALIST, MINISTRY};

use crate::support::command::verbale;
use crate::support::fixture::{
    account, envelope_proof, key, proof, published, received, received_proof, recipients_key, sent, single_post,
};
use crate::support::sandbox_server::{self, SandboxServer};

/// A folder with proofs, and a sandbox that is asked.
struct Place {
    server: SandboxServer,
    folder: tempfile::TempDir,
}

impl Place {
    async fn new() -> Place {
        let settings = Settings { refuses_duplicates: false, ..Settings::of_x() };
        Place { server: sandbox_server::open(settings).await, folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Somebody posts, a while after the message of the proof was sent.
    fn post(&self, by: AccountId, text: &str, after_ms: i64) -> PostId {
        let draft = Draft { text, ..Draft::default() };
        self.server.world.with(|world, _| world.post(sent().plus_ms(after_ms), by, draft).unwrap().id)
    }

    /// The account posts what the proof says, or something else; then the proof with this post is written.
    fn prove(&self, by: AccountId, says: &str) -> PostId {
        let post = self.post(by, says, 4_000);
        self.write("note.zip", &self.with_post(post, "https://x.com/embassy/status/"));
        post
    }

    fn with_post(&self, post: PostId, address: &str) -> Proof {
        let text = single_post().to_text();
        Proof {
            post: Some(PublishedPost {
                post: Channel::X.post(post),
                address: format!("{address}{post}"),
                ..published(text)
            }),
            ..proof()
        }
    }

    fn write(&self, name: &str, proof: &Proof) {
        fs::write(self.path(name), proof.pack()).unwrap();
    }

    /// The proof with a receipt of that post, by the account as the receipt names it.
    fn add_receipt(&self, post: PostId, by: &str) {
        let mut receipt = received().receipt();
        let address = format!("https://x.com/{}/status/{post}", by.split_once(' ').unwrap().1);
        receipt.post =
            receipt.post.map(|own| PublishedPost { post: Channel::X.post(post), address, account: account(by), ..own });
        let files = verbale::note::proof::Files::unpack(&fs::read(self.path("note.zip")).unwrap()).unwrap();
        fs::write(self.path("received.zip"), files.with_receipt(&receipt).pack()).unwrap();
    }

    fn fault(&self, how: How, times: u32) {
        let fault = Fault { call: Some(Call::Oembed), at: Moment::Before, how, times };
        self.server.world.with(|world, _| world.add_fault(fault));
    }

    fn asked(&self) -> u64 {
        self.server.world.with(|world, _| world.counts().of(Call::Oembed))
    }

    /// The exit status, and what is said of each file.
    fn verify(&self, files: &[&str]) -> (i32, Vec<Value>) {
        self.verify_at(&format!("{}/oembed", self.server.base), files)
    }

    fn verify_at(&self, oembed: &str, files: &[&str]) -> (i32, Vec<Value>) {
        let other = recipients_key().vkey().to_string();
        self.ask(oembed, &[&["--receipt-log", &other], files].concat())
    }

    /// The same for somebody who does not know the key of the recipient's log.
    fn verify_as_a_stranger(&self, files: &[&str]) -> (i32, Vec<Value>) {
        self.ask(&format!("{}/oembed", self.server.base), files)
    }

    fn ask(&self, oembed: &str, arguments: &[&str]) -> (i32, Vec<Value>) {
        let vkey = key().vkey().to_string();
        let fixed = ["verify", "--json", "--log", &vkey, "--online", "--oembed", oembed];
        let all: Vec<&str> = fixed.into_iter().chain(arguments.iter().copied()).collect();
        let output = tokio::task::block_in_place(|| verbale(self.folder.path(), &all));
        let said = String::from_utf8(output.stdout).unwrap();
        let reports = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (output.status.code().unwrap(), reports)
    }
}

/// How a check came out, and what it says.
fn check<'a>(report: &'a Value, name: &str) -> (&'a str, &'a str) {
    let checks = report["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("no {name}: {report}"));
    (found["outcome"].as_str().unwrap(), found["detail"].as_str().unwrap())
}

fn shown(report: &Value, claim: &str) -> String {
    let claims = report["claims"].as_array().unwrap();
    claims.iter().find(|one| one["name"] == claim).unwrap()["shown"].to_string()
}

fn text() -> String {
    single_post().to_text()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_stands_there_holds_and_nothing_is_billed() {
    let place = Place::new().await;
    let post = place.prove(EMBASSY, &text());
    let bill = place.server.world.with(|world, _| world.counts().cost_usd_micros());
    let (status, reports) = place.verify(&["note.zip"]);
    let (outcome, detail) = check(&reports[0], "platform");
    assert_eq!((status, outcome, &reports[0]["verdict"]), (0, "holds", &json!("proven")), "{reports:?}");
    assert!(
        detail.contains(&format!("X shows post {post} today, by @embassy")) && detail.contains("number"),
        "{detail}"
    );
    assert!(shown(&reports[0], "time").contains("the post that stands there"), "{reports:?}");
    place.server.world.with(|world, _| {
        assert_eq!((world.counts().of(Call::Oembed), world.counts().cost_usd_micros()), (1, bill));
        assert_eq!(world.counts().billed(Billed::PostRead) + world.counts().of(Call::ReadPost), 0);
    });
    // Offline nothing is asked, and it is left to other eyes.
    let output = tokio::task::block_in_place(|| verbale(place.folder.path(), &["verify", "note.zip"]));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("not checked  platform     whether the post stands there; open https://x.com/"), "{said}");
    assert_eq!((output.status.code(), place.asked()), (Some(4), 1));
    assert!(said.contains("INTACT, NOT PROVEN YET") && said.contains("whose name stands over it"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_stands_there_otherwise_fails_and_one_that_is_gone_accuses_nobody() {
    for (what, by, says, delete, told, found) in [
        (
            "edited",
            EMBASSY,
            "Nothing was sealed",
            false,
            "with the text \"Nothing was sealed\", and the proof says \"Sealed",
            (1, "fails", "fails"),
        ),
        (
            "by another account",
            JOURNALIST,
            "",
            false,
            "by @journalist, and it must be by @embassy: if you know that the account was renamed",
            (4, "not_checked", "intact"),
        ),
        (
            "deleted",
            EMBASSY,
            "",
            true,
            "it is gone (deleted, or its account was suspended)",
            (4, "not_checked", "intact"),
        ),
    ] {
        let place = Place::new().await;
        let post = place.prove(by, if says.is_empty() { text() } else { says.to_owned() }.as_str());
        if delete {
            assert_eq!(place.server.world.with(|world, _| world.delete_post(by, post)), Ok(true));
        }
        let (status, reports) = place.verify(&["note.zip"]);
        let (outcome, detail) = check(&reports[0], "platform");
        let verdict = reports[0]["verdict"].as_str().unwrap();
        assert_eq!((status, outcome, verdict), found, "{what}: {reports:?}");
        // What is not there is asked for once more, past every copy on the way.
        assert!(detail.contains(told) && place.asked() == 1 + u64::from(delete), "{what}: {detail}");
        assert!(!shown(&reports[0], "time").contains("that stands there"), "{what}");
        assert!(shown(&reports[0], "origin").contains("committed to exactly this envelope"), "{what}");
    }
}

/// A stranger takes the file's word for the key: then another name over the post is another account.
#[tokio::test(flavor = "multi_thread")]
async fn another_name_is_a_question_only_to_who_knows_the_key() {
    let place = Place::new().await;
    place.prove(JOURNALIST, &text());
    let oembed = format!("{}/oembed", place.server.base);
    let ask = |more: &[&str]| {
        let all = [&["verify", "--json", "--online", "--oembed", &oembed, "note.zip"], more].concat();
        let output = tokio::task::block_in_place(|| verbale(place.folder.path(), &all));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code().unwrap(), check(&report, "platform").0.to_owned())
    };
    let vkey = key().vkey().to_string();
    assert_eq!(ask(&[]), (1, "fails".to_owned()));
    assert_eq!(ask(&["--log", &vkey]), (4, "not_checked".to_owned()));
    assert_eq!(ask(&["--log", &vkey, "--account", "@Journalist"]), (0, "holds".to_owned()));
    assert_eq!(ask(&["--log", &vkey, "--account", "somebody"]), (4, "not_checked".to_owned()));
}

/// The file says itself by whom it is: an impostor's own post shows nothing of the embassy.
#[tokio::test(flavor = "multi_thread")]
async fn an_impostor_with_a_post_of_its_own_fails() {
    let place = Place::new().await;
    let post = place.post(JOURNALIST, &text(), 4_000);
    for (by, address) in [("2244994945 journalist", "journalist"), ("17874544 embassy", "embassy")] {
        let mut proof = place.with_post(post, &format!("https://x.com/{address}/status/"));
        proof.post.as_mut().unwrap().account = account(by);
        place.write("impostor.zip", &proof);
        let output = tokio::task::block_in_place(|| {
            let oembed = format!("{}/oembed", place.server.base);
            verbale(place.folder.path(), &["verify", "--json", "--online", "--oembed", &oembed, "impostor.zip"])
        });
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((output.status.code(), check(&report, "post").0), (Some(1), "fails"), "{by}: {report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_no_verdict() {
    let place = Place::new().await;
    place.prove(EMBASSY, &text());
    let trouble = [
        (How::Status { code: 503, body: Body::Html }, 5, "503 Service Unavailable"),
        (How::Status { code: 500, body: Body::Garbage }, 5, "500"),
        (How::Cut, 5, "no answer"),
        (How::Half, 5, "no answer"),
        (How::Status { code: 400, body: Body::Problem }, 1, "400 Bad Request"),
        (How::Suspended, 1, "does not show post"),
        (How::RateLimited { wait_ms: 900_000 }, 1, "429 Too Many Requests, and asks to wait 90"),
    ];
    for (how, calls, told) in trouble {
        let before = place.asked();
        place.fault(how, 100);
        let (status, reports) = place.verify(&["note.zip"]);
        place.server.world.with(|world, _| world.clear_faults());
        let (outcome, detail) = check(&reports[0], "platform");
        assert_eq!((status, &reports[0]["status"], outcome), (3, &json!(3), "not_checked"), "{how:?}: {reports:?}");
        assert!(detail.contains(told), "{how:?}: {detail}");
        assert_eq!(place.asked() - before, calls, "{how:?}");
    }
    // A person reads it too; and what fails is worse than what was not answered.
    place.fault(How::Status { code: 503, body: Body::Empty }, 100);
    let oembed = format!("{}/oembed", place.server.base);
    let arguments = ["verify", "--online", "--oembed", &oembed, "note.zip"];
    let output = tokio::task::block_in_place(|| verbale(place.folder.path(), &arguments));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("INTACT, NOT PROVEN YET") && said.contains("next: try again: no answer for platform"),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(3));
    let mut broken = place.with_post(PostId::parse("972165182509809669").unwrap(), "https://x.com/embassy/status/");
    broken.entry = broken.entry.replace("note", "nota");
    place.write("broken.zip", &broken);
    assert_eq!(place.verify(&["note.zip", "broken.zip"]).0, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_is_waited_for() {
    let place = Place::new().await;
    place.prove(EMBASSY, &text());
    for (how, times) in
        [(How::RateLimited { wait_ms: 700 }, 1), (How::Status { code: 503, body: Body::Problem }, 3), (How::Cut, 2)]
    {
        let before = place.asked();
        place.fault(how, times);
        let (status, reports) = place.verify(&["note.zip"]);
        assert_eq!((status, check(&reports[0], "platform").0), (0, "holds"), "{how:?}: {reports:?}");
        assert_eq!(place.asked() - before, u64::from(times) + 1, "{how:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_post_of_a_receipt_is_looked_at_too_and_each_post_once() {
    let place = Place::new().await;
    let post = place.prove(EMBASSY, &text());
    let words = received().receipt().post.unwrap().text;
    let theirs = place.post(MINISTRY, &words, 61_000);
    place.add_receipt(theirs, "783214 ministry");
    let (status, reports) = place.verify(&["received.zip", "note.zip", "received.zip"]);
    assert_eq!((status, place.asked()), (0, 2), "{reports:?}");
    for name in ["platform", "receipt platform"] {
        assert_eq!(check(&reports[2], name).0, "holds", "{reports:?}");
    }
    let word = "the recipient's word, its countersigned receipt: whoever holds the key ministry.example+f10dd61d said";
    let delivery = shown(&reports[0], "delivery");
    assert!(delivery.contains(word) && delivery.contains("no later than"), "{reports:?}");
    assert!(!delivery.contains("if the post stands there"), "{reports:?}");
    // Who does not know the key has the word of the account by that name.
    let (status, reports) = place.verify_as_a_stranger(&["received.zip"]);
    let delivery = shown(&reports[0], "delivery");
    assert_eq!((status, check(&reports[0], "receipt key").0), (0, "not_checked"));
    assert!(delivery.contains("countersigned receipt: @ministry said no later than"), "{delivery}");
    place.server.world.with(|world, _| world.delete_post(MINISTRY, theirs).unwrap());
    let (status, reports) = place.verify(&["received.zip"]);
    assert_eq!((status, check(&reports[0], "receipt platform").0), (0, "not_checked"), "it is gone");
    // The word of the key outlives the post; the moment and the account do not.
    let delivery = shown(&reports[0], "delivery");
    assert!(delivery.contains(word) && !delivery.contains("which stands there"), "{delivery}");
    let (status, strangers) = place.verify_as_a_stranger(&["received.zip"]);
    assert_eq!((status, &*shown(&strangers[0], "delivery")), (0, "[]"));
    assert_eq!(check(&reports[0], "platform").0, "holds");
    assert!(shown(&reports[0], "time").contains("no later than"), "the sender's post {post} stands");
    // A proof whose posts are not those of its words is asked about, and fails as it does offline.
    fs::write(place.path("other.zip"), received_proof(&received().receipt())).unwrap();
    place.write("run.zip", &envelope_proof());
    let (status, reports) = place.verify(&["other.zip", "run.zip"]);
    assert_eq!(
        (status, check(&reports[0], "receipt platform").0, check(&reports[1], "platform").0),
        (4, "not_checked", "not_checked")
    );
}

/// X's answer has a name and no number: a sender may post by another account, and write the recipient's number beside its name.
#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_by_another_account_under_the_recipients_number_shows_nothing() {
    let place = Place::new().await;
    place.prove(EMBASSY, &text());
    let words = received().receipt().post.unwrap().text;
    let puppet = place.post(JOURNALIST, &words, 61_000);
    place.add_receipt(puppet, "783214 journalist");
    let (status, reports) = place.verify_as_a_stranger(&["received.zip"]);
    assert_eq!((status, check(&reports[0], "receipt platform").0), (0, "holds"), "{reports:?}");
    assert_eq!(shown(&reports[0], "delivery"), "[]");
    let said = reports[0].to_string();
    assert!(
        said.contains("is by @journalist, and the note is addressed to the account 783214 under the name @ministry"),
        "{said}"
    );
}

/// Whatever a server says in place of X.
async fn serve(answer: fn(PostId) -> axum::response::Response) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/oembed", listener.local_addr().unwrap());
    let answer = async move |uri: axum::http::Uri| {
        let id: String =
            uri.query().unwrap().chars().skip_while(|c| *c != '9').take_while(char::is_ascii_digit).collect();
        answer(PostId::parse(&id).unwrap())
    };
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await.unwrap() });
    address
}

/// A card of a post, as somebody may write it.
fn card(post: PostId, html: &str) -> axum::response::Response {
    use axum::response::IntoResponse;
    let card = json!({
        "url": format!("https://x.com/embassy/status/{post}"), "author_url": "https://x.com/embassy", "html": html,
    });
    axum::Json(card).into_response()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_none_says_nothing() {
    use axum::response::{IntoResponse, Redirect};
    type Answer = fn(PostId) -> axum::response::Response;
    let place = Place::new().await;
    place.prove(EMBASSY, &text());
    let answers: [(Answer, &str); 7] = [
        (|post| card(post, "<p>Sealed note 2</p>"), "no text of a post"),
        (|post| card(post, "<<blockquote <p>><&#x;"), "no text of a post"),
        (|_| card(PostId::parse("972165182509809669").unwrap(), "<blockquote><p>a</p>"), "about another post"),
        (|_| "<html>Sign in to the network of this hotel".into_response(), "no JSON"),
        (|_| vec![0xff_u8; 64].into_response(), "no JSON"),
        (|post| card(post, &format!("<blockquote><p>{}</p></blockquote>", "x".repeat(600_000))), "larger than"),
        (|_| Redirect::temporary("http://127.0.0.1:9/").into_response(), "307 Temporary Redirect"),
    ];
    for (answer, told) in answers {
        let (status, reports) = place.verify_at(&serve(answer).await, &["note.zip"]);
        let (outcome, detail) = check(&reports[0], "platform");
        assert_eq!((status, outcome), (3, "not_checked"), "{told}: {reports:?}");
        assert!(detail.contains(told), "{detail}");
    }
    // Markup around the words makes no other words of them.
    let dressed: Answer = |post| {
        let text = single_post().to_text().replace('\n', "<br />\n").replace("note", "<b>n&#111;te</b>");
        card(post, &format!("<blockquote><p lang=en>{text}</p>&mdash; <a>@nobody</a></blockquote><script>x</script>"))
    };
    assert_eq!(place.verify_at(&serve(dressed).await, &["note.zip"]).0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_in_a_proof_leads_nowhere() {
    let place = Place::new().await;
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let inside = format!("http://{}/admin?delete=/status/", trap.local_addr().unwrap());
    let post = place.prove(EMBASSY, &text());
    place.write("trap.zip", &place.with_post(post, &inside));
    let (status, reports) = place.verify(&["trap.zip"]);
    assert_eq!((status, check(&reports[0], "platform").0, place.asked()), (0, "holds", 1), "{reports:?}");
    let called = trap.accept().map(drop).map_err(|error| error.kind());
    assert_eq!(called, Err(std::io::ErrorKind::WouldBlock), "nobody came");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_to_ask_is_an_address_of_x_or_of_this_computer() {
    let place = Place::new().await;
    place.prove(EMBASSY, &text());
    for (arguments, told) in [
        (&["--online", "--oembed", "http://10.0.0.1/oembed", "note.zip"][..], "without TLS"),
        (&["--online", "--oembed", "nowhere", "note.zip"], "not a valid address"),
        (&["--oembed", "http://127.0.0.1:9/oembed", "note.zip"], "--online"),
        (&["--online", "--slip", "note.zip", "--message", "note.zip"], "cannot be used with"),
    ] {
        let arguments = [&["verify"], arguments].concat();
        let output = tokio::task::block_in_place(|| verbale(place.folder.path(), &arguments));
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(told) && output.stdout.is_empty(), "{arguments:?}: {said}");
    }
    assert_eq!(place.asked(), 0);
}
