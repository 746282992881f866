//! Linger: the last second of a connection, so that its peer receives the last line.

use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};

use crate::connection::ReadHalf;
use crate::limits;

/// Reads on until the peer closes its side too, or until its time is up. A close with
/// unread input would send a reset, which may overtake the last line.
///
/// A peer that still sends, or lags, may take longer, but at most `max`.
pub fn linger(read_half: &mut ReadHalf, max: Duration) {
    let begin = Instant::now();
    let mut last_activity = begin;
    let mut unread = [0; 1024];
    let timeout = limits::LINGER.min(max);
    while begin.elapsed() < max && last_activity.elapsed() < limits::LINGER {
        if read_half.set_timeout(Some(timeout)).is_err() {
            return;
        }
        match read_half.read(&mut unread) {
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                if read_half.is_lagging() {
                    last_activity = Instant::now();
                }
            }
            Ok(0) | Err(_) => return,
            Ok(_) => last_activity = Instant::now(),
        }
    }
}
