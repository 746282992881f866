//! UDP: from an [`Address`] to two halves that behave as over TCP.
//!
//! `reliability.rs` decides what a datagram means and which must be sent again, and
//! `numbering.rs` whether it is from the server. This file has the socket and the clock.
//! The reader checks the clock at each read. Therefore the reader retransmits, although
//! all that is new passes the writer.
//!
//! Writes: the writer new lines; the reader cookies and retransmissions.
//! Locks: the [`Reliability`] that both halves share, never during a system call.
//! Blocks: reads and writes, for at most 250 ms.

mod cookie;
mod joining;
mod numbering;
mod reliability;
mod retransmit;
pub(super) mod stats;

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use common::{Address, MAX_DATAGRAM};

use super::error::{QUIT_UNANSWERED, explain, is_tick, unreachable};
use super::resolve::{NO_ADDRESS, resolve};
use super::transport::{CONNECT_TIMEOUT, TICK, Transport};
use crate::lock::lock;
use reliability::{Phase, Received, Reliability};
use stats::UdpStats;

/// The size of the longest datagram in bytes: its length has 16 bits (RFC 768).
const MAX_RECEIVED: usize = 65_535;

/// The reason when datagrams come back in the middle of a session.
const SERVER_GONE: &str = "the server is gone, its port is closed";

/// The warning about a server that knows no START.
const GUESSABLE: &str = "the server is an older one, so others can forge lines over UDP";

/// The state that both halves share.
struct Shared {
    /// Connected, so that the system drops datagrams from other addresses, and reports
    /// a closed port.
    socket: UdpSocket,
    reliability: Mutex<Reliability>,
    /// `true` if one half was dropped, so that the other can end too.
    closed: AtomicBool,
}

/// A reader of lines over UDP.
pub(super) struct UdpReader {
    shared: Arc<Shared>,
    datagram: Box<[u8]>,
    /// Lines that were not read yet.
    ready: VecDeque<u8>,
}

/// A writer of lines over UDP.
pub(super) struct UdpWriter(Arc<Shared>);

/// A handle to the counts of a connection.
#[derive(Clone)]
pub struct StatsHandle(Arc<Shared>);

impl StatsHandle {
    /// Returns the current counts.
    pub fn snapshot(&self) -> UdpStats {
        self.0.lock().stats()
    }

    /// Returns what the user should know about the server, if there is something.
    pub fn warning(&self) -> Option<&'static str> {
        self.0.lock().is_guessable().then_some(GUESSABLE)
    }
}

/// Opens a socket to the server. Only the answer to the first datagram shows if there
/// is a server.
///
/// # Errors
///
/// A sentence for the user.
pub(super) fn connect(address: &Address) -> Result<(UdpReader, UdpWriter), String> {
    let socket = resolve(address, Instant::now() + CONNECT_TIMEOUT)
        .and_then(choose)
        .map_err(|why| unreachable(address, &why))?;
    let shared = Arc::new(Shared {
        socket,
        reliability: Mutex::new(Reliability::new()),
        closed: AtomicBool::new(false),
    });
    let reader = UdpReader {
        shared: Arc::clone(&shared),
        datagram: vec![0; MAX_RECEIVED].into_boxed_slice(),
        ready: VecDeque::new(),
    };
    Ok((reader, UdpWriter(shared)))
}

/// Opens a socket to the first address that answers, else to the first that does not
/// refuse.
fn choose(candidates: Vec<SocketAddr>) -> Result<UdpSocket, String> {
    let mut silent = None;
    let mut reason = NO_ADDRESS.to_string();
    let only = candidates.len() == 1;
    for candidate in candidates {
        let opened = open(candidate).and_then(|socket| {
            let answers = only || answers_blank_line(&socket)?;
            Ok((socket, answers))
        });
        match opened {
            Ok((socket, true)) => return Ok(socket),
            Ok((socket, false)) => silent = silent.or(Some(socket)),
            Err(error) => reason = explain(&error, Transport::Udp),
        }
    }
    silent.ok_or(reason)
}

fn open(server: SocketAddr) -> io::Result<UdpSocket> {
    let socket = match server {
        SocketAddr::V4(_) => UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?,
        SocketAddr::V6(_) => UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0))?,
    };
    socket.set_read_timeout(Some(TICK))?;
    socket.set_write_timeout(Some(TICK))?;
    socket.connect(server)?;
    Ok(socket)
}

