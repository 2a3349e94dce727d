//! The client for X, and a sandbox that answers it over HTTP.

use std::time::Duration;

use secrecy::SecretString;
use tokio::net::TcpListener;
use verbale::platform::x::{ClientSettings, Credentials, X};
use verbale::sandbox::world::{Call, Fault, How, Moment, Settings, Vocabulary};
use verbale::sandbox::{Clock, EMBASSY, Shared, http, story_world};

pub const VOCABULARIES: [Vocabulary; 3] = [Vocabulary::Post, Vocabulary::Tweet, Vocabulary::Mixed];

/// A sandbox with an open server, and the embassy's client for it.
pub async fn start(settings: Settings) -> (Shared, X) {
    let clock = Clock::of_the_machine();
    let world = Shared::new(story_world(settings, 7, clock.now()), clock.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(http::serve(listener, world.clone(), std::future::pending()));
    let secret = |text: &str| SecretString::from(text);
    let credentials = world.with(|world, _| {
        let keys = &world.user(EMBASSY).unwrap().credentials;
        Credentials {
            api_key: secret(&keys.api_key),
            api_secret: secret(&keys.api_secret),
            access_token: secret(&keys.access_token),
            access_token_secret: secret(&keys.access_token_secret),
        }
    });
    let x = X::new(ClientSettings {
        base: base.clone(),
        credentials,
        connect_time: Duration::from_secs(20),
        call_time: Duration::from_secs(20),
        clock: verbale::base::clock::Clock::from_fn(move || clock.now()),
    });
    (world, x.unwrap())
}

pub fn fault(world: &Shared, call: Call, at: Moment, how: How) {
    world.with(|world, _| world.add_fault(Fault::once(call, at, how)));
}

pub fn speaking(vocabulary: Vocabulary) -> Settings {
    Settings { vocabulary, ..Settings::of_x() }
}
