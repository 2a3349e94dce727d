//! The tasks on a driven clock and a sandbox without a network.

pub mod disputes;
pub mod effects;
pub mod faults;
pub mod once_model;
pub mod price;
pub mod reply;
pub mod simulation;
pub mod steps;
