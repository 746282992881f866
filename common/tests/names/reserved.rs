//! Reserved: words and addresses that no member may be called.

use common::name::RESERVED_WORDS;
use common::{Name, NameError};

use super::{accept, refuse};

#[test]
fn no_member_is_called_as_the_server_speaks() {
    for word in RESERVED_WORDS {
        refuse(word, NameError::Reserved(word));
        refuse(&word.to_uppercase(), NameError::Reserved(word));
    }
    refuse("Fıles", NameError::Reserved("files"));
    assert_eq!(
        NameError::Reserved("all").to_string(),
        "the name all is reserved"
    );
    for near in [
        "al", "alle", "yours", "servers", "file", "news", "lobby", "me",
    ] {
        accept(near);
    }
}

#[test]
fn no_member_is_called_as_an_address() {
    for address in ["9.9.9.9", "10.0.0.7", "127.0.0.1", "255.255.255.255"] {
        refuse(address, NameError::Address);
    }
    for near in ["9.9.9", "9.9.9.9.9", "9.9.9.x", "256.0.0.1", "1.2", "7"] {
        accept(near);
    }
    for network in ["10.0.0.0/8", "::1"] {
        assert!(network.parse::<Name>().is_err());
    }
}

#[test]
fn a_room_may_have_a_word_that_a_member_may_not() {
    for room in ["all", "you", "Files", "new", "lobby", "9.9.9.9", "さくら"] {
        assert_eq!(Name::parse_room(room).unwrap().as_str(), room);
    }
    assert_eq!(
        Name::parse_room("SERVER"),
        Err(NameError::Reserved("server"))
    );
    let mixed = NameError::MixedScripts("Latin", "Cyrillic");
    assert_eq!(Name::parse_room("gаmes"), Err(mixed));
}
