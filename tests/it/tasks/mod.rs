//! The tasks on a driven clock and a sandbox without a network.

pub mod disputes;
pub mod effects;
pub mod faults;
pub mod forks;
pub mod groups;
pub mod letters;
pub mod mentions;
pub mod monitor;
pub mod once_model;
pub mod price;
pub mod reply;
pub mod simulation;
pub mod steps;
pub mod survey;
mod unsent;
pub mod year;
