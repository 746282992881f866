//! Ignored by: which members do not want to receive from a member.

use std::collections::HashMap;

use crate::connection::MemberId;

/// The members that ignore a member, by that member. It is mostly empty, so it costs a
/// message nothing.
#[derive(Default)]
pub struct IgnoredBy(HashMap<MemberId, Vec<MemberId>>);

impl IgnoredBy {
    /// Returns the members that ignore `other`.
    pub fn of(&self, other: MemberId) -> &[MemberId] {
        self.0.get(&other).map_or(&[], Vec::as_slice)
    }

    /// Returns `true` if the member `id` ignores `other`.
    pub fn contains(&self, id: MemberId, other: MemberId) -> bool {
        self.of(other).contains(&id)
    }

    /// Makes the member `id` ignore `other`.
    pub fn add(&mut self, id: MemberId, other: MemberId) {
        self.0.entry(other).or_default().push(id);
    }

    /// Makes the member `id` receive from `other` again.
    pub fn remove(&mut self, id: MemberId, other: MemberId) {
        if let Some(ids) = self.0.get_mut(&other) {
            ids.retain(|&one| one != id);
            if ids.is_empty() {
                self.0.remove(&other);
            }
        }
    }
}
