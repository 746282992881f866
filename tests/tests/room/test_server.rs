//! A server in the test's own process.

use std::io::{self, PipeWriter, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread::{self, JoinHandle};

use server::ServerConfig;
use server::files::config::FilesConfig;
use server::limits::{Limits, Rate};
use server::shutdown::{self, ShutdownHandle};
use tests::TestClient;

/// A running server, stopped when the test is over.
pub struct TestServer {
    pub address: SocketAddr,
    console: PipeWriter,
    handle: ShutdownHandle,
    server: Option<JoinHandle<io::Result<()>>>,
}

impl TestServer {
    /// Opens a house in which everybody may talk as fast as they can.
    pub fn start() -> TestServer {
        TestServer::with_limits(|_| {})
    }

    /// Opens one with some of the limits changed.
    pub fn with_limits(change: impl FnOnce(&mut Limits)) -> TestServer {
        TestServer::build(change, None)
    }

    /// Opens one in which people share files.
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

    /// Types a line at the server's console.
    pub fn operator(&self, line: &str) {
        let line = format!("{line}\n");
        let mut keyboard = &self.console;
        keyboard.write_all(line.as_bytes()).expect("a console");
    }

    /// Has somebody join.
    pub fn join(&self, name: &str) -> TestClient {
        TestClient::join(self.address, name)
    }

    /// Has several join, one after the other.
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
