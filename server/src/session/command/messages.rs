//! Messages: actions, and messages to some members alone.

use common::notice::{no_such_user, without_colons};
use common::{Event, Name};

use super::super::member_session::MemberSession;
use crate::broadcaster::post::Post;
use crate::moderation::rules::Switch;
use crate::registry::{Recipient, ReplyTarget};
use crate::room::id::Lines;

pub fn send_action(session: &mut MemberSession<'_, '_>, text: &str) {
    if session.may_speak_or_refuse() {
        session.post_buffer.push_action(&session.me, text);
        session.flush();
    }
}

pub fn send_private(session: &mut MemberSession<'_, '_>, to: &[Name], text: &str) {
    if !session.may_speak_or_refuse() {
        return;
    }
    if session.guard.context.moderation.is_on(Switch::NoPrivate) {
        return session.refuse("Private messages are off.");
    }
    if to.contains(&session.me) {
        return session.refuse("You cannot message yourself.");
    }
    let recipients = session.registry().find_recipients(&session.to_ref(), to);
    // One that ignores the sender stands here too: nobody can tell the sender of it.
    let present = recipients.iter().filter_map(|recipient| match recipient {
        Recipient::Reachable(name, ..) | Recipient::Ignoring(name) => Some(name.clone()),
        Recipient::Missing => None,
    });
    let line = Event::Private {
        from: session.me.clone(),
        to: present.collect(),
        text,
    };
    let mut line = line.to_line();
    line.shrink_to_fit(); // it may be kept
    let line = Lines::new(line);
    for (typed, recipient) in to.iter().zip(recipients) {
        match recipient {
            Recipient::Missing => {
                session.refuse(&format!("Not sent. {}", no_such_user(typed.as_str())));
            }
            // An ignored sender receives no hint.
            Recipient::Ignoring(_) => {}
            Recipient::Reachable(name, connection, away) => {
                session.connection().activity.record_message();
                session.posts().send(Post::Private {
                    from: session.id(),
                    to: connection.member_id(),
                    line: Lines::clone(&line),
                    if_departed: Event::Refusal(&format!("{name} has just left.")).to_line(),
                });
                if let Some(why) = away {
                    reply_away(session, &name, &why);
                }
            }
        }
    }
}

pub fn reply_private(session: &mut MemberSession<'_, '_>, text: &str) {
    match session.registry().reply_target(&session.me) {
        ReplyTarget::Present(name) => send_private(session, &[name], text),
        ReplyTarget::Gone(name) => session.refuse(&format!("Not sent. {name} has left.")),
        ReplyTarget::JustChanged(name) => session.refuse(&format!(
            "Not sent. The last message is from {name} now, /reply again to answer that."
        )),
        ReplyTarget::None => session.refuse("No private message to reply to."),
    }
}

fn reply_away(session: &mut MemberSession<'_, '_>, name: &Name, why: &str) {
    if why.is_empty() {
        session.reply_text(&format!("{name} is away."));
    } else {
        session.reply_text(&format!("{name} is away ({}).", without_colons(why)));
    }
}
