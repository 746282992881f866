//! Commands: types every command into a program.

use common::command::entries;

use crate::{Running, TestClient};

/// The typed lines in this order, each with a part of the reply. The person is called
/// ann, and bob is in the lobby too.
const TYPED: [(&str, &str); 27] = [
    ("/help", "/history [N]"),
    ("/who", "2 members are here."),
    ("/names", "Here, ann, bob"),
    ("/whois bob", "bob has been here for "),
    ("/msg eve hi", "No such user, eve."),
    ("/reply thanks", "No private message to reply to"),
    ("/me", "Usage, /me TEXT"),
    ("/history", "bob: welcome"),
    ("/search WELCOME", "1 line found"),
    ("/topic lab 3", "* ann"),
    ("/away", "You are away."),
    ("/back", "You are back."),
    ("/ignore bob", "Ignoring bob."),
    ("/unignore bob", "No longer ignoring bob."),
    ("/quiet", "Join and leave notices are off."),
    ("/join games", "You are in games now."),
    ("/rooms", "games                         1"),
    ("/leave", "You are in lobby now."),
    ("/nick anna", "You are now called anna."),
    ("/files", "No files are shared here."),
    ("/put notes.pdf 12", "No files are shared here."),
    ("/get 1", "No files are shared here."),
    ("/forget 1", "No files are shared here."),
    ("/ping", "pong"),
    ("/version", "chat-server "),
    ("/uptime", "The server has been running for "),
    ("/quit tea time", "q:quit"),
];

/// Types every command at `person`, who is ann and has joined before bob. The last one
/// is `/quit`, whose output the caller checks.
///
/// # Panics
///
/// When a command has no reply, or the list of commands has others.
pub fn type_every_command(person: &mut Running, bob: &mut TestClient) {
    let words = TYPED.map(|(typed, _)| typed.split(' ').next().unwrap_or_default());
    for entry in entries() {
        let word = format!("/{}", entry.word);
        assert!(words.contains(&word.as_str()), "{word} is not typed");
    }
    bob.say("welcome");
    person.wait_for("bob: welcome");
    for (typed, shown) in TYPED {
        person.type_line(typed);
        if !typed.starts_with("/quit") {
            person.wait_for(shown);
        }
    }
    bob.expect_sometime("anna has left the chat room (tea time).");
}
