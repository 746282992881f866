//! Room set: all rooms, and which of them have something to write.
//!
//! Invariant: a room that was handed out for a change is flushed in this round.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::time::{Duration, Instant};

use common::LineId;

use crate::limits;
use crate::room::id::{RoomRef, UNNAMED_ROOM};
use crate::room::{JoinLeaveNotice, Room};

/// The configuration of every room.
#[derive(Clone, Copy, Debug)]
pub struct RoomConfig {
    /// The most lines that a room keeps.
    pub history_lines: usize,
    /// The most members that receive a notice for each join and leave.
    pub join_notice_limit: usize,
}

/// The rooms by their numbers.
pub struct RoomSet {
    rooms: BTreeMap<u64, Room>,
    /// The rooms that may have something to write.
    dirty: Vec<u64>,
    /// The rooms that will announce how many members joined and left.
    counting: Vec<u64>,
    /// The rooms that became empty, and when.
    empty: VecDeque<(Instant, u64)>,
    config: RoomConfig,
}

/// The time for which an empty room is kept: far longer than a post waits in the queue.
const EMPTY_ROOM_LIFETIME: Duration = Duration::from_secs(10);

/// The most empty rooms that are kept. A member that moves to one is in a queued post, and
/// no more than these are in the queue.
const MAX_EMPTY_ROOMS: usize = limits::POST_QUEUE;

impl RoomSet {
    /// Makes a set without rooms.
    pub fn new(config: RoomConfig) -> RoomSet {
        RoomSet {
            rooms: BTreeMap::new(),
            dirty: Vec::new(),
            counting: Vec::new(),
            empty: VecDeque::new(),
            config,
        }
    }

    /// Returns a room for reading.
    pub fn get(&self, number: u64) -> Option<&Room> {
        self.rooms.get(&number)
    }

    /// Returns the time at which a line was said, in whatever room, and `true` if it
    /// was the last there; `None` if it is not kept.
    pub fn find_line(&self, line: LineId<'_>) -> Option<(Instant, bool)> {
        let mut rooms = self.rooms.values();
        rooms.find_map(|room| {
            let time = room.history.time_of(line)?;
            Some((time, room.history.is_last(line)))
        })
    }

    /// Marks a room dirty and returns it for a change.
    pub fn get_mut(&mut self, number: u64) -> Option<&mut Room> {
        let room = self.rooms.get_mut(&number)?;
        mark_dirty(&mut self.dirty, number, room);
        Some(room)
    }

    /// Returns a room for a change, which is made if there is none yet.
    pub fn get_or_create(&mut self, id: &RoomRef) -> &mut Room {
        let RoomConfig {
            history_lines,
            join_notice_limit,
        } = self.config;
        let make = || Room::new(id.name.clone(), history_lines, join_notice_limit);
        let room = self.rooms.entry(id.number).or_insert_with(make);
        mark_dirty(&mut self.dirty, id.number, room);
        room
    }

    /// Returns the room of number `chosen` for a change. `None` selects every room that
    /// can have members.
    pub fn select_mut(&mut self, chosen: Option<u64>) -> impl Iterator<Item = &mut Room> {
        let is_chosen = move |number| chosen.is_none_or(|chosen| chosen == number);
        let dirty = &mut self.dirty;
        self.rooms.iter_mut().filter_map(move |(&number, room)| {
            let selected = number != UNNAMED_ROOM && is_chosen(number);
            selected.then(|| {
                mark_dirty(dirty, number, room);
                room
            })
        })
    }

    /// Removes a room with its history, if nobody comes for a moment: a member may be
    /// about to come that the registry has in the room already.
    pub fn remove_soon(&mut self, number: u64) {
        self.empty.push_back((Instant::now(), number));
    }

    /// Removes the rooms that have been empty for a while, and those that are too many.
    fn remove_empty(&mut self) {
        while let Some(&(since, number)) = self.empty.front()
            && (since.elapsed() >= EMPTY_ROOM_LIFETIME || self.empty.len() > MAX_EMPTY_ROOMS)
        {
            self.empty.pop_front();
            let room = self.rooms.get(&number);
            if room.is_some_and(|room| room.connections.count() == 0) {
                self.rooms.remove(&number);
            }
        }
    }

    /// Removes all rooms.
    pub fn take_all(&mut self) -> impl Iterator<Item = Room> + use<> {
        mem::take(&mut self.rooms).into_values()
    }

    /// Notifies a room of a member that joined or left.
    pub fn announce_join_leave(&mut self, number: u64, notice: JoinLeaveNotice<'_>) {
        if let Some(room) = self.get_mut(number) {
            let counted = room.count_due().is_some();
            room.announce_join_leave(notice);
            if !counted && room.count_due().is_some() {
                self.counting.push(number);
            }
        }
    }

    /// Returns the time at which the next count of joins and leaves is due.
    pub fn next_count_due(&self) -> Option<Instant> {
        let rooms = self.counting.iter();
        rooms
            .filter_map(|number| self.get(*number)?.count_due())
            .min()
    }

    /// Announces the counts that are due.
    pub fn announce_counts(&mut self) {
        let now = Instant::now();
        for number in mem::take(&mut self.counting) {
            match self.get(number).and_then(Room::count_due) {
                Some(due) if due <= now => {
                    if let Some(room) = self.get_mut(number) {
                        room.announce_count();
                    }
                }
                Some(_) => self.counting.push(number),
                None => {}
            }
        }
    }

    /// Makes one write for each member that has something to receive.
    pub fn flush(&mut self) {
        self.remove_empty();
        for number in self.dirty.drain(..) {
            if let Some(room) = self.rooms.get_mut(&number) {
                room.connections.flush();
            }
        }
    }
}

/// Marks a room dirty, unless it has something to write and so is marked already.
fn mark_dirty(dirty: &mut Vec<u64>, number: u64, room: &Room) {
    if room.connections.is_clean() {
        dirty.push(number);
    }
}

#[cfg(test)]
mod tests {
    use common::Name;

    use super::*;

    #[test]
    fn of_very_many_empty_rooms_the_oldest_are_removed_at_once() {
        let mut rooms = RoomSet::new(RoomConfig {
            history_lines: 0,
            join_notice_limit: 0,
        });
        let name = Name::from_static("room");
        for number in 2..MAX_EMPTY_ROOMS as u64 + 102 {
            let name = name.clone();
            rooms.get_or_create(&RoomRef { number, name });
            rooms.remove_soon(number);
        }
        rooms.flush();
        assert_eq!(rooms.rooms.len(), MAX_EMPTY_ROOMS);
        assert!(rooms.get(101).is_none() && rooms.get(102).is_some());
    }
}
