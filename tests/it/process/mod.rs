//! The program itself, as a process: killed, misconfigured, watched for what it gives away.

pub mod asking;
pub mod demo;
pub mod kills;
pub mod misconfiguration;
pub mod refusals;
pub mod secrets;
pub mod site_kills;
