//! The public site.

use verbale::log::signed_note::LogKey;
use verbale::note::AccountName;
use verbale::platform::x;
use verbale::site::Settings;

/// How the site of the log with this key is set.
pub fn settings(key: &LogKey) -> Settings {
    Settings {
        vkey: key.vkey(),
        account: AccountName::parse("embassy"),
        address: None,
        post_address: x::address_of,
        web: "https://x.com/".to_owned(),
    }
}
