//! Names: a connection takes a name, keeps it while it is broken, and gives it up.

use std::sync::Arc;

use common::Name;
use common::notice::Occupants;

use super::{Member, MemberProfile, NameTaken, Registry};
use crate::connection::{Connection, MemberId};
use crate::room::id::RoomRef;

impl Registry {
    /// Gives `name` to `connection`, in the lobby. Returns the other members there.
    ///
    /// # Errors
    ///
    /// When another member holds the name, in whatever case, or has had the connection.
    pub fn claim(&self, name: &Name, connection: &Arc<Connection>) -> Result<Occupants, NameTaken> {
        let profile = MemberProfile {
            room: RoomRef::lobby().name,
            away: None,
            ignored: Vec::new(),
            last_private_from: None,
        };
        let id = MemberId::first_of(connection.id);
        let (_lobby, occupants) = self.restore(name, connection, id, profile)?;
        Ok(occupants)
    }

    /// Gives `name` to `connection` as the member `id`, with what that had set. Returns the
    /// room, and the other members there. It is the lobby if the previous room is gone
    /// and there may be no more rooms.
    ///
    /// # Errors
    ///
    /// When another member holds the name, in whatever case, or has had the connection.
    pub fn restore(
        &self,
        name: &Name,
        connection: &Arc<Connection>,
        id: MemberId,
        mut profile: MemberProfile,
    ) -> Result<(RoomRef, Occupants), NameTaken> {
        let mut tables = self.lock();
        tables.check_free(name)?;
        if !connection.bind_member(id) {
            return Err(NameTaken(None));
        }
        let room = tables.rooms.get_or_create(&profile.room);
        let room = room.unwrap_or_else(|_too_many| RoomRef::lobby());
        profile.room = room.name.clone();
        let occupants = tables.occupants(&room.name);
        tables.rooms.add(&room.name, id, name);
        tables.left.remove(name);
        let member = Member {
            connection: Arc::clone(connection),
            profile,
        };
        tables.members.insert(name.clone(), member);
        tables.names.insert(id, name.clone());
        Ok((room, occupants))
    }

    /// Replaces the connection of the member that is bound to `connection`. Returns the
    /// room, and the other members there.
    pub fn set_connection(&self, connection: &Arc<Connection>) -> Option<(RoomRef, Occupants)> {
        let mut tables = self.lock();
        let name = tables.names.get(&connection.member_id())?.clone();
        let member = tables.members.get_mut(&name)?;
        // Here, so that a mute or unmute between the two connections is not lost.
        let is_muted = member.connection.flags.is_muted();
        connection.flags.set_muted(is_muted);
        member.connection = Arc::clone(connection);
        let room = member.profile.room.clone();
        let mut others = tables.occupants(&room);
        others.remove(&name);
        Some((tables.rooms.room_id(&room)?, others))
    }

    /// Releases the name of a member that leaves. Returns what the member had set. Another
    /// member that has had the name since keeps it.
    pub fn release(&self, id: MemberId) -> Option<MemberProfile> {
        let mut tables = self.lock();
        let name = tables.names.remove(&id)?;
        let member = tables.members.remove(&name)?;
        tables.rooms.remove(&member.profile.room, id);
        tables.record_departure(&name);
        Some(member.profile)
    }

    /// Gives the holder of `old` the name `new`. No other connection can have the old
    /// name before [`Registry::release_old_name`].
    ///
    /// # Errors
    ///
    /// When another member holds the new name.
    pub fn rename(&self, old: &Name, new: &Name) -> Result<(), NameTaken> {
        let mut tables = self.lock();
        if old != new {
            tables.check_free(new)?;
            tables.leaving.insert(old.clone());
        }
        if let Some(member) = tables.members.remove(old) {
            let id = member.connection.member_id();
            tables.rooms.add(&member.profile.room, id, new);
            tables.members.insert(new.clone(), member);
            tables.names.insert(id, new.clone());
        }
        Ok(())
    }

    /// Releases a name that was given up.
    pub fn release_old_name(&self, old: &Name) {
        self.lock().leaving.remove(old);
    }
}
