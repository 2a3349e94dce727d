//! `verbale rejudge`: a message that was sent under a rule that did not mean it is sealed late, and says so.

use std::fs;

use crate::support::process::stop;
use crate::support::trial::Trial;

#[tokio::test(flavor = "multi_thread")]
async fn what_another_rule_did_not_mean_is_sealed_when_the_rule_is_corrected() {
    let trial = Trial::new().await;
    let say = async |arguments: &[&str]| {
        let output = trial.0.command(arguments).output().await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let mut daemon = trial.start();
    trial.looked().await;
    trial.write("DEMARCHE that no rule means", None);
    trial.write("NOTE that one means", None);
    trial.posted(1).await;
    let (status, out, _) = say(&["rejudge", "--since", "2020-01-01"]).await;
    assert_eq!(status, Some(0));
    assert!(out.starts_with("1 messages of this account since ") && out.ends_with(": 0 sealed\n"), "{out}");
    assert!(stop(&mut daemon, "TERM").await.success());

    let config = trial.0.path("config.toml");
    let old = fs::read_to_string(&config).unwrap();
    let new = old.replace("marker = \"NOTE\"", "pattern = \"NOTE|DEMARCHE\"");
    assert_ne!(old, new);
    fs::write(&config, new).unwrap();
    let (status, _, error) = say(&["rejudge", "--since", "2020-01-01"]).await;
    assert_eq!(status, Some(1));
    assert!(error.contains("no daemon runs") && error.ends_with("start it with `verbale run`\n"), "{error}");
    let mut daemon = trial.start();
    // What was asked for before is done too, once.
    trial.posted(2).await;
    let (status, out, _) = say(&["rejudge", "--since", "2020-01-01", "--json"]).await;
    assert_eq!(status, Some(0));
    assert!(out.contains("\"done\":true") && out.contains("\"sealed\":0"), "{out}");
    assert!(stop(&mut daemon, "TERM").await.success());
    assert_eq!(trial.posts(), ["Sealed note 1", "Sealed note 2"]);
}

#[tokio::test]
async fn a_moment_that_is_none_or_to_come_is_refused() {
    let trial = Trial::new().await;
    for (since, what) in [("yesterday", "is no moment"), ("2099-01-01", "is still to come")] {
        let output = trial.0.command(&["rejudge", "--since", since]).output().await.unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8(output.stderr).unwrap().contains(what));
    }
}
