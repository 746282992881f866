//! Turns the wish to end a transfer into the end of what it waits for.
//!
//! A thread that moves bytes is blocked in the system most of the time. Who drops the
//! [`Brake`] wakes it wherever it is: at a channel, as that is closed, or at its socket,
//! as that is shut down.

use std::convert::Infallible;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

/// The socket of the moment. Whoever holds the lock looks at it, and no more.
type Socket = Arc<Mutex<Option<TcpStream>>>;

/// Ends the transfer when it is dropped.
pub struct CancelToken {
    running: Option<Sender<Infallible>>,
    socket: Socket,
}

/// The transfer's end of it.
pub struct Cancellation {
    /// Closed when the brake was pulled; never says anything.
    pub cancelled: Receiver<Infallible>,
    socket: Socket,
}

/// A brake that is not pulled.
pub fn new() -> (CancelToken, Cancellation) {
    let (running, pulled) = bounded(0);
    let socket = Socket::default();
    let brake = CancelToken {
        running: Some(running),
        socket: Arc::clone(&socket),
    };
    (
        brake,
        Cancellation {
            cancelled: pulled,
            socket,
        },
    )
}

impl Drop for CancelToken {
    fn drop(&mut self) {
        // In this order: a socket that is put there after the second step finds that
        // the first was done.
        self.running = None;
        let socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(socket) = &*socket {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

impl Cancellation {
    /// Whether the transfer is to end.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.try_recv() == Err(TryRecvError::Disconnected)
    }

    /// From now on the brake shuts down `stream`, and no longer the one before.
    pub fn set_socket(&self, stream: &TcpStream) {
        let copy = stream.try_clone().ok();
        *self.socket.lock().unwrap_or_else(PoisonError::into_inner) = copy;
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
    fn it_wakes_a_reader_whenever_it_is_pulled() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let connect = || TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (brake, braked) = new();
        let (early, late) = (connect(), connect());
        braked.set_socket(&early);
        assert!(!braked.is_cancelled());
        drop(brake);
        braked.set_socket(&late);
        for mut stream in [early, late] {
            assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        }
        assert!(braked.is_cancelled());
    }
}
