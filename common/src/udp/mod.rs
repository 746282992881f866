//! The lines that only UDP needs: a proof of the address, and numbers.

pub mod cookie;
pub mod sequence;
