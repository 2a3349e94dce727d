//! The client for X, and a sandbox that answers it over HTTP.

use std::time::Duration;

use secrecy::SecretString;
use tokio::net::TcpListener;
use verbale::platform::x::{ClientSettings, Credentials, X};
use verbale::sandbox::world::{Call, Fault, How, Moment, Settings, Vocabulary};
use verbale::sandbox::{Clock, EMBASSY, Shared, http, story_world};

use crate::support::relay::Relay;

pub const VOCABULARIES: [Vocabulary; 3] = [Vocabulary::Post, Vocabulary::Tweet, Vocabulary::Mixed];

/// A sandbox with an open server, and the embassy's client for it.
pub async fn start(settings: Settings) -> (Shared, X) {
    let (world, base) = open(settings).await;
    let x = client(&world, base);
    (world, x)
}

/// The same with a relay in between, which bends the sandbox's answers.
pub async fn start_bent(settings: Settings) -> (Shared, X, Relay) {
    let (world, base) = open(settings).await;
    let relay = Relay::open(&base).await;
    let x = client(&world, relay.base.clone());
    (world, x, relay)
}

async fn open(settings: Settings) -> (Shared, String) {
    let clock = Clock::of_the_machine();
    let world = Shared::new(story_world(settings, 7, clock.now()), clock);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(http::serve(listener, world.clone(), std::future::pending()));
    (world, base)
}

fn client(world: &Shared, base: String) -> X {
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
    let clock = world.clock().clone();
    let x = X::new(ClientSettings {
        base,
        credentials,
        connect_time: Duration::from_secs(20),
        call_time: Duration::from_secs(20),
        clock: verbale::base::clock::Clock::from_fn(move || clock.now()),
    });
    x.unwrap()
}

pub fn fault(world: &Shared, call: Call, at: Moment, how: How) {
    world.with(|world, _| world.add_fault(Fault::once(call, at, how)));
}

pub fn speaking(vocabulary: Vocabulary) -> Settings {
    Settings { vocabulary, ..Settings::of_x() }
}
