//! Opening: from a ticket to a connection that carries a file's bytes.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use common::transfer::{Direction, TicketGrant, TransferReply, TransferRequest};
use common::{MAX_EVENT, notice, text};

use super::cancel::Cancellation;
use super::error::TransferError;
use crate::connection::{describe, is_tick};

/// The time to connect. The chat is connected, so the server is reachable.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The time in which the server must answer a request with a whole line.
pub(super) const REPLY_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest time without any data. The server uses the same. A network that takes
/// longer to recover has usually broken the connection anyway. The answer to an upload may
/// take as long, because the last bytes are still under way.
pub(super) const STALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Connects to the server and redeems the ticket. Returns the server's number too: the
/// file's size for a download, the bytes that it has already for an upload.
///
/// # Errors
///
/// The reason why no bytes can flow.
pub fn open(
    server: SocketAddr,
    grant: &TicketGrant,
    offset: u64,
    cancellation: &Cancellation,
) -> Result<(TcpStream, u64), TransferError> {
    let direction = match grant.id {
        None => Direction::Put,
        Some(_) => Direction::Get,
    };
    let request = TransferRequest::encode(direction, grant.ticket, offset);
    let stream = connect(server).map_err(|error| {
        TransferError::Broken(format!(
            "files need the server's TCP port, and {server} cannot be reached: {}",
            describe(&error)
        ))
    })?;
    cancellation.set_socket(&stream);
    let sent = (&stream).write_all(format!("{request}\n").as_bytes());
    sent.map_err(|error| broken_connection(&error))?;
    match read_reply(&stream, REPLY_TIMEOUT)? {
        TransferReply::Ok(number) => Ok((stream, number)),
        TransferReply::Refused(why) => Err(TransferError::Refused(why)),
        TransferReply::Done => Err(invalid_reply()),
    }
}

fn connect(server: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&server, CONNECT_TIMEOUT)?;
    stream.set_write_timeout(Some(STALL_TIMEOUT))?;
    Ok(stream)
}

/// Returns the server's next reply. It must be complete within `timeout`, because single
/// bytes could come forever.
///
/// # Errors
///
/// If no reply comes, or an invalid one.
pub fn read_reply(stream: &TcpStream, timeout: Duration) -> Result<TransferReply, TransferError> {
    let deadline = Instant::now() + timeout;
    let mut line = read_line(stream, deadline);
    // A request that was long on its way meets the question for a name.
    while line.as_ref().is_ok_and(|line| line == notice::ASK_NAME) {
        line = read_line(stream, deadline);
    }
    let _ = stream.set_read_timeout(Some(STALL_TIMEOUT));
    let line = line.map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => closed(),
        ErrorKind::InvalidData => invalid_reply(),
        _ if is_tick(&error) => {
            TransferError::Broken(format!("no answer within {} s", timeout.as_secs()))
        }
        _ => broken_connection(&error),
    })?;
    TransferReply::parse(&line).ok_or_else(invalid_reply)
}

/// Returns the next line, without its newline, and safe to show.
///
/// It is read byte by byte, because the bytes after it belong to the file.
fn read_line(mut stream: &TcpStream, deadline: Instant) -> io::Result<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    while line.len() < MAX_EVENT {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut byte) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(_) if byte == *b"\n" => {
                return Ok(text::sanitize(&String::from_utf8_lossy(&line)).into_owned());
            }
            Ok(_) => line.extend(byte),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::InvalidData.into())
}

/// Returns the error for a connection that the server has closed.
pub fn closed() -> TransferError {
    TransferError::Broken("the server has closed it".to_string())
}

/// Returns the error for an error of the socket.
pub fn broken_connection(error: &io::Error) -> TransferError {
    TransferError::Broken(if is_tick(error) {
        format!("no data for {} s", STALL_TIMEOUT.as_secs())
    } else {
        describe(error)
    })
}

/// Returns the error for a server that violates the protocol. A new attempt would not
/// help.
pub fn invalid_reply() -> TransferError {
    TransferError::Failed("invalid answer from the server".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::thread;

    const LONG: Duration = Duration::from_secs(20);

    /// Returns the two ends of a connection.
    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (client, listener.accept().unwrap().0)
    }

    #[test]
    fn the_question_for_a_name_is_no_answer_and_the_bytes_stay() {
        let (client, mut server) = pair();
        let question = notice::ASK_NAME;
        write!(server, "{question}\n{question}\nok 5\nhello").unwrap();
        assert_eq!(read_reply(&client, LONG), Ok(TransferReply::Ok(5)));
        let mut bytes = [0; 5];
        (&client).read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"hello");
    }

    #[test]
    fn an_answer_that_trickles_is_not_waited_for() {
        let (client, mut server) = pair();
        let trickles = thread::spawn(move || {
            while server.write_all(b"o").is_ok() {
                thread::sleep(Duration::from_millis(10));
            }
        });
        let start = Instant::now();
        let reply = read_reply(&client, Duration::from_secs(1));
        let expected = TransferError::Broken("no answer within 1 s".to_string());
        assert_eq!(reply, Err(expected));
        assert!(start.elapsed() < Duration::from_secs(5));
        drop(client);
        trickles.join().unwrap();
    }
}
