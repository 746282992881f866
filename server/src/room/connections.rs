//! Connections: those of a room's members, and one write for each.
//!
//! A member whose connection broke stays in the room without one, and may come back.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IoSlice;

use common::tags::TagWriter;

use super::batch::{RoomBatch, View};
use super::rendering::{Rendering, now, tag_notices};
use crate::connection::{MemberId, WriteHalf};

/// The connections in one room, and the batch for their next write.
#[derive(Default)]
pub struct RoomConnections {
    /// In the order of joining, in which their sockets lie in memory. At a thousand
    /// connections that saves a tenth of the time (measured).
    open: BTreeMap<MemberId, RoomConnection>,
    /// The members whose connection is broken.
    detached: BTreeSet<MemberId>,
    batch: RoomBatch,
    /// The connections whose view of this batch is not simply the shared lines.
    customized: Vec<MemberId>,
}

struct RoomConnection {
    write_half: WriteHalf,
    rendering: Rendering,
    view: View,
}

impl RoomConnections {
    /// Returns the number of members, connected or not.
    pub fn count(&self) -> usize {
        self.open.len() + self.detached.len()
    }

    /// Returns `true` if the member `id` is here, connected or not.
    pub fn contains(&self, id: MemberId) -> bool {
        self.open.contains_key(&id) || self.detached.contains(&id)
    }

    /// Returns `true` if there is nothing to write.
    pub fn is_clean(&self) -> bool {
        self.batch.is_empty() && self.customized.is_empty()
    }

    /// Adds a connection, or the new connection of a detached member. It receives what
    /// is said from now on.
    pub fn add(&mut self, id: MemberId, write_half: WriteHalf, rendering: Rendering) {
        self.detached.remove(&id);
        let view = self.batch.add_member(rendering);
        if !view.is_shared() {
            self.customized.push(id);
        }
        let connection = RoomConnection {
            write_half,
            rendering,
            view,
        };
        self.open.insert(id, connection);
    }

    /// Removes a member. Returns its connection, unless that is broken, after it has
    /// been sent what it still has to receive.
    pub fn remove(&mut self, id: MemberId) -> Option<WriteHalf> {
        self.detached.remove(&id);
        let mut connection = self.open.remove(&id)?;
        connection.write(&self.batch, &mut Vec::new());
        self.batch.remove_member(connection.rendering);
        Some(connection.write_half)
    }

    /// Takes the broken connection of a member, which stays.
    pub fn detach(&mut self, id: MemberId) -> Option<WriteHalf> {
        let write_half = self.remove(id)?;
        self.detached.insert(id);
        Some(write_half)
    }

    /// Sends a connection tags from now on.
    pub fn set_tagged(&mut self, id: MemberId) {
        if let Some(write_half) = self.remove(id) {
            self.add(id, write_half, Rendering::Tagged);
        }
    }

    /// Sends a connection lines without newlines from now on.
    pub fn set_unframed(&mut self, id: MemberId) {
        if let Some(connection) = self.open.get_mut(&id) {
            connection.write_half.set_unframed();
        }
    }

    /// Returns the most bytes of a long answer for a connection.
    pub fn max_answer_of(&self, id: MemberId) -> usize {
        let connection = self.open.get(&id);
        connection.map_or(usize::MAX, |it| it.write_half.max_answer())
    }

    /// Returns how the lines of a connection are rendered.
    pub fn rendering_of(&self, id: MemberId) -> Rendering {
        let connection = self.open.get(&id);
        connection.map_or(Rendering::Plain, |connection| connection.rendering)
    }

    /// Adds lines for all. `tags` gives the writer of their tags, and the id of the
    /// first line.
    pub fn push_shared(&mut self, lines: &[u8], tags: impl FnOnce() -> (TagWriter, u64)) {
        self.batch.push_shared(lines, tags);
    }

    /// Adds notices for all.
    pub fn push_notice(&mut self, lines: &[u8]) {
        self.batch.push_notice(lines);
    }

    /// Leaves the lines that were added last out of what a connection receives.
    pub fn exclude(&mut self, id: MemberId) {
        if let Some(connection) = self.open.get_mut(&id) {
            connection.customize(id, &mut self.customized);
            let rendering = connection.rendering;
            self.batch.exclude(rendering, &mut connection.view);
        }
    }

    /// Adds lines for one connection alone, as they are.
    pub fn send_to(&mut self, id: MemberId, lines: &[u8]) {
        if let Some(connection) = self.open.get_mut(&id) {
            connection.customize(id, &mut self.customized);
            let rendering = connection.rendering;
            self.batch
                .push_for_one(rendering, &mut connection.view, lines);
        }
    }

    /// Adds notices for one connection alone. Unlike an answer to a command, they are
    /// tagged if the connection receives tags.
    pub fn send_notice(&mut self, id: MemberId, lines: &[u8]) {
        match self.rendering_of(id) {
            Rendering::Plain => self.send_to(id, lines),
            Rendering::Tagged => self.send_to(id, &tag_notices(lines, now())),
        }
    }

    /// Sends a connection what it still has to receive, and then its last bytes.
    pub fn disconnect(&mut self, id: MemberId, final_bytes: &[u8]) {
        if let Some(connection) = self.open.get_mut(&id) {
            connection.write(&self.batch, &mut Vec::new());
            connection.write_half.close(final_bytes);
        }
    }

    /// Sends every connection what is still in the batch, and then the same last bytes.
    pub fn disconnect_all(mut self, final_bytes: &[u8]) {
        for connection in self.open.values_mut() {
            connection.write(&self.batch, &mut Vec::new());
            connection.write_half.close(final_bytes);
        }
    }

    /// Makes one write for each connection that has something to receive.
    pub fn flush(&mut self) {
        let RoomConnections { open, batch, .. } = self;
        let mut slices = Vec::new();
        if batch.has_no_shared() {
            for id in &self.customized {
                if let Some(connection) = open.get_mut(id) {
                    connection.write(batch, &mut slices);
                    // One that was taken out and added again is listed twice.
                    connection.view.clear();
                }
            }
        } else {
            for connection in open.values_mut() {
                connection.write(batch, &mut slices);
            }
        }
        drop(slices);
        for id in self.customized.drain(..) {
            if let Some(connection) = open.get_mut(&id) {
                connection.view.clear();
            }
        }
        self.batch.clear();
    }
}

impl RoomConnection {
    /// Lists the connection `id` as customized, unless it is listed already.
    fn customize(&self, id: MemberId, customized: &mut Vec<MemberId>) {
        if self.view.is_shared() {
            customized.push(id);
        }
    }

    fn write<'a>(&mut self, batch: &'a RoomBatch, slices: &mut Vec<IoSlice<'a>>) {
        let batch = batch.rendered(self.rendering);
        batch.slices(&self.view, slices);
        if !slices.is_empty() {
            let view = &self.view;
            self.write_half.send(slices, || batch.copy_for(view));
        }
    }
}
