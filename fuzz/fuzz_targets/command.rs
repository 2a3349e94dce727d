//! Any text, as a mention and as an official's message: it is read, and what is kept of an order is read as that order.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verbale::wording::command::{Ask, Order};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = Ask::read(text, None);
    let _ = Ask::read(text, Some(3..=5));
    let order = Order::read(text);
    assert_eq!(Order::read(&order.to_string()), order);
});
