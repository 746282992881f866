//! Delay proxy: a slow network between one client and the server.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Starts a proxy for one connection. It passes all bytes on to `server` and back, each
/// `delay` later. Returns its address.
pub fn start_delay_proxy(server: SocketAddr, delay: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        let (client, _) = listener.accept().expect("a client");
        let server = TcpStream::connect(server).expect("the server");
        pass_on(&client, &server, delay);
        pass_on(&server, &client, delay);
    });
    address
}

/// Starts the two threads of one direction: one reads, and one waits and writes.
fn pass_on(from: &TcpStream, to: &TcpStream, delay: Duration) {
    let mut from = from.try_clone().expect("a copy of a socket");
    let mut to = to.try_clone().expect("a copy of a socket");
    let (sender, chunks) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = [0; 64 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            let chunk = (Instant::now() + delay, buffer[..count].to_vec());
            if sender.send(chunk).is_err() {
                return;
            }
        }
    });
    thread::spawn(move || {
        for (due, chunk) in chunks {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&chunk).is_err() {
                break;
            }
        }
        to.shutdown(Shutdown::Both).ok();
    });
}
