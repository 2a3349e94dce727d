//! What the pages and the feed say of a log.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use atom_syndication::Feed;
use verbale::base::hash::Hash;
use verbale::base::ids::{Channel, Origin};
use verbale::note::standing::Standing;
use verbale::site::{ALWAYS, FIXED, Ledger, Page, PublishedFile, RANGE, SiteSettings, View};
use verbale::tlog::entry::{Entry, Level};
use verbale::tlog::signed_note::LogKey;
use verbale::tlog::tree::{Tree, leaf_hash};

use crate::support::harness::key;
use crate::support::site_fixture::{at, note, plain, post, post_id, settings, story};

/// A site in memory.
pub struct Site {
    ledger: Ledger,
    tree: Tree,
    settings: SiteSettings,
    files: Vec<PublishedFile>,
}

impl Site {
    pub fn new(lines: &[String], settings: SiteSettings) -> Site {
        let (mut ledger, mut tree) = (Ledger::default(), Tree::new());
        for line in lines {
            tree.push(leaf_hash(line.as_bytes()));
            ledger.take(line);
        }
        Site { ledger, tree, settings, files: Vec::new() }
    }

    pub fn page(&self, page: Page) -> String {
        let files_of = |note: u64| if note == 1 { self.files.clone() } else { Vec::new() };
        let root_at = |size| self.tree.root_at(size);
        let view = View { ledger: &self.ledger, settings: &self.settings, root_at: &root_at, files_of: &files_of };
        String::from_utf8(view.render(page).unwrap()).unwrap()
    }
}

fn links(html: &str) -> BTreeSet<&str> {
    html.split("href=\"").skip(1).map(|rest| &rest[..rest.find('"').unwrap()]).collect()
}

/// With a line a tag, to be read.
fn in_lines(html: &str) -> String {
    html.replace("><", ">\n<")
}

#[test]
fn receipts_for_the_notes_of_others_are_shown_once_there_are_any() {
    let line = crate::support::fixture::received().line;
    let site = Site::new(&[note(1).to_line(), line.to_line()], settings(&key()));
    let gaps = site.page(Page::Gaps);
    assert!(gaps.contains("Notes of others that this account received") && gaps.contains("embassy.example/notes"));
    assert!(
        site.page(Page::Front).contains("which notes of others <a href=\"gaps.html\">this account has received</a>")
    );
    assert!(site.page(Page::Front).contains("receipts given") && site.page(Page::Feed).contains("received"));
    assert!(!Site::new(&plain(1), settings(&key())).page(Page::Gaps).contains("Notes of others"));
    assert!(site.page(Page::Note(1)).contains("None: nobody"), "it is not about the note of the same number here");
}

#[test]
fn what_the_front_page_says() {
    insta::assert_snapshot!(in_lines(&Site::new(&story(), settings(&key())).page(Page::Front)));
}

#[test]
fn what_the_page_of_a_note_says() {
    let mut site = Site::new(&story(), settings(&key()));
    let names = ["note-1.attachment-1.png", "note-1.envelope.txt", "note-1.proof.zip"];
    site.files = names.map(|name| PublishedFile { path: format!("open/1/{name}"), bytes: 512 }).to_vec();
    insta::assert_snapshot!("opened_and_disputed", in_lines(&site.page(Page::Note(1))));
    let in_a_run = site.page(Page::Note(2));
    assert!(in_a_run.contains("Sealed notes 2-3\nlog 4 "), "{in_a_run}");
    assert!(in_a_run.contains("does not exist any more"), "{in_a_run}");
    let waiting = site.page(Page::Note(4));
    assert!(waiting.contains("not posted yet") && waiting.contains("Nothing: its sender"), "{waiting}");
}

#[test]
fn what_the_page_of_gaps_says() {
    insta::assert_snapshot!(in_lines(&Site::new(&story(), settings(&key())).page(Page::Gaps)));
}

#[test]
fn what_the_feed_says() {
    let mut settings = settings(&key());
    settings.address = Some("https://notes.embassy.example".to_owned());
    insta::assert_snapshot!(Site::new(&story(), settings).page(Page::Feed).replace("><", ">\n<"));
}

#[test]
fn the_feed_is_bounded_and_its_identifiers_stay() {
    let lines = plain(300);
    let of = |count: usize| {
        let feed = Site::new(&lines[..count], settings(&key())).page(Page::Feed);
        Feed::read_from(feed.as_bytes()).unwrap()
    };
    let (before, after) = (of(590), of(600));
    assert_eq!((before.entries().len(), after.entries().len()), (50, 50));
    assert_eq!(before.id(), after.id());
    let ids: BTreeSet<&str> = after.entries().iter().map(|item| item.id()).collect();
    assert_eq!(ids.len(), 50);
    assert_eq!(before.entries().iter().filter(|item| ids.contains(item.id())).count(), 45);
    let newest = after.entries().iter().map(|item| *item.updated()).max().unwrap();
    assert_eq!((newest, after.updated().timestamp_millis()), (*after.updated(), at(300).ms()));
    assert!(after.entries().iter().all(|item| item.published().unwrap() <= item.updated()));
}

