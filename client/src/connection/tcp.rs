//! TCP: from an [`Address`] to the two halves of a socket.
//!
//! Invariant: it knows neither lines nor names.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::Address;

use super::error::{explain, unreachable};
use super::resolve::{NO_ADDRESS, resolve};
use super::transport::{CONNECT_TIMEOUT, TICK, Transport};

/// The half of a socket that can only be read.
pub(super) struct TcpReader(Arc<TcpStream>);

/// The half of a socket that can only be written, and closed.
pub(super) struct TcpWriter(Arc<TcpStream>);

impl TcpReader {
    /// Returns the server's address.
    pub(super) fn peer(&self) -> Option<SocketAddr> {
        self.0.peer_addr().ok()
    }
}

impl Read for TcpReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(buffer)
    }
}

/// A socket closes when both owners are dropped. The shutdown interrupts the other
/// half earlier, which may be blocked.
impl Drop for TcpReader {
    fn drop(&mut self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// The system still sends what was written.
impl Drop for TcpWriter {
    fn drop(&mut self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

impl Write for TcpWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reaches the server. Neither half blocks for longer than a tick.
///
/// # Errors
///
/// A sentence for the user.
pub(super) fn connect(address: &Address) -> Result<(TcpReader, TcpWriter), String> {
    connect_with(address, TICK)
}

/// Reaches the server. A read blocks for at most `tick`.
///
/// # Errors
///
/// A sentence for the user.
pub(super) fn connect_with(
    address: &Address,
    tick: Duration,
) -> Result<(TcpReader, TcpWriter), String> {
    let stream = reach(address, tick).map_err(|why| unreachable(address, &why))?;
    let stream = Arc::new(stream);
    Ok((TcpReader(Arc::clone(&stream)), TcpWriter(stream)))
}

fn reach(address: &Address, tick: Duration) -> Result<TcpStream, String> {
    let deadline = Instant::now() + CONNECT_TIMEOUT;
    let candidates = resolve(address, deadline)?;
    let mut reason = NO_ADDRESS.to_string();
    for (tried, candidate) in candidates.iter().enumerate() {
        // An address that does not answer must leave time for those after it.
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(candidates.len() - tried).unwrap_or(1);
        // std rejects a timeout of zero, because the system takes it for "forever".
        let attempt = TcpStream::connect_timeout(candidate, share.max(Duration::from_millis(1)));
        match attempt.and_then(|stream| prepare(stream, tick)) {
            Ok(stream) => return Ok(stream),
            Err(error) => reason = explain(&error, Transport::Tcp),
        }
    }
    Err(reason)
}

fn prepare(stream: TcpStream, tick: Duration) -> io::Result<TcpStream> {
    // A typed line is small and must not wait for another (RFC 1122, 4.2.3.4).
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(tick))?;
    stream.set_write_timeout(Some(TICK))?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn dropping_the_reader_closes_the_socket_for_the_writer() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (reader, mut writer) = connect(&Address::new("127.0.0.1", port)).unwrap();
        writer.write_all(b"x").unwrap();
        drop(reader);
        assert!(writer.write_all(b"x").is_err());
    }
}
