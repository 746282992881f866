//! Opening: from a ticket to a connection that carries a file's bytes.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use common::transfer::{Direction, TicketGrant, TransferReply, TransferRequest};
use common::{MAX_EVENT, text};

use super::cancel::Cancellation;
use super::error::TransferError;
use crate::connection::{describe, is_tick};

/// The time to connect. The chat is connected, so the server is reachable.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest time without any data. The server uses the same. A network that takes
/// longer to recover has usually broken the connection anyway.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);

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
    match read_reply(&stream)? {
        TransferReply::Ok(number) => Ok((stream, number)),
        TransferReply::Refused(why) => Err(TransferError::Refused(why)),
        TransferReply::Done => Err(invalid_reply()),
    }
}

fn connect(server: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&server, CONNECT_TIMEOUT)?;
    stream.set_read_timeout(Some(STALL_TIMEOUT))?;
    stream.set_write_timeout(Some(STALL_TIMEOUT))?;
    Ok(stream)
}

/// Returns the server's next reply.
///
/// It is read byte by byte, because the bytes after it belong to the file.
///
/// # Errors
///
/// If no reply comes, or an invalid one.
pub fn read_reply(mut stream: &TcpStream) -> Result<TransferReply, TransferError> {
    let mut line = Vec::new();
    let mut byte = [0];
    while line.len() < MAX_EVENT {
        match stream.read(&mut byte) {
            Ok(0) => return Err(closed()),
            Ok(_) if byte == *b"\n" => {
                let line = String::from_utf8_lossy(&line);
                let reply = TransferReply::parse(&text::sanitize(&line));
                return reply.ok_or_else(invalid_reply);
            }
            Ok(_) => line.extend(byte),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(broken_connection(&error)),
        }
    }
    Err(invalid_reply())
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
