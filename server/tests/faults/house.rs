//! A server with two bystanders in it, and what must hold after every fault.

use std::net::SocketAddr;
use std::process::Command;

use tests::{Bystanders, Peer, Running, Usage, eventually};

/// How much resident memory may grow while the server works, in KiB: freed
/// memory stays with the process's allocator for a while.
const MEMORY_SLACK: usize = 8 * 1024;

/// What the bystanders' names, and so their lines, begin with.
const BYSTANDERS: &str = "bystander";

/// A running server, bystanders in it, and what it held before the fault.
pub struct House {
    pub server: Running,
    pub address: SocketAddr,
    bystanders: Bystanders,
    base: Option<Usage>,
}

impl House {
    /// Starts a server at a free port, with these options.
    pub fn open(options: &[&str]) -> House {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat-server"));
        command.args(["127.0.0.1", "0"]).args(options);
        House::with(Running::start(&mut command))
    }

    /// Takes over a server that was started in some other way.
    pub fn with(server: Running) -> House {
        let address = server.address();
        let bystanders = Bystanders::begin(address);
        // One more has come and gone, so that what is set up once, is.
        let mut first = Peer::join(address, "first");
        first.say("q:quit");
        first.expect_sometime("q:quit");
        server.wait_for("[CONNECTION CLOSED] first disconnected (quit).");
        let base = settled(&server);
        House {
            server,
            address,
            bystanders,
            base,
        }
    }

    /// Connects somebody who says nothing yet.
    pub fn connect(&self) -> Peer {
        Peer::connect(self.address).deaf_to(BYSTANDERS)
    }

    /// Has somebody join, who then hears all but the bystanders.
    pub fn join(&self, name: &str) -> Peer {
        Peer::join(self.address, name).deaf_to(BYSTANDERS)
    }

    /// Has several join, each told of those that follow.
    pub fn join_all<const N: usize>(&self, names: [&str; N]) -> [Peer; N] {
        let mut peers: Vec<Peer> = Vec::new();
        for name in names {
            let newcomer = self.join(name);
            for peer in &mut peers {
                peer.expect(&format!("{name} has joined the chat room."));
            }
            peers.push(newcomer);
        }
        peers.try_into().ok().expect("as many peers as names")
    }

    /// Waits for the one close line of `who`, with `reason`.
    pub fn expect_reason(&self, who: &str, reason: &str) {
        let line = format!("[CONNECTION CLOSED] {who} disconnected ({reason}).");
        self.server.wait_for(&line);
        let closed = format!("[CONNECTION CLOSED] {who} ");
        let lines = self.server.lines_with(&closed);
        assert_eq!(lines, [line], "one reason for one connection");
    }

    /// The assertions that every row makes: the bystanders lost nothing, and
    /// what the server holds is back at its base.
    pub fn check(self) {
        self.bystanders.end();
        let Some(base) = self.base else {
            eprintln!("not checked here: files, threads and memory, for want of /proc");
            return;
        };
        eventually("files, threads and memory back at their base", || {
            let now = self.server.usage()?;
            // The bystanders may be gone already: less is as good.
            let files = now.files <= base.files && now.threads <= base.threads;
            (files && now.memory <= base.memory + MEMORY_SLACK).then_some(())
        });
    }
}

/// What the server holds once it has come to rest.
fn settled(server: &Running) -> Option<Usage> {
    let mut last = server.usage()?;
    for _ in 0..100 {
        std::thread::sleep(std::time::Duration::from_millis(10));
        let now = server.usage()?;
        if (now.files, now.threads) == (last.files, last.threads) {
            return Some(now);
        }
        last = now;
    }
    Some(last)
}
