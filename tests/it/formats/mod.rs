//! The formats: vectors, properties, other implementations as oracles, archives of all kinds.

pub mod archives;
pub mod log_oracles;
pub mod proofs;
pub mod properties;
pub mod vectors;
