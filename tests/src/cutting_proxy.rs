//! Cutting proxy: passes bytes on between clients and the server, and cuts their
//! connections.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::random::Random;

/// A connection is cut after less than one of these numbers of bytes, beside those that
/// it may carry. The first ends within the request to resume, and the others within its
/// answer or later.
const MAX_BYTES: [u64; 3] = [100, 500, 5000];

/// A proxy that cuts each connection once, by turns in one of the directions.
pub struct CuttingProxy {
    /// The address for clients.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    random: Mutex<Random>,
    /// The bytes that each connection may carry at least.
    min_bytes: u64,
    connections: AtomicUsize,
    cuts: AtomicUsize,
    max_cuts: usize,
    stopping: AtomicBool,
}

/// One direction of a connection.
struct Pump {
    from: TcpStream,
    to: TcpStream,
    /// The bytes after which the connection is cut.
    left: u64,
    /// The other direction has ended the connection, or this one.
    ended: Arc<AtomicBool>,
    shared: Arc<Shared>,
}

impl CuttingProxy {
    /// Starts a proxy before `server`, which makes `max_cuts` cuts. Each connection carries
    /// `min_bytes` before it is cut. The seed is in `CHAT_SEED`, or else another each time.
    ///
    /// # Panics
    ///
    /// When there is no free port.
    pub fn start(server: SocketAddr, max_cuts: usize, min_bytes: u64) -> CuttingProxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            random: Mutex::new(Random::from_environment()),
            min_bytes,
            connections: AtomicUsize::new(0),
            cuts: AtomicUsize::new(0),
            max_cuts,
            stopping: AtomicBool::new(false),
        });
        let for_thread = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if for_thread.stopping.load(Ordering::Relaxed) {
                    return;
                }
                if let Ok(server) = TcpStream::connect(server) {
                    for_thread.join(&client, &server);
                }
            }
        });
        CuttingProxy { address, shared }
    }

    /// Returns the number of cuts so far.
    pub fn cuts(&self) -> usize {
        self.shared.cuts.load(Ordering::Relaxed)
    }

    /// Returns `true` if there are no more cuts to come.
    pub fn is_done(&self) -> bool {
        self.cuts() >= self.shared.max_cuts
    }
}

impl Drop for CuttingProxy {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        // The thread waits for a connection.
        let _it_ends = TcpStream::connect(self.address);
    }
}

impl Shared {
    /// Starts both directions of a connection.
    fn join(self: &Arc<Shared>, client: &TcpStream, server: &TcpStream) {
        let ended = Arc::new(AtomicBool::new(false));
        let bytes = self.min_bytes + self.random(MAX_BYTES[self.random(3) as usize]) + 1;
        let number = self.connections.fetch_add(1, Ordering::Relaxed);
        let to_server = number.is_multiple_of(2);
        let is_last = self.cuts.load(Ordering::Relaxed) >= self.max_cuts;
        for (from, to, is_cut) in [(client, server, to_server), (server, client, !to_server)] {
            from.set_nodelay(true).unwrap();
            let pump = Pump {
                from: from.try_clone().unwrap(),
                to: to.try_clone().unwrap(),
                left: if is_cut && !is_last { bytes } else { u64::MAX },
                ended: Arc::clone(&ended),
                shared: Arc::clone(self),
            };
            thread::spawn(move || pump.run());
        }
    }

    fn random(&self, end: u64) -> u64 {
        self.random.lock().unwrap().below(end)
    }
}

impl Pump {
    fn run(mut self) {
        let mut buffer = [0; 4096];
        while self.left > 0 {
            let size = self.left.min(buffer.len() as u64) as usize;
            let count = self.from.read(&mut buffer[..size]).unwrap_or(0);
            if count == 0 || self.to.write_all(&buffer[..count]).is_err() {
                break;
            }
            self.left -= count as u64;
        }
        if !self.ended.swap(true, Ordering::Relaxed) && self.left == 0 {
            self.shared.cuts.fetch_add(1, Ordering::Relaxed);
        }
        for stream in [&self.from, &self.to] {
            let _it_may_be_closed = stream.shutdown(Shutdown::Both);
        }
    }
}
