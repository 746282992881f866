//! Ends every thread, so that whatever was said before is delivered.

use std::convert::Infallible;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use common::{Event, notice};
use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::start::Server;
use crate::limits;
use crate::link::Link;
use crate::listeners;
use crate::post::Post;
use crate::reason::{Ending, Reason};

/// How long sessions that are woken at last may take to write their exits.
const LAST_EXITS: Duration = Duration::from_millis(200);

impl Server {
    /// Ends every thread, in the order in which a message passes them.
    pub(super) fn end(self) {
        let deadline = Instant::now() + limits::STOPPING;
        for (address, acceptor) in &self.arrivals.acceptors {
            wake(acceptor, || listeners::knock(*address), deadline);
        }
        for (address, receiver) in &self.arrivals.receivers {
            wake(receiver, || listeners::nudge(*address), deadline);
        }
        if let Some(janitor) = &self.janitor {
            finish(janitor, Instant::now() + limits::LAST_LOG);
        }
        let line = Event::Notice(notice::STOPPING).to_line();
        self.posts.send(Post::Stopping(line));
        self.session_stopper.raise();
        let links = self.door.close();
        for link in &links {
            let _may_be_ending_already = link.conclude(Reason::Shutdown);
        }
        // Every session now waits for bytes that it will not use, or is about to
        // post its last: when none is at work any more, all has been posted.
        while !links.iter().all(|link| link.is_resting()) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
        let farewell = Ending::from(Reason::Shutdown).farewell();
        self.posts.send(Post::Farewell(farewell));
        let parted = self.part(&links, deadline);
        self.posts.send(Post::End);
        join(self.broadcaster);
        self.arrivals
            .outgoing
            .iter()
            .for_each(|out| out.end(deadline));
        if !parted || !ends(&self.writers_ended, deadline) {
            let told = "[SERVER] some members did not take in their last lines in time.";
            self.log.line(told);
        }
        let deadline = Instant::now() + limits::LAST_LOG;
        if let (Some(transcript), Some(thread)) = (self.transcript, self.transcriber) {
            transcript.end(deadline);
            finish(&thread, deadline);
        }
        self.log.line("[SERVER] stopped.");
        // A disk that holds up the transcript takes no time from the log.
        let deadline = Instant::now() + limits::LAST_LOG;
        self.log.end(deadline);
        finish(&self.logger, deadline);
    }

    /// Waits until all have fetched their last lines and closed their side, and
    /// says whether they have in time.
    fn part(&self, links: &[Arc<Link>], deadline: Instant) -> bool {
        if ends(&self.sessions_ended, Instant::now() + limits::LINGER) {
            return true;
        }
        // Who says nothing and does not close is not waited for, unless it lags;
        // a talking one has its session wait.
        let silent = |link: &&Arc<Link>| !link.is_lagging() && !link.has_left();
        links.iter().filter(silent).for_each(|link| link.wake());
        if ends(&self.sessions_ended, deadline - LAST_EXITS) {
            return true;
        }
        links.iter().for_each(|link| link.wake());
        ends(&self.sessions_ended, deadline);
        false
    }
}

/// Waits for the end that `alive` stands for, and says whether it has come.
fn ends(alive: &Receiver<Infallible>, deadline: Instant) -> bool {
    alive.recv_deadline(deadline) == Err(RecvTimeoutError::Disconnected)
}

/// A panic in the thread has been reported when it happened.
fn join(thread: JoinHandle<()>) {
    let _ = thread.join();
}

/// Gets a thread out of its waiting, again and again, as it can be in a pause, or
/// its queue can be full.
fn wake(thread: &JoinHandle<()>, knock: impl Fn(), deadline: Instant) {
    while !thread.is_finished() && Instant::now() < deadline {
        knock();
        thread::sleep(Duration::from_millis(1));
    }
}

/// Lets a thread write the rest; one whose output is stuck is left behind.
fn finish(thread: &JoinHandle<()>, deadline: Instant) {
    while !thread.is_finished() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(1));
    }
}
