//! Conversation: a person with `nc`, a client of the previous version, and a script that
//! ends no lines.

use super::recorder::Recorder;

/// Plays the whole conversation.
pub fn play(recorder: &mut Recorder) {
    join(recorder);
    use_a_script(recorder);
    talk(recorder);
    ask(recorder);
    whisper(recorder);
    move_about(recorder);
    choose(recorder);
    be_refused(recorder);
    come_back(recorder);
    obey(recorder);
}

/// ann is a person with `nc`, bob a client that promises a heartbeat.
fn join(recorder: &mut Recorder) {
    recorder.connect("ann");
    recorder.expect("ann", 1);
    let too_long = "x".repeat(5000);
    for line in ["not a name", "/seq 1 ann", &too_long] {
        recorder.send("ann", format!("{line}\n").as_bytes());
        recorder.expect("ann", 1);
    }
    recorder.send("ann", b"\n\r\nann\r\n");
    recorder.expect("ann", 1);
    recorder.set_joined("ann");
    recorder.join("bob", "bob\n");
    recorder.promise("bob");
    recorder.join("carl", "carl\n");
}

fn talk(recorder: &mut Recorder) {
    for text in [
        "hi",
        "  indented",
        "ann: with her name",
        "bob: with another name",
        "//home",
        "grüße \u{1f600} \u{202e}\u{7}",
        "@time=2026-03-01T12:00:00.000Z;id=lobby-x-1 carl: hi",
        "! no",
        "--- now ---",
        "/me waves",
        "q",
    ] {
        recorder.say("ann", text);
        recorder.say("bob", text);
    }
    recorder.send("carl", b"one\ntwo\n/me waves\n\nthree\n");
    recorder.expect_empty("carl");
    recorder.say("carl", "four");
    recorder.say("ann", &"x".repeat(4095));
}

fn ask(recorder: &mut Recorder) {
    for text in [
        "/help",
        "/help msg",
        "/? who",
        "/who",
        "/names",
        "/whois bob",
        "/whois eve",
        "/ping",
        "/history",
        "/history 3",
        "/log 1",
        "/search two",
        "/search nothing",
        "/rooms",
        "/topic",
        "/uptime",
        "/files",
        "/put notes.txt 12",
        "/get 1",
        "/forget 1",
        "/PING",
    ] {
        recorder.say("bob", text);
    }
}

fn whisper(recorder: &mut Recorder) {
    for text in [
        "/reply too early",
        "/msg bob psst",
        "/msg bob,carl to both: of you",
        "/msg eve hi",
        "/msg ann hi",
        "/msg bob",
        "/tell CARL in capitals",
    ] {
        recorder.say("ann", text);
    }
    recorder.say("bob", "/reply not to all");
}

fn move_about(recorder: &mut Recorder) {
    recorder.say("bob", "/join games");
    recorder.say("ann", "not heard in games");
    recorder.say("bob", "in games");
    recorder.say("bob", "/topic chess");
    recorder.say("ann", "/join #Games");
    recorder.say("ann", "/topic");
    for text in ["/join games", "/join a b", "/rooms", "/who"] {
        recorder.say("bob", text);
    }
    recorder.say("carl", "/join other");
    for member in ["carl", "ann", "bob"] {
        recorder.say(member, "/leave");
    }
}

fn choose(recorder: &mut Recorder) {
    for text in [
        "/ignore",
        "/ignore bob",
        "/ignore bob",
        "/ignore carl",
        "/ignore",
    ] {
        recorder.say("carl", text);
    }
    recorder.say("bob", "ignored by carl");
    recorder.say("bob", "/msg carl ignored");
    for text in ["/history 2", "/unignore bob", "/unignore eve", "/quiet"] {
        recorder.say("carl", text);
    }
    recorder.join("dora", "dora\n");
    recorder.say("carl", "/quiet");
    for text in [
        "/away",
        "/away tea: at five",
        "/back",
        "/back",
        "/nick Dora",
        "/nick bob",
    ] {
        recorder.say("dora", text);
    }
    recorder.say("dora", "/nick dorothea");
    recorder.say("dora", "/away asleep");
    recorder.say("ann", "/msg dorothea hi");
    recorder.send("dora", b"/quit good: night\n");
    recorder.expect_end("dora", "ann");
}

fn be_refused(recorder: &mut Recorder) {
    for text in [
        "/seq 1 x",
        "/seq",
        "/ack 1",
        "/dance",
        "/",
        "/whoo",
        "/me",
        "/history x",
        "/nick",
    ] {
        recorder.say("bob", text);
    }
    recorder.say("bob", &"x".repeat(4096));
    recorder.say("bob", &"x".repeat(20_000));
    recorder.send("bob", b"\xff\xfe\n");
    recorder.say("bob", "after it");
    recorder.promise("bob");
    recorder.say("bob", "ann: \t ");
}

/// The first kind sends its name before each text and reads all the time; the second waits
/// for an answer to each text.
fn use_a_script(recorder: &mut Recorder) {
    recorder.connect("eve");
    recorder.send("eve", b"eve");
    recorder.recv("eve");
    recorder.expect("ann", 1);
    recorder.say("ann", "hi eve");
    recorder.recv("eve");
    recorder.send("eve", b"eve: hi ann");
    recorder.expect("ann", 1);
    recorder.send("eve", b"eve: /ping");
    recorder.recv("eve");
    recorder.send("eve", b"eve: /seq 1 x");
    recorder.recv("eve");
    recorder.send("eve", b"a bare text");
    recorder.recv("eve");
    recorder.send("eve", b"/msg ann psst");
    recorder.recv("eve");
    recorder.send("eve", b"bye");
    recorder.expect_end("eve", "bob");
}

fn come_back(recorder: &mut Recorder) {
    recorder.send("bob", b"q:quit\n");
    recorder.expect_end("bob", "ann");
    recorder.say("ann", "missed by bob");
    recorder.say("carl", "/me waves at bob");
    recorder.join("bob", "BOB\n");
    recorder.promise("bob");
    recorder.say("ann", "/whois bob");
    recorder.drop_peer("bob", "ann");
    recorder.say("carl", "missed by bob too");
    recorder.join("bob", "bob\n");
    recorder.promise("bob");
    // This one never answers the probe, and loses its name.
    recorder.connect("lost");
    recorder.send("lost", b"gina\n");
    recorder.expect("lost", 1);
    recorder.promise("lost");
    recorder.expect("ann", 1);
    recorder.join("gina", "gina\n");
    recorder.read_to_end("lost");
}

fn obey(recorder: &mut Recorder) {
    recorder.operator("tea is ready", "ann");
    recorder.operator("/mute bob", "bob");
    recorder.say("bob", "muted");
    recorder.operator("/unmute bob", "bob");
    recorder.operator("/mute all", "carl");
    recorder.say("carl", "muted");
    recorder.operator("/unmute all", "carl");
    recorder.type_at_console("/kick carl enough");
    recorder.expect_end("carl", "ann");
}
