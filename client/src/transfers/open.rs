//! Turns a ticket into a connection over which a file's bytes flow.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use common::transfer::{Direction, TicketGrant, TransferReply, TransferRequest};
use common::{MAX_EVENT, text};

use super::cancel::Cancellation;
use super::{STALL_TIMEOUT, TransferError};
use crate::connection::{describe, is_tick};

/// How long it may take to be connected: the chat is, so the server is there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Reaches the server and shows the ticket. The number is the server's: the file's
/// size, or how many bytes of it are there already.
///
/// # Errors
///
/// Why no bytes can flow.
pub fn open(
    server: SocketAddr,
    leave: &TicketGrant,
    offset: u64,
    braked: &Cancellation,
) -> Result<(TcpStream, u64), TransferError> {
    let direction = match leave.id {
        None => Direction::Put,
        Some(_) => Direction::Get,
    };
    let demand = TransferRequest::encode(direction, leave.ticket, offset);
    let stream = connect(server).map_err(|error| {
        TransferError::Broken(format!(
            "files need the server's TCP port, and {server} cannot be reached: {}",
            describe(&error)
        ))
    })?;
    braked.set_socket(&stream);
    let shown = (&stream).write_all(format!("{demand}\n").as_bytes());
    shown.map_err(|error| broken_connection(&error))?;
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

/// The server's next answer.
///
/// It is read byte by byte, as what follows it is not ours to take.
///
/// # Errors
///
/// If none comes, or something else.
pub fn read_reply(mut stream: &TcpStream) -> Result<TransferReply, TransferError> {
    let mut line = Vec::new();
    let mut byte = [0];
    while line.len() < MAX_EVENT {
        match stream.read(&mut byte) {
            Ok(0) => {
                return Err(TransferError::Broken(
                    "the server has closed it".to_string(),
                ));
            }
            Ok(_) if byte == *b"\n" => {
                let line = String::from_utf8_lossy(&line);
                let answer = TransferReply::parse(&text::sanitize(&line));
                return answer.ok_or_else(invalid_reply);
            }
            Ok(_) => line.extend(byte),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(broken_connection(&error)),
        }
    }
    Err(invalid_reply())
}

/// What an error of the socket means.
pub fn broken_connection(error: &io::Error) -> TransferError {
    TransferError::Broken(match is_tick(error) {
        true => format!("nothing has moved for {} s", STALL_TIMEOUT.as_secs()),
        false => describe(error),
    })
}

/// For a server that does not keep to the protocol: another attempt will not help.
pub fn invalid_reply() -> TransferError {
    TransferError::Failed("the server's answer makes no sense".to_string())
}
