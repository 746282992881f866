//! Words: names that were given up stay away, and comments name their subject.

use syn::visit::{self, Visit};

use crate::sources::{PACKAGES, Source, files};

/// The names of files that have a standard term now. With a folder where the
/// name alone still stands for something else.
#[rustfmt::skip]
const RETIRED_FILES: [&str; 71] = [
    "about.rs", "again.rs", "asker.rs", "brake.rs", "bucket.rs", "caller.rs",
    "command/private.rs", "connection/datagrams.rs", "console/orders.rs", "console/tables.rs",
    "crowds.rs", "desk.rs", "divided.rs", "door.rs", "doors.rs", "ear.rs", "ending.rs",
    "entrance.rs", "farewell.rs", "fault.rs", "figures.rs", "files/order.rs", "greeting.rs",
    "handover.rs", "hearing.rs", "house.rs", "incoming.rs", "inlet.rs", "job.rs", "keyboard.rs",
    "landing.rs", "limiter.rs", "link.rs", "link/mod.rs", "machine.rs", "manner.rs", "moves.rs", "nearest.rs",
    "news.rs", "outbox.rs", "outlet.rs", "pace.rs", "paced_peer.rs", "pacer.rs", "painter.rs", "past.rs", "peer_loop.rs",
    "people.rs", "pipe.rs", "pulse.rs", "reason.rs", "regard.rs", "screen/window.rs",
    "reply_mode.rs", "secret.rs", "server/end.rs", "setback.rs", "shelf.rs", "speech.rs", "stranger.rs",
    "talk.rs", "tap.rs", "time.rs", "title.rs", "told.rs", "transcript/file.rs",
    "transcript/page.rs", "typed.rs", "usher.rs", "visit.rs", "wire.rs",
];

/// The names of types that have a standard term now.
#[rustfmt::skip]
const RETIRED_TYPES: [&str; 85] = [
    "About", "Answer", "Asker", "Begun", "Bracket", "Brake", "Bucket", "Caller", "Came",
    "Carrier", "Company", "Deaf", "Demand", "Desk", "Dismiss", "Door", "Ear", "Ending", "Entry",
    "Fault", "Filled", "Footfall", "Heed", "House", "Inlet", "Job", "Keep", "Keyboard", "Known",
    "Landing", "Leave", "Link", "Manner", "Meter", "Moved", "News", "NoMove", "Order", "Outlet",
    "Outbox", "Over", "Pace", "PacedPeer", "Pacer", "Pass", "Passage", "Past", "Peers", "People", "Pipe", "Place",
    "Profile", "Pulse", "Reach", "Reception", "ReplyMode", "Rules", "Said", "Seen", "Setup", "Shelf",
    "Shown", "Speech", "Step", "Stop", "Stopper", "Stride", "Taken", "Talk", "Tally", "Tap",
    "Terms", "Typed", "UntilEnding", "Usher", "Visit", "Voice", "WaitToken", "Watched", "What", "Whisper",
    "Whom", "Wire", "Wish", "Writers",
];

/// Beginnings of a comment that leave out what the sentence is about.
const HEADLESS: [&str; 6] = ["Who", "What", "Whoever", "Whom", "Whether", "As much"];

/// Returns every Rust file of the workspace.
fn all() -> impl Iterator<Item = Source> {
    PACKAGES.into_iter().flat_map(|package| {
        files(package, &["rs"])
            .into_iter()
            .map(move |source| Source {
                path: format!("{package}/{}", source.path),
                ..source
            })
    })
}

#[test]
fn no_file_has_a_retired_name() {
    let found: Vec<String> = all()
        .map(|it| it.path)
        .filter(|it| is_retired(it))
        .collect();
    assert!(found.is_empty(), "files under retired names: {found:#?}");
}

fn is_retired(path: &str) -> bool {
    let path = format!("/{path}");
    RETIRED_FILES
        .iter()
        .any(|name| path.ends_with(&format!("/{name}")))
}

#[test]
fn a_retired_file_is_known_by_its_whole_name() {
    assert!(is_retired("server/src/session/ear.rs"));
    assert!(is_retired("server/src/console/tables.rs"));
    assert!(!is_retired("server/src/session/linear.rs"));
    assert!(!is_retired("server/src/registry/tables.rs"));
}

#[test]
fn no_type_has_a_retired_name() {
    let mut found = Vec::new();
    for source in all() {
        for name in types(&source.text) {
            if RETIRED_TYPES.contains(&name.as_str()) {
                found.push(format!("{}: {name}", source.path));
            }
        }
    }
    assert!(found.is_empty(), "types under retired names: {found:#?}");
}

/// Returns the names of all types and traits in `text`, those in functions too.
fn types(text: &str) -> Vec<String> {
    #[derive(Default)]
    struct Types(Vec<String>);
    impl<'ast> Visit<'ast> for Types {
        fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
            self.0.push(item.ident.to_string());
        }
        fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
            self.0.push(item.ident.to_string());
        }
        fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
            self.0.push(item.ident.to_string());
        }
        fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
            self.0.push(item.ident.to_string());
            visit::visit_item_trait(self, item);
        }
    }
    let mut types = Types::default();
    types.visit_file(&syn::parse_file(text).unwrap());
    types.0
}

#[test]
fn types_are_found_wherever_they_stand() {
    let text = "struct A; mod m { enum B {} } fn f() { type C = u8; } trait D {} fn g(_: E) {}";
    assert_eq!(types(text), ["A", "B", "C", "D"]);
}

#[test]
fn every_comment_names_its_subject() {
    let mut found = Vec::new();
    for source in all() {
        for (index, line) in source.text.lines().enumerate() {
            if is_headless(line) {
                found.push(format!("{}:{}: {}", source.path, index + 1, line.trim()));
            }
        }
    }
    let count = found.len();
    found.truncate(50);
    let shown = found.join("\n");
    assert!(
        count == 0,
        "{count} comments that do not name their subject:\n{shown}"
    );
}

fn is_headless(line: &str) -> bool {
    let line = line.trim_start();
    let comment = line
        .strip_prefix("/// ")
        .or_else(|| line.strip_prefix("//! "));
    comment.is_some_and(|text| {
        HEADLESS.iter().any(|word| {
            let rest = text.strip_prefix(word);
            rest.is_some_and(|it| !it.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
    })
}

#[test]
fn a_headless_comment_is_known_by_its_first_word() {
    assert!(is_headless("    /// Who is here."));
    assert!(is_headless("//! What, then?"));
    assert!(is_headless("/// As much as fits."));
    assert!(!is_headless("/// Whole lines."));
    assert!(!is_headless("// Who is here."));
    assert!(!is_headless("/// Returns who is here."));
}
