//! Golden: a recorded conversation. Peers that ask for no capability receive exactly the
//! bytes that they received before there were any.
//!
//! `transcript.txt` was recorded with the server of commit f4d9a35, the last one without
//! capabilities. To record it again, copy this folder and its line in `main.rs` to a
//! worktree of that commit, and run the test there with `CHAT_GOLDEN_RECORD=1`.
//! Changed by hand since: the answer to `/names` begins with `Here`, `/reply` says that
//! the member has left, a vanished holder of a name is probed five times, and a private
//! message has the names of its recipients as they write themselves.

mod conversation;
mod recorder;

use std::path::Path;

use crate::test_server::TestServer;
use recorder::Recorder;

#[test]
fn peers_that_ask_for_nothing_receive_the_bytes_of_the_recorded_conversation() {
    let mut recorder = Recorder::new(TestServer::start());
    conversation::play(&mut recorder);
    let played = recorder.finish();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/room/golden/transcript.txt");
    if std::env::var_os("CHAT_GOLDEN_RECORD").is_some() {
        return std::fs::write(path, played).unwrap();
    }
    let recorded = std::fs::read_to_string(path).unwrap();
    let lines = recorded.lines().zip(played.lines()).enumerate();
    for (at, (recorded, played)) in lines {
        assert_eq!(played, recorded, "line {} of the transcript", at + 1);
    }
    assert_eq!(played.lines().count(), recorded.lines().count());
}
