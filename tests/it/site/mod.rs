//! The public folder, the site in it, and how both are handed out and copied.

pub mod folder;
pub mod page;
pub mod heal;
pub mod pages;
pub mod replicate;
pub mod server;
pub mod site_command;
pub mod sources;
pub mod words;
