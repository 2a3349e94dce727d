//! The tasks on a driven clock and a sandbox without a network.

pub mod disputes;
pub mod faults;
pub mod price;
pub mod reply;
pub mod simulation;
pub mod steps;
