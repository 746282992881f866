//! Cancellation: from a dropped token to the end of whatever a worker waits for.
//!
//! A worker is blocked in the system most of the time. Dropping its [`CancelToken`]
//! interrupts it anywhere: at a channel, because that closes, or at its socket, because
//! that is shut down.

use std::convert::Infallible;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use crate::lock::lock;

/// The worker's current socket. The lock is never held during a blocking call.
type Socket = Arc<Mutex<Option<TcpStream>>>;

/// A token that cancels a transfer when it is dropped.
pub struct CancelToken {
    running: Option<Sender<Infallible>>,
    socket: Socket,
}

/// The worker's end of a token.
pub struct Cancellation {
    /// Carries nothing; it is closed when the transfer is cancelled.
    pub cancelled: Receiver<Infallible>,
    socket: Socket,
}

/// Makes a token and the worker's end of it.
pub fn new() -> (CancelToken, Cancellation) {
    let (running, cancelled) = bounded(0);
    let socket = Socket::default();
    let token = CancelToken {
        running: Some(running),
        socket: Arc::clone(&socket),
    };
    (token, Cancellation { cancelled, socket })
}

impl Drop for CancelToken {
    fn drop(&mut self) {
        // In this order: a worker that stores a socket after the second step sees that
        // the channel is closed.
        self.running = None;
        let socket = lock(&self.socket);
        if let Some(socket) = &*socket {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

impl Cancellation {
    /// Returns `true` if the transfer was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.try_recv() == Err(TryRecvError::Disconnected)
    }

    /// Makes the token shut down `stream` instead of the previous socket.
    pub fn set_socket(&self, stream: &TcpStream) {
        let copy = stream.try_clone().ok();
        *lock(&self.socket) = copy;
        if self.is_cancelled() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::net::TcpListener;

    #[test]
    fn it_interrupts_a_reader_whenever_it_is_dropped() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let connect = || TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (token, cancellation) = new();
        let (early, late) = (connect(), connect());
        cancellation.set_socket(&early);
        assert!(!cancellation.is_cancelled());
        drop(token);
        cancellation.set_socket(&late);
        for mut stream in [early, late] {
            assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        }
        assert!(cancellation.is_cancelled());
    }
}
