//! Attacks: peers that try to take more than their share.
//!
//! An attack is a short visit that threads repeat for as long as they may. The server may
//! refuse a visit, hold it back or disconnect it, so errors are ignored.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The longest time of a visit, without that for connecting.
const VISIT: Duration = Duration::from_secs(1);

/// The longest time of one read or write.
const STEP: Duration = Duration::from_millis(100);

/// The pause between two visits of one thread, so that the rate of all is bounded.
const PAUSE: Duration = Duration::from_millis(5);

/// The connections of one storm, with those of other threads fewer than the server accepts
/// without a name.
const STORM: usize = 50;

/// A kind of visit.
pub struct Attack {
    /// The name in a table.
    pub name: &'static str,
    visit: fn(&Visitor) -> io::Result<()>,
}

/// The attacks, each on something that is finite.
pub const ATTACKS: [Attack; 10] = [
    attack("lines over new connections", |visitor| {
        let stream = visitor.join()?;
        exchange(&stream, &"spam\n".repeat(60), VISIT)
    }),
    attack("leaving with reasons", |visitor| {
        let stream = visitor.join()?;
        exchange(&stream, "/quit a reason that all members see\n", VISIT)
    }),
    attack("blank lines before a name", |visitor| {
        repeat(&visitor.connect()?, &"\n".repeat(4096))
    }),
    attack("refused names", |visitor| {
        exchange(&visitor.connect()?, &"a b\n".repeat(5), VISIT)
    }),
    attack("heartbeats", |visitor| {
        repeat(&visitor.join()?, &"\n".repeat(4096))
    }),
    attack("long answers", |visitor| {
        exchange(&visitor.join()?, &"/history 1000\n".repeat(40), VISIT)
    }),
    attack("answers that are not read", |visitor| {
        let mut stream = visitor.join()?;
        stream.write_all("/history 1000\n".repeat(40).as_bytes())?;
        thread::sleep(VISIT);
        Ok(())
    }),
    attack("new rooms", |visitor| {
        let name = &visitor.name;
        let rooms = (0..40).map(|room| format!("/join {name}r{room}\n"));
        exchange(&visitor.join()?, &rooms.collect::<String>(), VISIT)
    }),
    attack("reservations for files", |visitor| {
        let name = &visitor.name;
        let files = (0..40).map(|file| format!("/put {name}f{file} 1\n"));
        exchange(&visitor.join()?, &files.collect::<String>(), VISIT)
    }),
    attack("storms of joins", |visitor| {
        let mut streams = Vec::new();
        for number in 0..STORM {
            let mut stream = visitor.connect()?;
            stream.write_all(format!("{}s{number}\n", visitor.name).as_bytes())?;
            streams.push(stream);
        }
        streams
            .iter()
            .try_for_each(|stream| exchange(stream, "q:quit\n", STEP))
    }),
];

const fn attack(name: &'static str, visit: fn(&Visitor) -> io::Result<()>) -> Attack {
    Attack { name, visit }
}

/// Threads that attack. Dropping them ends the attack.
pub struct Attackers {
    done: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Attackers {
    /// Starts an attack by so many threads.
    pub fn start(server: SocketAddr, attack: &Attack, threads: usize) -> Attackers {
        let done = Arc::new(AtomicBool::new(false));
        let start = |thread| {
            let (done, visit) = (Arc::clone(&done), attack.visit);
            thread::spawn(move || {
                for number in 0.. {
                    if done.load(Ordering::Relaxed) {
                        return;
                    }
                    let name = format!("a{thread}v{number}");
                    let _it_may_be_refused = visit(&Visitor { server, name });
                    thread::sleep(PAUSE);
                }
            })
        };
        let threads = (0..threads).map(start).collect();
        Attackers { done, threads }
    }
}

impl Drop for Attackers {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _it_has_panicked = thread.join();
        }
    }
}

/// One visit, with a name that no other has.
struct Visitor {
    server: SocketAddr,
    name: String,
}

impl Visitor {
    fn connect(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(self.server)?;
        stream.set_read_timeout(Some(STEP))?;
        stream.set_write_timeout(Some(STEP))?;
        Ok(stream)
    }

    fn join(&self) -> io::Result<TcpStream> {
        let mut stream = self.connect()?;
        stream.write_all(format!("{}\n", self.name).as_bytes())?;
        Ok(stream)
    }
}

/// Writes `text`, and reads for at most `time`.
fn exchange(mut stream: &TcpStream, text: &str, time: Duration) -> io::Result<()> {
    stream.write_all(text.as_bytes())?;
    let end = Instant::now() + time;
    while Instant::now() < end && read_some(stream)? {}
    Ok(())
}

/// Writes `text` and reads in turn, as fast as the server takes it.
fn repeat(mut stream: &TcpStream, text: &str) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_millis(1)))?;
    let end = Instant::now() + VISIT;
    while Instant::now() < end && read_some(stream)? {
        match stream.write(text.as_bytes()) {
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Reads once. Returns `false` at the end.
fn read_some(mut stream: &TcpStream) -> io::Result<bool> {
    match stream.read(&mut [0; 64 * 1024]) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(true),
        count => Ok(count? > 0),
    }
}
