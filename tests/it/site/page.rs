//! The page that verifies forbids itself every script and style but its own, each by its hash: an edit that forgets the hash
//! would leave a page that does nothing.

use verbale::base::hash::Hash;

const PAGE: &str = include_str!("../../../src/site/verify.html");

/// What stands between each `<TAG …>` and its end.
fn texts<'a>(page: &'a str, tag: &str) -> Vec<&'a str> {
    let (begin, end) = (format!("<{tag}"), format!("</{tag}>"));
    let text = |rest: &'a str| rest.split_once('>').unwrap().1.split_once(&end).unwrap().0;
    page.split(&begin).skip(1).map(text).collect()
}

/// The page's policy, as its meta element states it.
fn policy(page: &str) -> Vec<(&str, &str)> {
    let (_, rest) = page.split_once("http-equiv=\"Content-Security-Policy\" content=\"").unwrap();
    let directives = rest.split_once('"').unwrap().0.split("; ");
    directives.map(|directive| directive.split_once(' ').unwrap()).collect()
}

fn sources(texts: &[&str]) -> String {
    let source = |text: &&str| format!("'sha256-{}'", Hash::of(text.as_bytes()).to_base64());
    texts.iter().map(source).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_page_allows_its_own_scripts_and_style_and_nothing_else() {
    let (scripts, styles) = (texts(PAGE, "script"), texts(PAGE, "style"));
    assert_eq!((scripts.len(), styles.len()), (3, 1));
    let (scripts, styles) = (sources(&scripts), sources(&styles));
    let expected = [
        ("default-src", "'none'"),
        ("script-src", &scripts),
        ("style-src", &styles),
        ("base-uri", "'none'"),
        ("form-action", "'none'"),
        ("require-trusted-types-for", "'script'"),
        ("trusted-types", "'none'"),
    ];
    assert_eq!(
        policy(PAGE),
        expected,
        "src/site/verify.html was edited: a browser would refuse what its policy does not name.\n\
         Put these into the policy in its head:\nscript-src {scripts}; style-src {styles}"
    );
}

#[test]
fn the_page_names_no_file_beside_itself() {
    for attribute in [" src=", "<link", " href=", "url(", "@import", "<base", "<iframe", " style=", " onclick="] {
        // What the scripts build is in their own hands: the policy above holds for it.
        let markup = texts(PAGE, "script").iter().fold(PAGE.to_owned(), |page, script| page.replace(script, ""));
        assert!(
            !markup.contains(attribute),
            "src/site/verify.html has {attribute:?}, but must be one file that asks for nothing"
        );
    }
}
