//! Test panic: a panic on purpose, so that tests see what becomes of the chat.
//!
//! It exists only in the server's own unit tests.

use crate::registry::Registry;

/// Panics on `panic!`, and on `panic! locked` while it holds the registry's lock.
pub fn check(line: &str, registry: &Registry) {
    match line {
        "panic!" => panic!("as asked"),
        "panic! locked" => registry.while_locked(|| panic!("as asked")),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::net::TcpListener;
    use std::sync::{Arc, Mutex};
    use std::thread;

    use tests::{TestClient, eventually};

    use crate::limits::Limits;
    use crate::{ServerConfig, shutdown};

    /// An output that the test can look into.
    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Shared {
        fn expect(&self, line: &str) {
            eventually(line, || {
                let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
                text.lines().any(|other| other == line).then_some(())
            });
        }
    }

    /// Fault 35 of the catalogue.
    #[test]
    fn a_panic_ends_one_session_and_the_room_goes_on() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (handle, shutdown) = shutdown::channel();
        let log = Shared::default();
        let config = ServerConfig {
            output: Box::new(log.clone()),
            ..ServerConfig::minimal(Limits::default())
        };
        let for_server = handle.clone();
        let server = thread::spawn(move || crate::run(listener, config, for_server, shutdown));
        let [mut ann, mut bob, mut carl] = TestClient::join_all(address, ["ann", "bob", "carl"]);
        for (peer, name, line) in [
            (&mut ann, "ann", "panic!"),
            (&mut bob, "bob", "panic! locked"),
        ] {
            peer.say(line);
            peer.expect_sometime("! Something went wrong in the server, sorry.");
            peer.expect_quit();
            carl.expect(&format!("{name} has left the chat room."));
            log.expect(&format!("[CONNECTION CLOSED] {name} disconnected (panic)."));
        }
        // Their names are free, and a new member receives messages.
        let mut ann = eventually("the name ann to be free", || {
            let mut again = TestClient::connect(address);
            again.say("ann");
            again.receive()?.starts_with("Welcome").then_some(again)
        });
        carl.expect("ann has joined the chat room.");
        carl.say("all is well");
        ann.expect("carl: all is well");
        handle.trigger();
        for peer in [&mut ann, &mut carl] {
            peer.expect("The server is stopping.");
            peer.expect_quit();
        }
        server.join().unwrap().unwrap();
        log.expect("[SERVER] stopped.");
    }
}
