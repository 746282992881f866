//! Test server: a server in the test's own process.

use std::io::{self, PipeWriter, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread::{self, JoinHandle};

use server::ServerConfig;
use server::files::config::FilesConfig;
use server::limits::{Limits, Rate};
use server::shutdown::{self, ShutdownHandle};
use tests::TestClient;

/// A running server, stopped at the end of the test.
pub struct TestServer {
    pub address: SocketAddr,
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

    fn build(change: impl FnOnce(&mut Limits), files: Option<FilesConfig>) -> TestServer {
        let (input, console) = io::pipe().expect("a pipe");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (handle, shutdown) = shutdown::channel();
        let mut limits = Limits {
            rate: Rate::Unlimited,
            ..Limits::default()
        };
        change(&mut limits);
        let config = ServerConfig {
            files,
            console: Some(Box::new(input)),
            ..ServerConfig::minimal(limits)
        };
        let for_server = handle.clone();
        let server = thread::spawn(move || server::run(listener, config, for_server, shutdown));
        TestServer {
            address,
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
