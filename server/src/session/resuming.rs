//! Resuming: a new connection becomes that of a member whose connection broke.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use common::notice::{self, Occupants};
use common::{Event, LineId, Name, ResumeRequest, Token, numbering};

use super::context::ServerContext;
use super::guard::SessionGuard;
use crate::broadcaster::post::{MemberPost, Post, Resumption};
use crate::connection::admission;
use crate::connection::close::Close;
use crate::connection::host::Host;
use crate::registry::NameTaken;
use crate::resume::Resumed;
use crate::room::id::RoomRef;

/// The answer to every token that is not good, whatever is wrong with it.
const NO_TOKEN: &str = "Unknown or expired token.";

/// The room of a member, and the other members there.
type RoomAndOthers = (RoomRef, Occupants);

/// The reason why a connection cannot resume.
pub enum ResumeError {
    /// Refused, for this reason. Another attempt may follow.
    Refused(String),
    /// The connection must close.
    Closed(Close),
}

/// Makes the connection that of the member with the token in `request`. Returns the
/// name of the member.
///
/// # Errors
///
/// When it cannot, see [`ResumeError`].
pub fn resume(
    guard: &mut SessionGuard<'_>,
    request: &ResumeRequest<'_>,
) -> Result<Name, ResumeError> {
    let resumed = begin(guard, request)?;
    let Ok(place) = reclaim(guard, &resumed) else {
        guard.count_unnamed();
        let why = format!("{} is already in use.", resumed.detached.name);
        undo(&guard.context, resumed);
        return Err(ResumeError::Refused(why));
    };
    complete(guard, resumed, place, request.last_shown)
}

/// Ends the previous session of the member, if the connection may resume it.
pub(super) fn begin(
    guard: &SessionGuard<'_>,
    request: &ResumeRequest<'_>,
) -> Result<Resumed, ResumeError> {
    let refused = |why: &str| ResumeError::Refused(why.to_string());
    let token: Token = request.token.ok_or_else(|| refused(NO_TOKEN))?;
    if guard.connection.is_udp() {
        return Err(refused(NO_TOKEN));
    }
    let context = guard.context.clone();
    // Before the previous connection is closed for nothing.
    let address = guard.connection.address.ip();
    if let Err(close) = context.moderation.admit_address(address) {
        return Err(ResumeError::Refused(close.message));
    }
    let Some(resumed) = context.resume.resume(token, &guard.connection) else {
        return Err(refused(NO_TOKEN));
    };
    let name = &resumed.detached.name;
    if let Err(why) = context.moderation.admit_name(name, address) {
        undo(&context, resumed);
        return Err(ResumeError::Refused(why));
    }
    if !guard.protect_from_eviction() {
        undo(&context, resumed);
        return Err(ResumeError::Closed(admission::evicted()));
    }
    Ok(resumed)
}

/// Makes the guard that of the member, which has its `place` again.
pub(super) fn complete(
    guard: &mut SessionGuard<'_>,
    resumed: Resumed,
    place: RoomAndOthers,
    last_shown: Option<LineId<'_>>,
) -> Result<Name, ResumeError> {
    let name = resumed.detached.name.clone();
    guard.apply_mute(&name);
    guard.rate_limit = resumed.detached.rate_limit.union(guard.rate_limit);
    guard.hides_join_leave = resumed.detached.hides_join_leave;
    guard.name = Some(name.clone());
    guard.token = Some(resumed.token);
    guard.last_handled = Arc::clone(&resumed.last_handled);
    post_resumption(guard, &name, &resumed, place, last_shown);
    // A kick that found the broken connection a moment ago counts for this one. A ban
    // either finds this one, or is found here.
    let kick = resumed.detached.connection.lifecycle.close_cause().cloned();
    let address = guard.connection.address.ip();
    match kick.or_else(|| guard.context.moderation.ban_of(&name, address)) {
        Some(close) => Err(ResumeError::Closed(close)),
        None => Ok(name),
    }
}

/// Takes back a resume that cannot be completed. A ban that came meanwhile did not find
/// the token of a member whose departure was announced, so that is ended here.
pub(super) fn undo(context: &ServerContext, resumed: Resumed) {
    let name = resumed.detached.name.clone();
    let address = resumed.detached.connection.address.ip();
    context.resume.undo_resume(resumed);
    if context.moderation.ban_of(&name, address).is_some() {
        let is_meant = |other: &Name, host| *other == name && host == Host::of(address);
        context.resume.end_departed(is_meant);
    }
}

/// Gives the member its name and room again, on the new connection.
pub(super) fn reclaim(
    guard: &SessionGuard<'_>,
    resumed: &Resumed,
) -> Result<RoomAndOthers, NameTaken> {
    let registry = &guard.context.registry;
    let (name, connection) = (&resumed.detached.name, &guard.connection);
    // Before others find it: the next connection may close this one already.
    connection.flags.set_may_resume();
    match &resumed.profile {
        Some(profile) => registry.restore(name, connection, resumed.member, profile.clone()),
        None if !connection.bind_member(resumed.member) => Err(NameTaken(None)),
        None => registry.set_connection(connection).ok_or(NameTaken(None)),
    }
}

fn post_resumption(
    guard: &SessionGuard<'_>,
    name: &Name,
    resumed: &Resumed,
    (room, others): RoomAndOthers,
    last_shown: Option<LineId<'_>>,
) {
    let line = |text: &str| Event::Notice(text).to_line();
    let was_told = resumed.profile.is_some();
    let number = resumed.last_handled.load(Ordering::Relaxed);
    let mut replies = format!("{}\n", numbering::ack(number)).into_bytes();
    replies.extend(line(&notice::own_new_room(&room.name, &others)));
    let resumption = Resumption {
        id: resumed.member,
        connection: guard.connection.id,
        sender_id: guard.sender_id(name),
        arrival_notice: if was_told {
            line(&notice::joined(name))
        } else {
            Vec::new()
        },
        welcome: guard.welcome(&notice::welcome(name, &others), &[]),
        replies,
        last_shown: last_shown.map(|id| (id.stream.to_string(), id.number)),
        log_entry: guard.connected_entry(name),
        to: room,
    };
    let post = MemberPost::Resume(Box::new(resumption));
    guard.context.posts.send(Post::Member(post));
}
