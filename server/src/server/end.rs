//! Ends every thread, so that whatever was said before is delivered.

use std::convert::Infallible;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use common::{Event, notice};
use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::start::Server;
use crate::limits;
use crate::link::Connection;
use crate::listeners;
use crate::post::Post;
use crate::reason::{Close, CloseReason};

/// How long sessions that are woken at last may take to write their exits.
const LAST_EXITS: Duration = Duration::from_millis(200);

impl Server {
    /// Ends every thread, in the order in which a message passes them.
    pub(super) fn stop(self) {
        let deadline = Instant::now() + limits::SHUTDOWN_TIMEOUT;
        for (address, acceptor) in &self.listeners.acceptors {
            wake_until_finished(acceptor, || listeners::wake_acceptor(*address), deadline);
        }
        for (address, receiver) in &self.listeners.receivers {
            wake_until_finished(receiver, || listeners::wake_udp_receiver(*address), deadline);
        }
        if let Some(janitor) = &self.janitor {
            await_thread(janitor, Instant::now() + limits::LOG_FLUSH_TIMEOUT);
        }
        let line = Event::Notice(notice::STOPPING).to_line();
        self.posts.send(Post::ShuttingDown(line));
        self.session_shutdown.trigger();
        let links = self.limiter.close();
        for link in &links {
            let _may_be_ending_already = link.set_close(CloseReason::Shutdown);
        }
        // Every session now waits for bytes that it will not use, or is about to
        // post its last: when none is at work any more, all has been posted.
        while !links.iter().all(|link| link.is_waiting()) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
        let farewell = Close::from(CloseReason::Shutdown).final_bytes();
        self.posts.send(Post::FinalLines(farewell));
        let parted = self.await_sessions(&links, deadline);
        self.posts.send(Post::End);
        join(self.broadcaster);
        self.listeners
            .udp_senders
            .iter()
            .for_each(|out| out.finish(deadline));
        if !parted || !disconnected_by(&self.writers_ended, deadline) {
            let told = "[SERVER] some members did not take in their last lines in time.";
            self.log.line(told);
        }
        let deadline = Instant::now() + limits::LOG_FLUSH_TIMEOUT;
        if let (Some(transcript), Some(thread)) = (self.transcript, self.transcript_thread) {
            transcript.finish(deadline);
            await_thread(&thread, deadline);
        }
        self.log.line("[SERVER] stopped.");
        // A disk that holds up the transcript takes no time from the log.
        let deadline = Instant::now() + limits::LOG_FLUSH_TIMEOUT;
        self.log.finish(deadline);
        await_thread(&self.logger, deadline);
    }

    /// Waits until all have fetched their last lines and closed their side, and
    /// says whether they have in time.
    fn await_sessions(&self, links: &[Arc<Connection>], deadline: Instant) -> bool {
        if disconnected_by(&self.sessions_ended, Instant::now() + limits::LINGER) {
            return true;
        }
        // Who says nothing and does not close is not waited for, unless it lags;
        // a talking one has its session wait.
        let silent = |link: &&Arc<Connection>| !link.is_lagging() && !link.is_done();
        links.iter().filter(silent).for_each(|link| link.interrupt_read());
        if disconnected_by(&self.sessions_ended, deadline - LAST_EXITS) {
            return true;
        }
        links.iter().for_each(|link| link.interrupt_read());
        disconnected_by(&self.sessions_ended, deadline);
        false
    }
}

/// Waits for the end that `alive` stands for, and says whether it has come.
fn disconnected_by(alive: &Receiver<Infallible>, deadline: Instant) -> bool {
    alive.recv_deadline(deadline) == Err(RecvTimeoutError::Disconnected)
}

/// A panic in the thread has been reported when it happened.
fn join(thread: JoinHandle<()>) {
    let _ = thread.join();
}

/// Gets a thread out of its waiting, again and again, as it can be in a pause, or
/// its queue can be full.
fn wake_until_finished(thread: &JoinHandle<()>, knock: impl Fn(), deadline: Instant) {
    while !thread.is_finished() && Instant::now() < deadline {
        knock();
        thread::sleep(Duration::from_millis(1));
    }
}

/// Lets a thread write the rest; one whose output is stuck is left behind.
fn await_thread(thread: &JoinHandle<()>, deadline: Instant) {
    while !thread.is_finished() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(1));
    }
}
