//! Answers mentions, and takes the officials' commands.

pub mod command;
pub mod answer;
pub mod limits;
pub mod code;
pub mod letter;
