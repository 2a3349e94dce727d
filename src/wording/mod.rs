//! Every text that leaves, and every text that is understood: what people and platforms read of us, and what we read of
//! them. A language is added here, beside [`site`](../site/index.html) and the page that verifies.

pub mod post;
pub mod weight;
pub mod thread;
#[cfg(feature = "daemon")]
pub mod command;
#[cfg(feature = "daemon")]
pub mod answer;
#[cfg(feature = "daemon")]
pub mod code;
#[cfg(feature = "daemon")]
pub mod dm;
