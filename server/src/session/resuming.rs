//! Resuming: a new connection becomes that of a member whose connection broke.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use common::notice::{self, Occupants};
use common::{Event, LineId, Name, ResumeRequest, Token, numbering};

use super::guard::SessionGuard;
use crate::broadcaster::post::{MemberPost, Post, Resumption};
use crate::connection::admission;
use crate::connection::close::Close;
use crate::registry::NameTaken;
use crate::resume::Resumed;
use crate::room::id::RoomId;

/// The answer to every token that is not good, whatever is wrong with it.
const NO_TOKEN: &str = "Unknown or expired token.";

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
    let name = resumed.detached.name.clone();
    if let Err(why) = context.moderation.admit_name(&name, address) {
        context.resume.undo_resume(resumed);
        return Err(ResumeError::Refused(why));
    }
    if !guard.protect_from_eviction() {
        context.resume.undo_resume(resumed);
        return Err(ResumeError::Closed(admission::evicted()));
    }
    let Ok((room, others)) = reclaim(guard, &resumed) else {
        guard.count_unnamed();
        context.resume.undo_resume(resumed);
        return Err(ResumeError::Refused(format!("{name} is already in use.")));
    };
    // The flag is up to date as long as the operator finds the member by its name.
    let muted = resumed.profile.is_none() && resumed.detached.connection.flags.is_muted();
    let muted = muted || context.moderation.is_muted(&name);
    guard.connection.flags.set_muted(muted);
    guard.rate_limit = resumed.detached.rate_limit.union(guard.rate_limit);
    guard.hides_join_leave = resumed.detached.hides_join_leave;
    guard.name = Some(name.clone());
    guard.token = Some(resumed.token);
    guard.last_handled = Arc::clone(&resumed.last_handled);
    post_resumption(guard, &name, &resumed, (room, others), request.last_shown);
    // A kick that found the broken connection a moment ago counts for this one.
    match resumed.detached.connection.lifecycle.close_cause() {
        Some(kick) => Err(ResumeError::Closed(kick.clone())),
        None => Ok(name),
    }
}

/// Gives the member its name and room again, on the new connection.
fn reclaim(guard: &SessionGuard<'_>, resumed: &Resumed) -> Result<(RoomId, Occupants), NameTaken> {
    let registry = &guard.context.registry;
    let (name, connection) = (&resumed.detached.name, &guard.connection);
    // Before others find it: the next connection may close this one already.
    connection.flags.set_may_resume();
    match &resumed.profile {
        Some(profile) => registry.restore(name, connection, resumed.member, profile.clone()),
        None if !connection.bind_member(resumed.member) => Err(NameTaken(None)),
        None => registry
            .set_connection(name, connection)
            .ok_or(NameTaken(None)),
    }
}

fn post_resumption(
    guard: &SessionGuard<'_>,
    name: &Name,
    resumed: &Resumed,
    (room, others): (RoomId, Occupants),
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
        sender_id: guard.context.registry.sender_id(name),
        arrival_notice: if was_told {
            line(&notice::joined(name))
        } else {
            Vec::new()
        },
        welcome: guard.welcome(&notice::welcome(name, &others)),
        replies,
        last_shown: last_shown.map(|id| (id.stream.to_string(), id.number)),
        log_entry: guard.connected_entry(name),
        to: room,
    };
    let post = MemberPost::Resume(Box::new(resumption));
    guard.context.posts.send(Post::Member(post));
}
