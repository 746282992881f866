//! Moderation races: commands of the operator that come between two steps of a session.
//!
//! It exists only in the server's own unit tests.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use common::{Name, ResumeRequest, Token};
use tests::eventually;

use super::line_handler::LineHandler;
use super::resuming::{self, ResumeError};
use super::test_parts::{HOME, TestParts, ann};
use crate::broadcaster::post::{ConnectionPost, MemberPost, Post};
use crate::connection::close::CloseReason;
use crate::resume::Departures;

/// The commands that end her membership.
const REMOVING: [&str; 3] = ["/kick ann", "/ban ann", "/ban 10.0.0.7"];

impl TestParts {
    /// Joins ann, and breaks her connection.
    fn break_ann(&self) -> Token {
        let open = self.connect(HOME);
        let (guard, token) = self.join_ann(&open);
        guard.leave_with(CloseReason::Reset.into());
        token
    }

    /// Announces the departures of all members whose connection is broken.
    fn announce_departures(&self) {
        let context = self.context.clone();
        let now = Instant::now() + context.limits.leave_delay;
        let departures = Departures {
            resume: context.resume,
            registry: context.registry,
            files: None,
            limits: context.limits,
            posts: context.posts,
            shutdown: context.shutdown,
        };
        departures.announce_due(now);
    }

    fn can_resume(&self, token: Token) -> bool {
        let (parts, _permit, _peer) = self.connect("10.0.0.8");
        self.context
            .resume
            .resume(token, &parts.connection)
            .is_some()
    }

    /// Returns what was posted about members since the last call.
    fn changes(&self) -> Vec<&'static str> {
        let word = |post| match post {
            Post::Say { .. } => Some("say"),
            Post::Connection(ConnectionPost::Leave(_)) => Some("leave"),
            Post::Member(MemberPost::Join(..)) => Some("join"),
            Post::Member(MemberPost::Detach(_)) => Some("detach"),
            Post::Member(MemberPost::Resume(_)) => Some("resume"),
            _ => None,
        };
        self.queue.try_iter().filter_map(word).collect()
    }
}

fn request(token: Token) -> ResumeRequest<'static> {
    ResumeRequest {
        token: Some(token),
        last_shown: None,
    }
}

#[test]
fn a_member_that_is_removed_while_its_connection_is_taken_over_leaves() {
    for command in REMOVING {
        let server = TestParts::new();
        let open = server.connect(HOME);
        let (guard, token) = server.join_ann(&open);
        // As another connection with the token does it, while the session still runs.
        guard.connection.lifecycle.set_close(CloseReason::Reset);
        server.type_line(command);
        drop(guard);
        assert_eq!(server.changes(), ["join", "leave"], "{command}");
        assert!(!server.can_resume(token), "{command}");
    }
}

#[test]
fn lines_that_came_before_a_kick_are_not_said_after_it() {
    for command in REMOVING {
        let server = TestParts::new();
        let open = server.connect(HOME);
        let (mut guard, _token) = server.join_ann(&open);
        let mut handler = LineHandler::new(&mut guard, ann(), LineHandler::handle_framed);
        assert!(handler.handle("before").is_ok());
        handler.member.flush();
        server.type_line(command);
        for line in ["after", "/me after", "/topic after", "/quit after"] {
            let Err(close) = handler.handle(line) else {
                panic!("{line} was handled after {command}");
            };
            assert_eq!(close.reason, CloseReason::Kicked);
        }
        handler.member.flush();
        assert_eq!(server.changes(), ["join", "say"], "{command}");
    }
}

#[test]
fn a_member_that_is_removed_while_it_resumes_leaves() {
    // A member whose departure was announced is at no address, and is not found by a kick.
    for (is_told, commands) in [
        (
            false,
            &["/kick ann", "/ban ann", "/ban 10.0.0.7", "/ban 10.0.0.9"][..],
        ),
        (true, &["/ban ann", "/ban 10.0.0.9"]),
    ] {
        for command in commands {
            let server = TestParts::new();
            let token = server.break_ann();
            if is_told {
                server.announce_departures();
            }
            let open = server.connect("10.0.0.9");
            let mut guard = server.guard(&open);
            let resumed = resuming::begin(&guard, &request(token)).ok().unwrap();
            server.changes();
            server.type_line(command);
            let place = resuming::reclaim(&guard, &resumed).ok().unwrap();
            let outcome = resuming::complete(&mut guard, resumed, place, None);
            let Err(ResumeError::Closed(close)) = outcome else {
                panic!("resumed after {command}");
            };
            assert_eq!(close.reason, CloseReason::Kicked);
            guard.leave_with(close);
            assert_eq!(server.changes(), ["resume", "leave"], "{command}");
            assert!(server.context.registry.find_connection(&ann()).is_none());
            assert!(!server.can_resume(token), "{command}");
        }
    }
}

