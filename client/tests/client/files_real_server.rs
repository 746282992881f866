//! Files through the real server, also over a network that breaks.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use server::ServerConfig;
use server::files::config::FilesConfig;
use server::limits::Limits;
use server::shutdown::{self, ShutdownHandle};

use crate::files::Folder;
use crate::support::{Client, program};

/// A real server with files in the test's process, which is stopped when it is dropped.
struct TestServer {
    address: SocketAddr,
    folder: Folder,
    stopper: ShutdownHandle,
}

impl TestServer {
    fn open() -> TestServer {
        let folder = Folder::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (stopper, stop) = shutdown::channel();
        let mut setup = ServerConfig::minimal(Limits::default());
        setup.files = Some(FilesConfig::new(folder.path("store")));
        fs::create_dir(folder.path("store")).unwrap();
        let on_stop = stopper.clone();
        thread::spawn(move || server::run(listener, setup, on_stop, stop));
        TestServer {
            address,
            folder,
            stopper,
        }
    }

    fn script(&self, address: SocketAddr, words: &[&str]) -> Client {
        let address = address.to_string();
        Client::spawn(program().args([&["-n", "bot"], words, &[&address]].concat()))
    }

    /// Sends and fetches the same bytes over `address`.
    fn both_ways(&self, address: SocketAddr, bytes: &[u8]) {
        let path = self.folder.write("x", bytes);
        assert_eq!(self.script(address, &["--send", &path]).code(), 0);
        let target = self.folder.path("in/");
        let get = ["--get", "1", "--to", &target];
        assert_eq!(self.script(address, &get).code(), 0);
        self.folder.contains("in/x", bytes);
        assert_eq!(self.folder.downloads(), ["x"]);
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.stopper.trigger();
    }
}

/// Returns bytes that do not repeat at a power of two, so that a swap is detected.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 1u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// Starts a proxy of `server` that breaks a connection after `cut` bytes in one
/// direction. It breaks four connections and then none. The chat has too few bytes.
fn breaking(server: SocketAddr, cut: u64) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let breaks = Arc::new(AtomicU64::new(4));
    thread::spawn(move || {
        for near in listener.incoming() {
            let (near, far) = (near.unwrap(), TcpStream::connect(server).unwrap());
            for (from, to) in [(&near, &far), (&far, &near)] {
                let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                let breaks = Arc::clone(&breaks);
                thread::spawn(move || pass(from, to, cut, &breaks));
            }
        }
    });
    address
}

fn pass(mut from: TcpStream, mut to: TcpStream, cut: u64, breaks: &AtomicU64) {
    let (mut passed, mut buffer) = (0, [0; 8192]);
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        passed += count as u64;
        if passed > cut {
            let one_less = |left: u64| left.checked_sub(1);
            let order = Ordering::Relaxed;
            if breaks.fetch_update(order, order, one_less).is_ok() {
                break;
            }
            passed = 0;
        }
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

#[test]
fn a_file_is_sent_and_fetched_byte_for_byte() {
    for size in [1, 3_000_000, 100 * 1024 * 1024] {
        let server = TestServer::open();
        server.both_ways(server.address, &noise(size));
    }
}

/// Twenty breaks in all, four in each round, in both directions.
#[test]
fn a_network_that_breaks_costs_time_and_no_byte() {
    for cut in [300_007, 77_777, 123_456, 199_999, 240_001] {
        let server = TestServer::open();
        let proxy = breaking(server.address, cut);
        server.both_ways(proxy, &noise(1_000_000));
    }
}

#[test]
fn two_members_share_a_file_and_chat() {
    let server = TestServer::open();
    let address = server.address.to_string();
    let join = |name: &str, target: &str| {
        let target = server.folder.path(target);
        Client::start(&["-n", name, "--downloads", &target, &address])
    };
    let mut ann = join("ann", "in");
    ann.shows("Welcome, ann. You are the first here.");
    let mut bob = join("bob", "in");
    bob.shows("Welcome, bob. ann is here.");
    ann.shows("bob has joined the chat room.");
    ann.types(&format!("/send {}", server.folder.write("my notes", b"hi")));
    bob.shows("ann shares my notes, 2 B. Type /get 1 to fetch it.");
    bob.types("/get 1");
    bob.complains_at_last(&server.folder.path("in/my notes"));
    server.folder.contains("in/my notes", b"hi");
    bob.types("/get 2");
    bob.shows("! No such file, 2. /files lists them.");
    bob.complains("! get 2: No such file, 2. /files lists them.");
    bob.types("thanks");
    ann.shows("ann shares my notes, 2 B. Type /get 1 to fetch it.");
    ann.shows("bob: thanks");
}
