//! Turns an [`Address`] into an open socket, or says why there is none.
//!
//! The socket comes as two halves, one that can only read and one that can only
//! write, so that who may do what is said by who owns which. This module knows
//! nothing of lines and names.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use common::Address;
use crossbeam_channel::bounded;

/// How long finding and reaching the server may take in all: longer, and a
/// person believes that the program hangs.
const CONNECT: Duration = Duration::from_secs(5);

/// How long one read or write may block, so that whoever waits for the socket
/// looks at the clock a few times a second.
const TICK: Duration = Duration::from_millis(250);

/// The half of a socket that can only be read.
///
/// A read that brings nothing within 250 ms fails with
/// [`WouldBlock`](ErrorKind::WouldBlock).
pub struct ReadHalf(Arc<TcpStream>);

/// The half of a socket that can only be written, and closed.
///
/// A write that the peer does not take within 250 ms fails with
/// [`WouldBlock`](ErrorKind::WouldBlock).
pub struct WriteHalf(Arc<TcpStream>);

impl Read for ReadHalf {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(buffer)
    }
}

/// Closing the socket takes both owners; until then a reader, or a writer, that
/// is blocked would not notice that the other one has gone. So each hangs up.
impl Drop for ReadHalf {
    fn drop(&mut self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// What was written is still sent.
impl Drop for WriteHalf {
    fn drop(&mut self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

impl Write for WriteHalf {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Both halves of a socket.
pub type Connection = (ReadHalf, WriteHalf);

/// Finds and reaches the server at `address`, within 5 s in all.
///
/// # Errors
///
/// A sentence for the person that names the address and the reason.
pub fn connect(address: &Address) -> Result<Connection, String> {
    let stream = reach(address).map_err(|why| format!("cannot connect to {address}: {why}"))?;
    let stream = Arc::new(stream);
    Ok((ReadHalf(Arc::clone(&stream)), WriteHalf(stream)))
}

fn reach(address: &Address) -> Result<TcpStream, String> {
    let deadline = Instant::now() + CONNECT;
    let candidates = resolve(address, deadline)?;
    let mut reason = "the name has no address".to_string();
    for (tried, candidate) in candidates.iter().enumerate() {
        // One that does not answer must leave time for those after it.
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(candidates.len() - tried).unwrap_or(1);
        // A time of zero is refused by std, as it would mean "for ever" below.
        let attempt = TcpStream::connect_timeout(candidate, share.max(Duration::from_millis(1)));
        match attempt.and_then(prepare) {
            Ok(stream) => return Ok(stream),
            Err(error) => reason = explain(&error),
        }
    }
    Err(reason)
}

/// Looks the name up in a thread of its own: the system's resolver knows no
/// time limit, and a dead name server keeps it busy for half a minute. If so
/// the thread is left behind; it ends by itself, or with the process.
fn resolve(address: &Address, deadline: Instant) -> Result<Vec<SocketAddr>, String> {
    let place = (address.host.clone(), address.port);
    let (sender, found) = bounded(1);
    thread::Builder::new()
        .name(format!("resolver {address}"))
        .spawn(move || sender.send(place.to_socket_addrs()))
        .map_err(|error| explain(&error))?;
    match found.recv_deadline(deadline) {
        Ok(Ok(candidates)) => Ok(candidates.collect()),
        Ok(Err(error)) => Err(explain(&error)),
        Err(_) => Err("the name could not be looked up in time".to_string()),
    }
}

fn prepare(stream: TcpStream) -> io::Result<TcpStream> {
    // A typed line is small and waits for nothing (RFC 1122, 4.2.3.4).
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(TICK))?;
    stream.set_write_timeout(Some(TICK))?;
    Ok(stream)
}

/// An error in words for the person, with what to look at next.
fn explain(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => "connection refused. Is the server running?".to_string(),
        ErrorKind::TimedOut | ErrorKind::WouldBlock => "no answer. Is the address right?".into(),
        _ => words(error),
    }
}

/// An error of the system without its number, which tells a person nothing.
pub fn words(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text.get(..end).unwrap_or(&text).to_lowercase()
}

/// Whether `error` only says that nothing came, or went, for 250 ms.
///
/// Unix calls it `WouldBlock` and Windows `TimedOut`.
pub fn is_tick(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_port_nobody_listens_at_is_refused_with_the_reason() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let told = connect(&Address::new("127.0.0.1", port)).err().unwrap();
        let expected = format!(
            "cannot connect to 127.0.0.1:{port}: connection refused. Is the server running?"
        );
        assert_eq!(told, expected);
    }

    #[test]
    fn dropping_the_reader_closes_the_socket_for_the_writer() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (reader, mut writer) = connect(&Address::new("127.0.0.1", port)).unwrap();
        writer.write_all(b"x").unwrap();
        drop(reader);
        assert!(writer.write_all(b"x").is_err());
    }

    #[test]
    fn the_number_of_an_error_is_left_out() {
        assert_eq!(
            words(&io::Error::from_raw_os_error(104)),
            "connection reset by peer"
        );
    }
}
