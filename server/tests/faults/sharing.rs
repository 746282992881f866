//! Sharing: the words of the tests in which members share files.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};

use common::transfer::TicketGrant;
use tests::{DEADLINE, TestClient};

use super::fixture::{FaultFixture, Scratch};

/// A fixture with a folder for files, and a canary file beside it.
pub struct SharedFolder {
    pub fixture: FaultFixture,
    pub scratch: Scratch,
}

const CANARY: &str = "tweet";

impl SharedFolder {
    pub fn open(options: &[&str]) -> SharedFolder {
        SharedFolder::open_after(|_| {}, options)
    }

    /// Starts the server after `prepare` has put something into the folder.
    pub fn open_after(prepare: impl Fn(&Path), options: &[&str]) -> SharedFolder {
        let scratch = Scratch::new();
        fs::write(scratch.file("canary"), CANARY).unwrap();
        let folder = scratch.file("store");
        fs::create_dir(&folder).unwrap();
        prepare(Path::new(&folder));
        let fixture = FaultFixture::start(&[&["--files", folder.as_str()], options].concat());
        SharedFolder { fixture, scratch }
    }

    pub fn folder(&self) -> PathBuf {
        self.scratch.file("store").into()
    }

    pub fn join(&self, name: &str) -> TestClient {
        self.fixture.join(name)
    }

    /// Shares a file and returns its number.
    pub fn share(&self, client: &mut TestClient, name: &str, bytes: &[u8]) -> u64 {
        share(self.fixture.address, client, name, bytes)
    }

    pub fn connect(&self, request: &str) -> Transfer {
        Transfer::connect(self.fixture.address, request)
    }

    /// Makes the assertions of every row, and checks that nothing outside was changed.
    pub fn check(self) {
        let canary = fs::read_to_string(self.scratch.file("canary"));
        assert_eq!(canary.unwrap(), CANARY);
        self.fixture.check();
    }
}

/// Returns the names of the files in the folder, in order.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

/// Requests a ticket in the chat.
pub fn request_ticket(client: &mut TestClient, command: &str) -> TicketGrant {
    client.say(command);
    let notice = client.expect_start("Ticket ");
    TicketGrant::parse(&notice).unwrap_or_else(|| panic!("{notice}"))
}

pub fn share(address: SocketAddr, client: &mut TestClient, name: &str, bytes: &[u8]) -> u64 {
    let grant = request_ticket(client, &format!("/put {name} {}", bytes.len()));
    let mut transfer = Transfer::connect(address, &format!("/put {}", grant.ticket));
    transfer.expect("ok 0");
    transfer.send(bytes);
    transfer.expect("ok");
    id_in(&client.receive().unwrap())
}

/// Parses the number in "... Type /get 3 to fetch it."
pub fn id_in(notice: &str) -> u64 {
    let (_, id) = notice.rsplit_once("/get ").expect("an announcement");
    id.split(' ').next().unwrap().parse().unwrap()
}

/// A connection that transfers a file.
pub struct Transfer(pub TcpStream);

impl Transfer {
    pub fn connect(address: SocketAddr, request: &str) -> Transfer {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.write_all(format!("{request}\n").as_bytes()).unwrap();
        Transfer(stream)
    }

    /// Reads one line, and no byte more.
    pub fn line(&mut self) -> String {
        let mut line = Vec::new();
        let mut byte = [0];
        while self.0.read(&mut byte).unwrap_or(0) == 1 && byte != *b"\n" {
            line.extend(byte);
        }
        String::from_utf8(line).unwrap()
    }

    pub fn expect(&mut self, expected: &str) {
        assert_eq!(self.line(), expected);
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    pub fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let _reset_is_an_end = self.0.read_to_end(&mut bytes);
        bytes
    }
}

/// Returns bytes without a pattern.
pub fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let step = |state: &mut u64| {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        state.to_le_bytes()
    };
    let words = (0..count.div_ceil(8)).map(|_| step(&mut state));
    let mut bytes: Vec<u8> = words.flatten().collect();
    bytes.truncate(count);
    bytes
}