/// What others can write into the log, or into a configuration, is text and nothing else.
#[test]
fn hostile_text_is_shown_as_text() {
    let evil =
        "</bdi></code></title><script>alert(1)</script><img src=x onerror=alert(1)> \"'&amp; \u{202e}\u{fffe}]]>";
    let gap = Entry::Gap { time: at(1), from: at(0), to: at(1), reason: evil.to_owned() };
    let lines = [format!("evil {evil}\n"), gap.to_line(), note(1).to_line()];
    let origin = "<b>\"'&</title><script>alert(2)</script>";
    let evil_key = LogKey::from_seed(Origin::parse(origin).unwrap(), [7; 32]);
    let site = Site::new(&lines, settings(&evil_key));
    for page in [Page::Front, Page::Gaps, Page::Ranges, Page::Range(0), Page::Note(1)] {
        let html = site.page(page);
        for tag in ["<script", "<img", "<b>"] {
            assert!(!html.contains(tag), "{page:?} has {tag}: {html}");
        }
        assert_eq!(html.matches("</title>").count(), 1, "{page:?}: {html}");
        assert!(html.contains("&lt;b&gt;&quot;"), "{page:?} does not name the log: {html}");
    }
    assert!(site.page(Page::Gaps).matches("&lt;script&gt;alert(1)").count() == 2);
    let feed = Feed::read_from(site.page(Page::Feed).as_bytes()).unwrap();
    assert!(feed.title().value.contains(origin));
    let said: Vec<&str> = feed.entries().iter().map(|item| &*item.summary().unwrap().value).collect();
    assert!(said.iter().any(|said| *said == lines[0].trim_end().replace('\u{fffe}', "\u{fffd}")), "{said:?}");
}

/// Lines that no log of ours has: each is shown, none is dropped, and nothing breaks.
#[test]
fn lines_that_do_not_fit_are_shown_as_they_are() {
    let odd = [
        note(2).to_line(),
        "note 17\n".to_owned(),
        post(1, 9).to_line(),
        "\n".to_owned(),
        note(1).to_line(),
        note(1).to_line(),
        post(1, 1).to_line(),
        post(1, 1).to_line(),
        Entry::Open { time: at(1), note: 77, level: Level::Envelope, sha256: Hash::ZERO }.to_line(),
    ];
    let mut ledger = Ledger::default();
    let touched: Vec<_> = odd.iter().map(|line| ledger.take(line)).collect();
    let one = Some(1..=1);
    assert_eq!(touched, [None, None, None, None, one.clone(), None, one.clone(), one, None]);
    let shown: Vec<u64> = ledger.others().iter().map(|other| other.index).collect();
    assert_eq!((ledger.len(), ledger.last(), shown), (9, 1, vec![0, 1, 2, 3, 5, 7, 8]));
    let html = Site::new(&odd, settings(&key())).page(Page::Gaps);
    assert!(html.contains("note 17") && html.matches("Out of order.").count() == 2, "{html}");
}

#[test]
fn a_note_stands_on_the_site_as_the_log_says() {
    let mut ledger = Ledger::default();
    story().iter().for_each(|line| {
        ledger.take(line);
    });
    let stands = |note: u64| ledger.note(note).map(|note| (note.standing, note.lost)).unwrap();
    let of = |note: u64| {
        let commitment = Hash::of(format!("note {note}").as_bytes());
        Standing { note, commitment, sealed: at(note as i64), post: None, open: None, disputes: 0 }
    };
    let public = |minute: i64| Some(Channel::X.post(post_id(minute)));
    let (post, open) = (public(1), Some(Level::Content));
    assert_eq!(stands(1), (Standing { post, open, disputes: 1, ..of(1) }, false));
    assert_eq!(stands(2), (Standing { post: public(3), ..of(2) }, true));
    assert_eq!(stands(4), (of(4), false));
}

#[test]
fn a_page_that_is_full_stays_as_it_is_and_everything_can_be_reached() {
    let lines = plain(2 * RANGE + 1);
    let (full, more) = (Site::new(&lines[..2 * RANGE as usize], settings(&key())), Site::new(&lines, settings(&key())));
    assert_eq!(full.page(Page::Range(0)), more.page(Page::Range(0)));
    let html = more.page(Page::Range(1));
    assert!(links(&html).contains("../notes/501-750.html") && links(&html).contains("../notes/1-250.html"));
    assert!(links(&more.page(Page::Ranges)).contains("../notes/501-750.html"));
    assert!(links(&more.page(Page::Front)).contains("notes/251-500.html"));
    assert_eq!(Page::Note(17_462).path(), "note/17/17462.html");
}

/// Requirement of the front page: however long the log is, it is as small, and leads to as many places.
#[test]
fn the_front_page_of_a_long_log_is_as_small_as_that_of_a_short_one() {
    let of = |notes| Site::new(&plain(notes), settings(&key())).page(Page::Front);
    let (short, long) = (of(100), of(100_000));
    assert_eq!(links(&short).len(), links(&long).len());
    assert!(long.len() < short.len() + 1000, "{} bytes, and {} of the long log", short.len(), long.len());
    assert!(long.len() < 32 * 1024, "{} bytes", long.len());
}

/// Every page of a log with one of everything, as files: each link that stays on the site leads to one of them or to the log.
/// `VERBALE_STORY` names a new folder for them: `.ci/page` shows them to a browser.
#[test]
fn every_link_of_a_log_with_one_of_everything_leads_somewhere() {
    let kept = std::env::var("VERBALE_STORY").ok();
    let temporary = tempfile::tempdir().unwrap();
    let folder = kept.as_ref().map_or(temporary.path(), Path::new);
    let site = Site::new(&story(), settings(&key()));
    let pages = || FIXED.into_iter().chain((1..=4).map(Page::Note)).chain([Page::Range(0)]).chain(ALWAYS);
    for page in pages() {
        let path = folder.join(page.path());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, site.page(page)).unwrap();
    }
    for page in pages().filter(|page| page.path().ends_with(".html") && *page != Page::Verify) {
        let path = folder.join(page.path());
        for link in links(&fs::read_to_string(&path).unwrap()) {
            let there = link.split('#').next().unwrap();
            let outside = there.contains(':') || ["checkpoint", "log.txt"].iter().any(|log| there.ends_with(log));
            assert!(outside || path.parent().unwrap().join(there).exists(), "{} leads to {link}", page.path());
        }
    }
}
