//! The program itself, as a process: killed, misconfigured, watched for what it gives away.

pub mod asking;
pub mod demo;
pub mod flood;
pub mod init_kills;
pub mod kills;
pub mod misconfiguration;
pub mod odd;
pub mod refusals;
pub mod restart;
pub mod secrets;
pub mod site_kills;
pub mod storm;
pub mod unfinished;
pub mod weather;
