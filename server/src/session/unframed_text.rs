//! Unframed text: the texts of a peer that ends no lines.

use common::{Request, text};

use super::line_handler::LineHandler;
use super::reply_tracker::ReplyTracker;
use crate::connection::close::{Close, CloseReason};

const NOT_SENT_BLANK: &str = "Not sent, line is blank.";

/// Does what one text of an unframed peer asks for. Its program may wait for
/// one reply before it sends the next text.
pub fn handle_text(handler: &mut LineHandler<'_, '_>, text: &str) -> Result<(), Close> {
    handler.throttle()?;
    let text = text::sanitize(text);
    let expects_reply = ReplyTracker::observe(&text, &handler.member);
    handler.member.has_replied = false;
    match Request::parse(&text, &handler.member.me) {
        Request::Say(text) if expects_reply && ReplyTracker::is_bye(text) => {
            return Err(handler.flush_and_close(CloseReason::Quit));
        }
        Request::Say(text) => {
            handler.say(text);
            handler
                .replies
                .acknowledge(&mut handler.member, expects_reply);
        }
        Request::Heartbeat => handler.member.refuse(NOT_SENT_BLANK),
        Request::Quit => return Err(handler.flush_and_close(CloseReason::Quit)),
        Request::Command { word, rest } => {
            handler.run_command(word, rest)?;
            let expects_reply = expects_reply && ReplyTracker::has_no_reply(word);
            handler
                .replies
                .acknowledge(&mut handler.member, expects_reply);
        }
    }
    Ok(())
}
