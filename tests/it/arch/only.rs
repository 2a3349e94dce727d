//! What only one module does: each sentence of the map in `lib.rs` that says so has a test here.

use super::tree::{Module, modules};

/// Where a word stands in a line, but not as the end of a longer one: `x.com` is not in `netflix.com`.
fn has_word(line: &str, word: &str) -> bool {
    let begins = |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| begins(at) || !word.starts_with(|c: char| c.is_alphanumeric()))
}

/// Every line outside the modules in `who` in which one of the words stands.
fn lines_of_others(who: &[&str], words: &[&str]) -> Vec<String> {
    let others = |module: &Module| !who.iter().any(|folder| module.is_in(folder));
    let mut wrong = Vec::new();
    for module in modules().iter().filter(|module| others(module)) {
        for (number, line) in &module.lines {
            if words.iter().any(|word| has_word(line, word)) {
                wrong.push(format!("{}:{number}: {}", module.file.display(), line.trim()));
            }
        }
    }
    wrong
}

/// Only the modules in `who` have lines in which one of the words stands, and each of them does.
fn assert_only(who: &[&str], words: &[&str], instead: &str) {
    let wrong = lines_of_others(who, words);
    assert!(wrong.is_empty(), "only {}; {instead}:\n{}", who.join(", "), wrong.join("\n"));
    for needless in who {
        let rest: Vec<&str> = who.iter().filter(|folder| *folder != needless).copied().collect();
        assert!(!lines_of_others(&rest, words).is_empty(), "{needless} does it no more: take it off the list");
    }
}

/// Only the modules in `who` name the path.
fn assert_only_names(who: &[&str], path: &str, instead: &str) {
    let parts: Vec<&str> = path.split("::").collect();
    let mut wrong = Vec::new();
    for module in modules().iter().filter(|module| !who.iter().any(|folder| module.is_in(folder))) {
        for named in module.names.iter().filter(|named| named.path.len() >= parts.len()) {
            if named.path.iter().zip(&parts).all(|(own, part)| own == part) {
                wrong.push(format!("{}:{}", module.file.display(), named.line));
            }
        }
    }
    assert!(wrong.is_empty(), "only {} may name {path}; {instead}:\n{}", who.join(", "), wrong.join("\n"));
}

/// The client's journal is a database of its own: what an audit has read of somebody's posts.
#[test]
fn only_the_store_writes_the_database() {
    assert_only(&["store", "client"], &["rusqlite"], "ask the store");
    assert_only(&["app::daemon"], &["Store::open("], "look with `Reader`, ask with `RequestClient`");
}

#[test]
fn only_init_creates_a_store() {
    assert_only(&["cli::init"], &["Store::create("], "what exists is opened");
}

#[test]
fn only_post_posts() {
    let who = ["platform", "sandbox::direct", "tasks::post"];
    assert_only_names(&who, "platform::Draft", "record an intent in the store");
}

#[test]
fn only_deliver_and_send_send_messages() {
    assert_only(&["tasks::deliver", "cli::send"], &[".send_message("], "give the message to the store");
}

/// Posts, messages and `send` write down an attempt, and what came of it, where the engine tells them to.
#[test]
fn only_the_engine_does_a_remote_thing_once() {
    let who = ["tasks::once", "tasks::post::ledger", "tasks::deliver::ledger", "cli::send::conversation"];
    let instead = "make it an effect, and let `tasks::once` bring it to its end";
    assert_only(&who, &[".attempt(", ".begin_send("], instead);
    // A command also ends what an earlier one left without an outcome.
    let sends = ["cli::send::conversation", "cli::send::sender"];
    assert_only(&sends, &[".send_accepted(", ".send_failed(", ".send_given_up("], instead);
    // What became of a refused answer is for the publisher to say.
    assert_only(&["tasks::once", "tasks::post", "tasks::deliver::ledger"], &[".given_up("], instead);
    assert_only(&["tasks::post"], &[".as_standalone("], instead);
}

/// Whatever creates, changes or removes a file is in this list, with what it writes.
#[test]
fn only_publish_writes_the_public_folder() {
    let who = [
        // the public folder
        "tasks::publish::files",
        // a new installation, in which the public folder is empty
        "app::config::unnamed",
        "app::config::create",
        // the locks and marks beside the database
        "store::sqlite::file",
        "cli::send::lock",
        // the state of an audit, and its journal
        "cli::audit",
        "client",
        // a proof, and what a demo leaves
        "cli::prove",
        "cli::demo",
    ];
    let words = [
        "fs::write",
        "fs::create_dir",
        "fs::rename",
        "fs::remove",
        "fs::copy",
        "fs::hard_link",
        "fs::set_permissions",
        "File::create",
        "OpenOptions",
        "DirBuilder",
        ".persist",
    ];
    assert_only(&who, &words, "what is public is written by `tasks::publish`");
}

/// A post's address is also in the core, which says where to look, and the sandbox answers as X does.
#[test]
fn only_the_client_for_x_and_its_channel_know_an_address_of_x() {
    let who = ["platform::x", "base::ids", "sandbox"];
    assert_only(&who, &["x.com", "twitter.com"], "ask `platform::x`, or the channel of a post");
}

#[test]
fn only_the_configuration_reads_secrets() {
    assert_only(&["app::config", "tlog"], &["LogKey::parse(", "LogKey::from_seed("], "use `config::secrets`");
    assert_only(&["app::config"], &["x25519::Identity::from_str", "CREDENTIALS_DIRECTORY"], "use `config::secrets`");
    // The sandbox gives credentials away, and the demo takes them.
    assert_only(&["app::config", "cli::demo"], &["SecretString::from"], "use `config::secrets`");
    // Whether colours are wanted is no secret.
    assert_only(&["app::config", "cli::logging"], &["env::var", "env::vars"], "use the configuration");
}

/// Every other module uses two of the tasks at most.
#[test]
fn only_the_daemon_knows_everybody() {
    let all = modules();
    let loops: Vec<&Module> = all
        .iter()
        .filter(|module| module.path.len() == 2 && module.is_in("tasks"))
        .filter(|module| module.lines.iter().any(|(_, line)| line.starts_with("impl Task for ")))
        .collect();
    assert!(8 <= loops.len(), "the loops are found by `impl Task for`");
    let known = |module: &Module| {
        // How a task is set is for the configuration to say.
        let is_setting = |path: &[String]| path.last().is_some_and(|name| name.ends_with("Settings"));
        let names = || module.names.iter().filter(|named| !is_setting(&named.path));
        loops.iter().filter(|it| names().any(|named| named.path.starts_with(&it.path))).count()
    };
    let many = all.iter().filter(|module| !module.is_in("tasks") && 2 < known(module));
    assert_eq!(many.map(Module::name).collect::<Vec<_>>(), ["app::daemon", "app::daemon::tasks"]);
}

#[test]
fn only_the_command_line_reads_arguments() {
    assert_only(&["cli"], &["clap", "clap_complete", "env::args", "dialoguer", "io::stdin"], "take it as a value");
}

#[test]
fn only_the_command_line_writes_to_a_person() {
    let words = ["println!", "eprintln!", "print!", "eprint!", "io::stdout", "io::stderr"];
    assert_only(&["cli"], &words, "return it, or use `tracing`");
}

#[test]
fn only_the_command_line_says_where_log_lines_go() {
    assert_only(&["cli::logging"], &["tracing_subscriber"], "use `tracing`");
}
