//! Stop: every thread ends, after all that was said before is delivered.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use common::{Event, notice};

use super::start::{ListenerThreads, Server};
use crate::accept::listeners;
use crate::broadcaster::post::{Post, ShutdownPost};
use crate::connection::Connection;
use crate::connection::close::{Close, CloseReason};
use crate::limits;

/// The time for sessions that are interrupted last to post that they leave.
const LAST_LEAVES: Duration = Duration::from_millis(200);

impl Server {
    /// Ends every thread, in the order in which a message passes them.
    pub(super) fn stop(self) {
        let deadline = Instant::now() + limits::SHUTDOWN_TIMEOUT;
        self.listeners.stop(deadline);
        for helper in &self.helpers {
            await_thread(helper, Instant::now() + limits::LOG_FLUSH_TIMEOUT);
        }
        let line = Event::Notice(notice::STOPPING).to_line();
        self.posts.send(Post::Shutdown(ShutdownPost::Begin(line)));
        self.session_shutdown.trigger();
        let connections = self.admission.close();
        for connection in &connections {
            let _first_cause_counts = connection.lifecycle.set_close(CloseReason::Shutdown);
        }
        // Every session now waits for bytes that it will not use, or is about to
        // post its last. When none is at work any more, all has been posted.
        while !connections
            .iter()
            .all(|one| one.lifecycle.has_nothing_to_post())
            && Instant::now() < deadline
        {
            thread::sleep(Duration::from_millis(1));
        }
        let final_bytes = Close::from(CloseReason::Shutdown).final_bytes();
        self.posts
            .send(Post::Shutdown(ShutdownPost::FinalBytes(final_bytes)));
        let all_left = self.await_sessions(&connections, deadline);
        self.posts.send(Post::Shutdown(ShutdownPost::End));
        // A panic in the thread was reported when it happened.
        let _ = self.broadcaster.join();
        for sender in &self.listeners.udp_senders {
            sender.finish(deadline);
        }
        if !all_left || !self.all_written.wait_until(deadline) {
            let line = "[SERVER] some members did not receive their last lines in time.";
            self.log.line(line);
        }
        let deadline = Instant::now() + limits::LOG_FLUSH_TIMEOUT;
        if let Some((transcript, thread)) = self.transcript {
            transcript.finish(deadline);
            await_thread(&thread, deadline);
        }
        self.log.line("[SERVER] stopped.");
        // A disk that delays the transcript takes no time from the log.
        let deadline = Instant::now() + limits::LOG_FLUSH_TIMEOUT;
        self.log.finish(deadline);
        await_thread(&self.logger, deadline);
    }

    /// Waits until every peer has received its last lines and closed its side.
    /// Returns `false` if some have not in time.
    fn await_sessions(&self, connections: &[Arc<Connection>], deadline: Instant) -> bool {
        let soon = Instant::now() + limits::LINGER;
        if self.all_closed.wait_until(soon) {
            return true;
        }
        // A silent peer that does not close is not waited for, unless it lags. The
        // session of a peer that still sends waits by itself.
        for connection in connections {
            if !connection.is_lagging() && !connection.lifecycle.is_done() {
                connection.interrupt_read();
            }
        }
        if self.all_closed.wait_until(deadline - LAST_LEAVES) {
            return true;
        }
        connections.iter().for_each(|one| one.interrupt_read());
        self.all_closed.wait_until(deadline);
        false
    }
}

impl ListenerThreads {
    /// Ends the threads at which peers arrive.
    fn stop(&self, deadline: Instant) {
        for (address, acceptor) in &self.acceptors {
            let wake = || listeners::wake_acceptor(*address);
            wake_until_finished(acceptor, wake, deadline);
        }
        if let Some(starter) = &self.starter {
            await_thread(starter, deadline);
        }
        for (address, receiver) in &self.receivers {
            let wake = || listeners::wake_udp_receiver(*address);
            wake_until_finished(receiver, wake, deadline);
        }
    }
}

/// Wakes a thread again and again until it has ended, because it can be in a pause,
/// or its queue can be full.
fn wake_until_finished(thread: &JoinHandle<()>, wake: impl Fn(), deadline: Instant) {
    while !thread.is_finished() && Instant::now() < deadline {
        wake();
        thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until a thread has written the rest. One whose output is stuck is left.
fn await_thread(thread: &JoinHandle<()>, deadline: Instant) {
    while !thread.is_finished() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(1));
    }
}
