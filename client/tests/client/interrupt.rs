//! Interrupt: a signal ends the client within a second, whatever is stuck.

use std::io::{PipeReader, Write, pipe};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::files::{Folder, grant};
use crate::support::{Client, FakePeer, FakeServer, program, time};

/// A busy machine needs longer than the second that the manual promises.
const LIMIT: Duration = Duration::from_secs(4);

/// A client whose outputs are a pipe that is full and not read, as a stopped terminal.
struct StuckClient {
    child: Child,
    _unread: PipeReader,
}

impl StuckClient {
    fn start(server: &FakeServer, options: &[&str]) -> (FakePeer, StuckClient) {
        /// The bytes that a pipe holds, see pipe(7).
        const PIPE_CAPACITY: usize = 64 * 1024;
        let (_unread, mut full) = pipe().unwrap();
        full.write_all(&vec![b'x'; PIPE_CAPACITY]).unwrap();
        let mut command = program();
        command.args([&[&server.port, "--name", "ann"], options].concat());
        command
            .stdin(Stdio::piped())
            .stdout(full.try_clone().unwrap());
        let child = command.stderr(full).spawn().unwrap();
        let mut peer = server.accept();
        peer.welcome("ann");
        (peer, StuckClient { child, _unread })
    }

    /// Sends a signal. It must end the client.
    #[track_caller]
    fn is_interrupted(&mut self, code: i32) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").arg(&id).status().unwrap().success());
        let taken = time(|| {
            let status = tests::eventually("its end", || self.child.try_wait().unwrap());
            assert_eq!(status.code(), Some(code));
        });
        assert!(taken < LIMIT, "{taken:?}");
    }
}

/// Without this, a failed test would leave a client behind.
impl Drop for StuckClient {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[track_caller]
fn is_interrupted(client: &mut Client) {
    client.signal("INT");
    let taken = time(|| assert_eq!(client.code(), 0));
    assert!(taken < LIMIT, "{taken:?}");
}

#[test]
fn a_server_that_does_not_answer_is_not_waited_for() {
    let server = FakeServer::open();
    let (mut peer, mut client) = server.welcome("ann", &[]);
    client.types("hi");
    peer.expect("hi");
    is_interrupted(&mut client);
    peer.expect("q:quit");
}

#[test]
fn nor_is_a_pipe_that_takes_no_bytes_of_a_download() {
    let (server, folder) = (FakeServer::open(), Folder::new());
    let pipe = folder.path("in/pipe");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    for leaves in [false, true] {
        let (mut chat, mut client) = server.welcome("ann", &[]);
        client.types(&format!("/get 3 {pipe}"));
        let mut download = grant(&server, &mut chat, "/get 3", "get 5 bytes of 3, x");
        download.receive();
        download.send(b"ok 5\nhello");
        client.list_until("! 1 get x 0 %");
        if leaves {
            client.types("/quit");
        }
        is_interrupted(&mut client);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn nor_is_a_terminal_that_takes_no_reason_for_the_end() {
    let server = FakeServer::open();
    let (mut peer, mut client) = StuckClient::start(&server, &[]);
    peer.say("q:quit");
    peer.expect_end();
    client.is_interrupted(5);

    let (mut peer, mut client) = StuckClient::start(&server, &["--get", "3"]);
    peer.expect("/get 3");
    client.is_interrupted(1);
}

/// The server has closed the first connection while the user was typing, and its queue of
/// new ones is full.
#[test]
#[cfg(target_os = "linux")]
fn nor_is_a_connection_for_a_late_name() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut client = Client::start(&[&address.port().to_string()]);
    drop(listener.accept().unwrap());
    let _waiting = fill_queue(address);
    // A connection of less than a second is not checked.
    thread::sleep(Duration::from_millis(1200));
    client.types("ann");
    thread::sleep(Duration::from_millis(200));
    is_interrupted(&mut client);
}

/// Connects until the listener, which accepts nobody, has no room.
fn fill_queue(address: SocketAddr) -> Vec<TcpStream> {
    let moment = Duration::from_millis(200);
    let connect = |_| TcpStream::connect_timeout(&address, moment).ok();
    (0..10_000).map_while(connect).collect()
}

/// Signals of two kinds that meet a stopped client are two, and of one kind are one.
#[test]
fn a_second_signal_ends_it_at_once() {
    let server = FakeServer::open();
    let (_peer, mut client) = server.welcome("ann", &[]);
    for signal in ["STOP", "INT", "TERM", "CONT"] {
        client.signal(signal);
    }
    let taken = time(|| assert_eq!(client.code(), 1));
    assert!(taken < LIMIT, "{taken:?}");
}
