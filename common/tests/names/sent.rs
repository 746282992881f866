//! Sent: a client displays the names of every server, whatever it knows of scripts.

use common::{Event, Name};

/// Names of which at least one build knows nothing.
const FOREIGN: [&str; 8] = [
    "བསྟན་འཛིན",
    "ᏚᏏᏉᏯ",
    "ߞߊ߲ߞߊ",
    "Zoe\u{308}",
    "Ade\u{301}bayo\u{323}\u{300}",
    "bоb",
    "💩",
    "files",
];

#[test]
fn every_line_of_a_member_is_known_as_one() {
    for sender in FOREIGN {
        let from = Name::from_server(sender).unwrap();
        assert_eq!(from.as_str(), sender);
        let (message, action) = (format!("{sender}: hi"), format!("* {sender}: waves"));
        let private = format!("{sender} -> ann,{sender}: hi");
        assert!(matches!(Event::parse(&message), Event::Message { .. }));
        assert!(matches!(Event::parse(&action), Event::Action { .. }));
        assert!(matches!(Event::parse(&private), Event::Private { .. }));
        for line in [message, action, private] {
            let again = String::from_utf8(Event::parse(&line).to_line()).unwrap();
            assert_eq!(again, format!("{line}\n"));
        }
    }
}

#[test]
fn a_new_name_and_a_new_room_of_our_own_are_known() {
    for text in FOREIGN {
        let name = Name::from_server(text).unwrap();
        let notice = common::notice::own_new_name(&name);
        assert_eq!(
            common::notice::parse_own_new_name(&notice),
            Some(name.clone())
        );
        let notice = common::notice::own_new_room(&name, &Default::default());
        assert_eq!(common::notice::parse_own_new_room(&notice), Some(name));
    }
}

#[test]
fn a_private_message_may_go_to_any_member() {
    for recipient in FOREIGN {
        let rest = format!("{recipient} hi");
        let command = common::Command::parse("msg", &rest);
        let to = vec![Name::from_server(recipient).unwrap()];
        assert_eq!(command, Ok(common::Command::Msg { to, text: "hi" }));
    }
}

#[test]
fn what_is_no_name_anywhere_is_not_a_sender() {
    let long = "x".repeat(65);
    for text in [
        "",
        " ",
        "a b",
        "a:b",
        "a,b",
        "-h",
        ".",
        "/who",
        "!",
        "server",
        "a\u{202e}b",
        "a\u{3000}b",
        "a\u{7}",
        "a\u{2028}b",
        &long,
    ] {
        assert_eq!(Name::from_server(text), None, "{text:?}");
    }
}
