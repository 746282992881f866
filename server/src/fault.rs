//! Faults on purpose, so that tests can see what the room makes of them. In a
//! server that was not built for its own tests this is nothing at all.

use crate::registry::Registry;

/// Panics on `panic!`, and on `panic! locked` with the registry locked.
#[cfg(test)]
pub fn trip(line: &str, registry: &Registry) {
    match line {
        "panic!" => panic!("as asked"),
        "panic! locked" => registry.panic_locked(),
        _ => {}
    }
}

/// Does nothing.
#[cfg(not(test))]
pub fn trip(_line: &str, _registry: &Registry) {}
