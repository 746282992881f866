//! Turns a ticket into a connection over which a file's bytes flow.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use common::transfer::{Direction, TicketGrant, TransferReply, TransferRequest};
use common::{MAX_EVENT, text};

use super::brake::Braked;
use super::{Fault, STALL};
use crate::connection::{is_tick, words};

/// How long it may take to be connected: the chat is, so the server is there.
const CONNECT: Duration = Duration::from_secs(5);

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
    braked: &Braked,
) -> Result<(TcpStream, u64), Fault> {
    let direction = match leave.id {
        None => Direction::Put,
        Some(_) => Direction::Get,
    };
    let demand = TransferRequest::encode(direction, leave.ticket, offset);
    let stream = reach(server).map_err(|error| {
        Fault::Broken(format!(
            "files need the server's TCP port, and {server} cannot be reached: {}",
            words(&error)
        ))
    })?;
    braked.holds(&stream);
    let shown = (&stream).write_all(format!("{demand}\n").as_bytes());
    shown.map_err(|error| broken(&error))?;
    match answer(&stream)? {
        TransferReply::Ok(number) => Ok((stream, number)),
        TransferReply::Refused(why) => Err(Fault::Refused(why)),
        TransferReply::Done => Err(nonsense()),
    }
}

fn reach(server: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&server, CONNECT)?;
    stream.set_read_timeout(Some(STALL))?;
    stream.set_write_timeout(Some(STALL))?;
    Ok(stream)
}

/// The server's next answer.
///
/// It is read byte by byte, as what follows it is not ours to take.
///
/// # Errors
///
/// If none comes, or something else.
pub fn answer(mut stream: &TcpStream) -> Result<TransferReply, Fault> {
    let mut line = Vec::new();
    let mut byte = [0];
    while line.len() < MAX_EVENT {
        match stream.read(&mut byte) {
            Ok(0) => return Err(Fault::Broken("the server has closed it".to_string())),
            Ok(_) if byte == *b"\n" => {
                let line = String::from_utf8_lossy(&line);
                let answer = TransferReply::parse(&text::sanitize(&line));
                return answer.ok_or_else(nonsense);
            }
            Ok(_) => line.extend(byte),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(broken(&error)),
        }
    }
    Err(nonsense())
}

/// What an error of the socket means.
pub fn broken(error: &io::Error) -> Fault {
    Fault::Broken(match is_tick(error) {
        true => format!("nothing has moved for {} s", STALL.as_secs()),
        false => words(error),
    })
}

/// For a server that does not keep to the protocol: another attempt will not help.
pub fn nonsense() -> Fault {
    Fault::Failed("the server's answer makes no sense".to_string())
}
