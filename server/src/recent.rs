//! Recent: a map of bounded size, from which the oldest entry makes room.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// A map that keeps its newest entries.
pub struct Recent<K, V> {
    entries: HashMap<K, (u64, V)>,
    /// The keys in the order of their insertion. One that was inserted again or removed
    /// stands here too, under an older number.
    order: VecDeque<(u64, K)>,
    next: u64,
    max: usize,
}

impl<K: Clone + Eq + Hash, V> Recent<K, V> {
    /// Makes an empty map of at most `max` entries.
    pub fn new(max: usize) -> Recent<K, V> {
        Recent {
            entries: HashMap::new(),
            order: VecDeque::new(),
            next: 0,
            max,
        }
    }

    /// Inserts an entry. The oldest makes room if there are too many.
    pub fn insert(&mut self, key: K, value: V) {
        self.next += 1;
        self.order.push_back((self.next, key.clone()));
        self.entries.insert(key, (self.next, value));
        // Outdated numbers go too, so that they do not add up.
        while self.order.len() > self.max
            && let Some((number, oldest)) = self.order.pop_front()
        {
            if self
                .entries
                .get(&oldest)
                .is_some_and(|(last, _)| *last == number)
            {
                self.entries.remove(&oldest);
            }
        }
    }

    /// Returns `true` if half of the space is used, also by outdated entries.
    pub fn is_half_full(&self) -> bool {
        self.order.len() >= self.max.div_ceil(2)
    }

    /// Returns the entry of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|(_, value)| value)
    }

    /// Removes an entry, and returns it.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.entries.remove(key).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_makes_room() {
        let mut recent = Recent::new(2);
        assert!(!recent.is_half_full());
        recent.insert("a", 1);
        assert!(recent.is_half_full());
        recent.insert("b", 2);
        recent.insert("c", 3);
        assert_eq!(
            [recent.get(&"a"), recent.get(&"b"), recent.get(&"c")],
            [None, Some(&2), Some(&3)]
        );
    }

    #[test]
    fn an_entry_that_is_inserted_again_is_new() {
        let mut recent = Recent::new(2);
        recent.insert("a", 1);
        recent.insert("a", 2);
        recent.insert("b", 3);
        assert_eq!(recent.get(&"a"), Some(&2));
        assert_eq!(recent.remove(&"a"), Some(2));
        recent.insert("c", 4);
        assert_eq!((recent.get(&"b"), recent.get(&"c")), (Some(&3), Some(&4)));
    }

    #[test]
    fn the_memory_is_bounded_however_often_one_key_returns() {
        let mut recent = Recent::new(2);
        for round in 0..1000 {
            recent.insert("a", round);
            recent.remove(&"a");
        }
        assert!(recent.order.len() <= 2);
    }
}
