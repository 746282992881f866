//! Test server: a server in the test's own process.

use std::io::{self, PipeWriter, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use server::ServerConfig;
use server::accept::listeners::Listeners;
use server::files::config::FilesConfig;
use server::limits::{Limits, Rate};
use server::shutdown::{self, ShutdownHandle};
use tests::{TestClient, eventually};

/// A running server, stopped at the end of the test.
pub struct TestServer {
    pub address: SocketAddr,
    /// The address of the UDP socket.
    pub udp: SocketAddr,
    log: LogBuffer,
    console: PipeWriter,
    handle: ShutdownHandle,
    server: Option<JoinHandle<io::Result<()>>>,
}

impl TestServer {
    /// Starts a server without a rate limit.
    pub fn start() -> TestServer {
        TestServer::with_limits(|_| {})
    }

    /// Starts a server with changed limits.
    pub fn with_limits(change: impl FnOnce(&mut Limits)) -> TestServer {
        TestServer::build(change, None)
    }

    /// Starts a server that shares files.
    pub fn with_files(files: FilesConfig) -> TestServer {
        TestServer::build(|_| {}, Some(files))
    }

    /// Starts a server that shares files, with changed limits.
    pub fn with_files_and_limits(
        files: FilesConfig,
        change: impl FnOnce(&mut Limits),
    ) -> TestServer {
        TestServer::build(change, Some(files))
    }

    fn build(change: impl FnOnce(&mut Limits), files: Option<FilesConfig>) -> TestServer {
        let (input, console) = io::pipe().expect("a pipe");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let udp = socket.local_addr().unwrap();
        let listeners = Listeners {
            tcp: vec![listener],
            udp: vec![socket],
        };
        let log = LogBuffer::default();
        let (handle, shutdown) = shutdown::channel();
        let mut limits = Limits {
            rate: Rate::Unlimited,
            ..Limits::default()
        };
        change(&mut limits);
        let config = ServerConfig {
            files,
            output: Box::new(log.clone()),
            console: Some(Box::new(input)),
            ..ServerConfig::minimal(limits)
        };
        let for_server = handle.clone();
        let server = thread::spawn(move || server::run(listeners, config, for_server, shutdown));
        TestServer {
            address,
            udp,
            log,
            console,
            handle,
            server: Some(server),
        }
    }

    /// Types a line at the console of the server.
    pub fn operator(&self, line: &str) {
        let line = format!("{line}\n");
        let mut keyboard = &self.console;
        keyboard.write_all(line.as_bytes()).expect("a console");
    }

    /// Waits until the log contains `part`.
    pub fn wait_for_log(&self, part: &str) {
        self.wait_for_log_count(part, 1);
    }

    /// Waits until the log contains `part` so many times.
    pub fn wait_for_log_count(&self, part: &str, count: usize) {
        let found = || self.log.text().matches(part).count() >= count;
        eventually(part, || found().then_some(()));
    }

    /// Returns the log so far.
    pub fn log(&self) -> String {
        self.log.text()
    }

    /// Joins a client.
    pub fn join(&self, name: &str) -> TestClient {
        TestClient::join(self.address, name)
    }

    /// Joins clients, one after the other.
    pub fn join_all<const N: usize>(&self, names: [&str; N]) -> [TestClient; N] {
        TestClient::join_all(self.address, names)
    }

    /// Stops the server and waits for its end.
    pub fn stop(&mut self) {
        self.handle.trigger();
        if let Some(server) = self.server.take() {
            server.join().expect("no panic").expect("no error");
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.handle.trigger();
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}

/// The lines that the server has logged.
#[derive(Clone, Default)]
struct LogBuffer(Arc<Mutex<Vec<u8>>>);

impl LogBuffer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for LogBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
