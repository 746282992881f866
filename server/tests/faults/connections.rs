//! Connections that say nothing, too little, or end without a word.

use tests::Peer;

use super::house::House;

/// Row 1.
#[test]
fn who_says_nothing_is_asked_and_then_cut() {
    let house = House::open(&["--name-timeout", "2"]);
    let mut silent = Peer::connect(house.address);
    let address = silent.stream().local_addr().unwrap().to_string();
    silent.expect("Type your name and press Enter.");
    silent.expect("! No name came within 2 seconds.");
    silent.expect_quit();
    house.expect_reason(&address, "timeout");
    house.check();
}
