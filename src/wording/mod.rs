//! Every text that leaves, and every text that is understood: what people and platforms read of us, and what we read of
//! them. A language is added here, beside [`site`](../site/index.html) and the page that verifies.

pub mod standing;
pub mod post;
pub mod weight;
pub mod thread;
pub mod command;
pub mod answer;
pub mod code;
pub mod dm;
pub mod proof_readme;