#[test]
fn a_ban_ends_the_token_with_which_a_member_is_about_to_resume() {
    for command in ["/ban ann", "/ban 10.0.0.7", "/ban 10.0.0.9"] {
        let server = TestParts::new();
        let token = server.break_ann();
        server.announce_departures();
        let (parts, _permit, _peer) = server.connect("10.0.0.9");
        let context = &server.context;
        let resumed = context.resume.resume(token, &parts.connection).unwrap();
        server.type_line(command);
        resuming::undo(context, resumed);
        server.type_line(&command.replace("/ban", "/unban"));
        // At that address she never was.
        let is_elsewhere = command.ends_with('9');
        assert_eq!(server.can_resume(token), is_elsewhere, "{command}");
    }
}

#[test]
fn a_kick_at_the_moment_of_a_departure_ends_the_token_and_not_the_next_holder_of_the_name() {
    let server = TestParts::new();
    let token = server.break_ann();
    let registry = &server.context.registry;
    // The kick finds her, and ...
    let found = registry.find_connection(&ann()).unwrap();
    server.announce_departures();
    let open = server.connect("10.0.0.9");
    let mut next = server.guard(&open);
    assert!(next.join(&ann()).is_ok());
    // ... disconnects her when she has left.
    let reaper = &server.context.reaper;
    reaper.disconnect(&found, CloseReason::Kicked.into());
    assert!(!server.can_resume(token));
    server.announce_departures();
    let holder = registry.find_connection(&ann()).unwrap();
    assert!(Arc::ptr_eq(&holder, &next.connection));
    assert_eq!(server.changes(), ["join", "detach", "leave", "join"]);
}

#[test]
fn a_mute_is_noted_before_the_member_is_looked_for() {
    let server = TestParts::new();
    let console = server.console();
    let context = &server.context;
    let mut thread = None;
    context.registry.while_locked(|| {
        thread = Some(thread::spawn(move || console.run(&b"/mute ann"[..])));
        // So a member that joins or resumes now finds the mute.
        eventually("the mute", || {
            context.moderation.is_muted(&ann()).then_some(())
        });
    });
    thread.unwrap().join().unwrap();
}

#[test]
fn a_mute_and_an_unmute_hold_for_a_member_that_resumes_at_that_moment() {
    for (before, at_that_moment) in [
        ("", "/mute ann"),
        ("/mute ann", "/unmute ann"),
        ("/mute ann", "/unmute all"),
    ] {
        let is_muted = at_that_moment == "/mute ann";
        for step in 0..3 {
            let server = TestParts::new();
            let token = server.break_ann();
            server.type_line(before);
            let type_at = |this: i32| {
                if this == step {
                    server.type_line(at_that_moment);
                }
            };
            let open = server.connect("10.0.0.9");
            let mut guard = server.guard(&open);
            let resumed = resuming::begin(&guard, &request(token)).ok().unwrap();
            type_at(0);
            let place = resuming::reclaim(&guard, &resumed).ok().unwrap();
            type_at(1);
            assert!(resuming::complete(&mut guard, resumed, place, None).is_ok());
            type_at(2);
            let flags = &guard.connection.flags;
            assert_eq!(flags.is_muted(), is_muted, "{at_that_moment} at {step}");
        }
    }
}

#[test]
fn a_mute_at_the_moment_of_a_new_name_outlives_the_connection() {
    let server = TestParts::new();
    let open = server.connect(HOME);
    let (mut guard, token) = server.join_ann(&open);
    server.type_line("/mute ann");
    // She asked for it before.
    assert!(guard.rename(&ann(), &Name::from_static("eve")).is_ok());
    guard.leave_with(CloseReason::Reset.into());
    let open = server.connect(HOME);
    let mut guard = server.guard(&open);
    assert!(resuming::resume(&mut guard, &request(token)).is_ok());
    assert!(guard.connection.flags.is_muted());
}