/// Returns `true` if a blank line is answered. A name like `localhost` has two
/// addresses, and the server often uses only one of them. The other refuses at once.
fn answers_blank_line(socket: &UdpSocket) -> io::Result<bool> {
    socket.send(b"\n")?;
    match socket.recv(&mut [0; MAX_DATAGRAM]) {
        Ok(_) => Ok(true),
        Err(error) if is_tick(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Reliability> {
        lock(&self.reliability)
    }

    fn send(&self, datagram: &str) -> io::Result<()> {
        self.socket
            .send(datagram.as_bytes())
            .map(drop)
            .map_err(|error| self.explain_error(error))
    }

    /// Returns the error that the caller should see. A datagram that comes back means a
    /// closed port: refused while joining, gone afterwards.
    fn explain_error(&self, error: io::Error) -> io::Error {
        let joining = self.lock().phase() == Phase::Joining;
        match error.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset if joining => {
                ErrorKind::ConnectionRefused.into()
            }
            ErrorKind::ConnectionRefused => io::Error::new(ErrorKind::ConnectionReset, SERVER_GONE),
            _ => error,
        }
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }
}

impl Read for UdpReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ready.is_empty() && !self.shared.is_closed() {
            self.refill()?;
        }
        self.ready.read(buffer)
    }
}

impl UdpReader {
    /// Returns a handle to the counts.
    pub(super) fn stats(&self) -> StatsHandle {
        StatsHandle(Arc::clone(&self.shared))
    }

    /// Returns the server's address.
    pub(super) fn peer(&self) -> Option<SocketAddr> {
        self.shared.socket.peer_addr().ok()
    }

    /// Sends what is due, and receives a datagram.
    fn refill(&mut self) -> io::Result<()> {
        let now = Instant::now();
        if self.shared.lock().is_unanswered(now) {
            return Err(io::Error::other(QUIT_UNANSWERED));
        }
        let due = self.shared.lock().due(now);
        if let Some(datagram) = due {
            self.shared.send(&datagram)?;
        }
        let count = self.shared.socket.recv(&mut self.datagram);
        let count = count.map_err(|error| self.shared.explain_error(error))?;
        self.handle_datagram(count)
    }

    /// Turns the first `count` bytes of the buffer into lines.
    fn handle_datagram(&mut self, count: usize) -> io::Result<()> {
        let datagram = self.datagram.get(..count).unwrap_or_default();
        let Ok(text) = std::str::from_utf8(datagram) else {
            // The caller reports what is wrong with it.
            self.ready.extend(datagram);
            self.ready.push_back(b'\n');
            return Ok(());
        };
        let received = self.shared.lock().receive(text, Instant::now());
        match received {
            Received::Lines(lines) => self.ready.extend(format!("{lines}\n").into_bytes()),
            Received::Reply(datagram) => {
                self.shared.send(&datagram)?;
                return Err(ErrorKind::Interrupted.into());
            }
            Received::Nothing => return Err(ErrorKind::Interrupted.into()),
        }
        Ok(())
    }
}

impl Write for UdpWriter {
    /// Takes a whole line, or none of it.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.0.is_closed() {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = String::from_utf8_lossy(text);
        let datagram = self.0.lock().send(&text, Instant::now());
        match self.0.send(&datagram) {
            // A datagram that the system has no room for is lost like any other.
            Err(error) if !is_tick(&error) => Err(error),
            _ => Ok(line.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for UdpReader {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Relaxed);
    }
}

/// Nothing interrupts a read here, so the reader ends at its next tick.
impl Drop for UdpWriter {
    fn drop(&mut self) {
        self.0.closed.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const DEADLINE: Duration = Duration::from_secs(10);

    fn server() -> (UdpSocket, Address) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        let port = socket.local_addr().unwrap().port();
        (socket, Address::new("127.0.0.1", port))
    }

    /// Makes both halves, and the server, which is older and has received the name.
    fn named() -> (UdpReader, UdpWriter, UdpSocket) {
        let (server, address) = server();
        let (reader, mut writer) = connect(&address).unwrap();
        writer.write_all(b"ann\n").unwrap();
        let mut buffer = [0; 99];
        let (count, client) = server.recv_from(&mut buffer).unwrap();
        assert_eq!(buffer[..count], *b"/seq 0 0 ann\n");
        server.connect(client).unwrap();
        server.send(b"! no").unwrap();
        let mut reader = reader;
        while reader.read(&mut buffer).is_err() && !reader.shared.lock().is_guessable() {}
        let count = server.recv(&mut buffer).unwrap();
        assert_eq!(buffer[..count], *b"ann\n");
        (reader, writer, server)
    }

    /// Reads until something arrives, or until an error that is no tick.
    fn read(reader: &mut UdpReader) -> io::Result<String> {
        let mut buffer = vec![0; MAX_RECEIVED + 1];
        let start = Instant::now();
        loop {
            assert!(start.elapsed() < DEADLINE, "nothing comes");
            match reader.read(&mut buffer) {
                Ok(count) => return Ok(String::from_utf8_lossy(&buffer[..count]).into_owned()),
                Err(error) if is_tick(&error) || error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    #[test]
    fn a_datagram_is_a_line_however_long_it_is() {
        let (mut reader, _writer, server) = named();
        let long = "x".repeat(60_000);
        for line in ["bob: hi", "bob: hi\n", long.as_str()] {
            server.send(line.as_bytes()).unwrap();
            let expected = format!("{}\n", line.trim_end());
            assert_eq!(read(&mut reader).unwrap(), expected);
        }
        server.send(b"\xff").unwrap();
        assert_eq!(read(&mut reader).unwrap(), "\u{fffd}\n");
    }

    #[test]
    fn a_datagram_from_another_address_is_not_read() {
        let (mut reader, _writer, server) = named();
        let client = server.peer_addr().unwrap();
        let other = UdpSocket::bind("127.0.0.1:0").unwrap();
        other.send_to(b"eve: hi", client).unwrap();
        server.send(b"bob: hi").unwrap();
        assert_eq!(read(&mut reader).unwrap(), "bob: hi\n");
    }

    #[test]
    fn a_lost_name_is_sent_again_and_a_cookie_is_sent_back() {
        let (mut reader, _writer, server) = named();
        let playing = std::thread::spawn(move || {
            let mut buffer = [0; 99];
            let mut sent = Vec::new();
            for answer in ["/cookie 1 ann\n", "Welcome\n"] {
                let count = server.recv(&mut buffer).unwrap();
                sent.push(String::from_utf8_lossy(&buffer[..count]).into_owned());
                server.send(answer.as_bytes()).unwrap();
            }
            sent
        });
        assert_eq!(read(&mut reader).unwrap(), "Welcome\n");
        assert_eq!(playing.join().unwrap(), ["ann\n", "/cookie 1 ann\n"]);
    }

    #[test]
    fn a_closed_port_refuses_before_the_welcome_and_is_gone_after_it() {
        let (mut reader, mut writer, server) = named();
        server.send(b"Welcome").unwrap();
        read(&mut reader).unwrap();
        drop(server);
        writer.write_all(b"hi\n").unwrap();
        assert_eq!(read(&mut reader).unwrap_err().to_string(), SERVER_GONE);

        let (mut reader, _writer, server) = named();
        drop(server);
        let error = read(&mut reader).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }

    #[test]
    fn either_half_ends_with_the_other() {
        let (mut reader, writer, _server) = named();
        drop(writer);
        assert_eq!(read(&mut reader).unwrap(), "");
        let (reader, mut writer, _server) = named();
        drop(reader);
        assert!(writer.write_all(b"hi\n").is_err());
    }

    #[test]
    fn of_several_addresses_one_with_a_server_is_chosen() {
        let (closed_socket, open_socket) = (server().0, server().0);
        let closed = closed_socket.local_addr().unwrap();
        drop(closed_socket);
        let open = open_socket.local_addr().unwrap();
        for candidates in [[closed, open], [open, closed]] {
            let socket = choose(candidates.to_vec()).unwrap();
            assert_eq!(socket.peer_addr().unwrap(), open);
        }
        let why = choose(vec![closed, closed]).unwrap_err();
        assert!(why.starts_with("connection refused"), "{why}");
    }
}
