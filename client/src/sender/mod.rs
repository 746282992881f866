//! The sender: from input lines to lines on the connection.
//!
//! It owns the only half of the connection that can be written, so it needs no lock. It
//! waits for several things at once: an input line, the time of a heartbeat or of a
//! confirmation, an update from the receiver, a quit request, an event from a transfer and
//! the time to draw its progress. It does not wait for the screen.
//!
//! Thread: the main thread.
//!
//! Writes: to the connection.
//! Locks: nothing.
//! Blocks: in `select!`, and in writes, each for at most 250 ms.

mod actions;
mod goodbye;
mod heartbeat;
mod state;
mod tickets;
mod updates;
pub mod window;

use std::io::Write;

use crossbeam_channel::{Receiver, never, select, tick};

use crate::conversation::Conversation;
use crate::exit::Exit;
use state::SenderEnd;
pub use state::{ConnectionEnd, Sender, SenderConnection};

impl<W: Write> Sender<W> {
    /// Sends the input, with a heartbeat at once and then at regular intervals, until
    /// the connection ends. Returns how it ended, and the conversation. The transfers are
    /// closed if the user has left.
    pub fn run(mut self) -> (ConnectionEnd, Conversation) {
        // The ticker keeps its rhythm however long a step takes.
        let heartbeat = tick(self.conversation.heartbeat);
        let mut outcome = self.send_first_heartbeat();
        while outcome.is_ok() {
            outcome = self.step(&heartbeat);
        }
        let end = self.finish(outcome.err().unwrap_or(SenderEnd::Done));
        (end, self.conversation)
    }

    /// Ends the session in the way that suits the reason.
    fn finish(&mut self, end: SenderEnd) -> ConnectionEnd {
        match end {
            SenderEnd::Done => {
                self.conversation.transfers.close();
                ConnectionEnd::Left(self.say_goodbye())
            }
            SenderEnd::QuitRequested(request) => ConnectionEnd::Left(self.quit_now(request)),
            SenderEnd::Ended(end) => ConnectionEnd::Ended(end.into()),
            SenderEnd::WriteFailed(why) => ConnectionEnd::Ended(self.await_last_messages(why)),
            SenderEnd::ReceiverGone => {
                let why = "the receiver thread has failed".to_string();
                ConnectionEnd::Ended(Exit::Failed(why))
            }
        }
    }

    /// Sends what may be sent, or else waits for the next event and handles it.
    fn step<T>(&mut self, heartbeat: &Receiver<T>) -> Result<(), SenderEnd> {
        if self.window.needs_heartbeat() {
            self.send_heartbeat()?;
        }
        if self.conversation.queue.has_unsent() {
            if self.is_open() {
                return self.send_next();
            }
        } else if let Some(request) = self.conversation.transfers.tickets.next_held() {
            return self.request_ticket(request);
        }
        if self.conversation.is_done() {
            return Err(SenderEnd::Done);
        }
        self.wait(heartbeat)
    }

    /// Returns `true` if a line may be sent, as far as the server is concerned.
    fn is_open(&self) -> bool {
        self.window.is_open() && self.conversation.queue.is_open()
    }

    /// Waits for the next event, and handles it.
    ///
    /// While the window or the screen is full, input lines wait in their channel: `select!`
    /// uses a channel that carries nothing in its place. Tickets wait for all lines before
    /// them.
    fn wait<T>(&mut self, heartbeat: &Receiver<T>) -> Result<(), SenderEnd> {
        let (no_input, no_events, no_timer) = (never(), never(), never());
        let has_unsent = self.conversation.queue.has_unsent();
        let Conversation {
            input,
            transfers,
            screen,
            ..
        } = &self.conversation;
        let takes_input = !has_unsent && !self.conversation.input_ended;
        // Asked once, or else room that comes in between would not be noticed.
        let retry = screen.retry();
        let input = if takes_input && self.is_open() && retry.is_none() {
            input
        } else {
            &no_input
        };
        let events = if has_unsent {
            &no_events
        } else {
            &transfers.events
        };
        let confirmation_due = self.confirmation_due.as_ref().unwrap_or(&no_timer);
        let retry = retry.as_ref().unwrap_or(&no_timer);
        let probe_answer_due = self.probe_answer_due.as_ref().unwrap_or(&no_timer);
        select! {
            recv(input) -> line => match line {
                Ok(line) => self.handle_input(line),
                Err(_) => self.on_input_end(),
            },
            recv(heartbeat) -> _ => self.send_heartbeat(),
            recv(confirmation_due) -> _ => self.send_heartbeat(),
            recv(probe_answer_due) -> _ => self.send_heartbeat(),
            // The next step looks again.
            recv(retry) -> _ => Ok(()),
            recv(events) -> event => event.map_or(Ok(()), |event| self.handle_event(event)),
            recv(transfers.redraw) -> _ => {
                self.conversation.transfers.show_progress();
                Ok(())
            }
            recv(self.conversation.quit_requests) -> request => {
                Err(request.map_or(SenderEnd::Done, SenderEnd::QuitRequested))
            }
            recv(self.connection.updates) -> update => {
                self.handle_update(update.map_err(|_| SenderEnd::ReceiverGone)?)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::goodbye::LAST_MESSAGES_TIMEOUT;
    use super::state::GOODBYE_TIMEOUT;
    use super::*;
    use crate::connection::{ConnectionInfo, QUIT_UNANSWERED};
    use crate::input::stdin::{InputLine, InputSource};
    use crate::quit::QuitRequest;
    use crate::receiver::{LastMessage, ServerUpdate, SessionEnd};
    use crate::screen::{Line, Screen, ScreenUpdate};
    use common::{Capabilities, HEARTBEAT, HEARTBEAT_OPT_IN};
    use crossbeam_channel::{Sender as Channel, unbounded};
    use std::io::{self, ErrorKind};
    use std::thread;
    use std::time::{Duration, Instant};

    const LONG: Duration = Duration::from_secs(3600);

    /// The other ends of a sender's channels.
    struct Channels {
        input: Channel<InputLine>,
        quit_requests: Channel<QuitRequest>,
        updates: Channel<ServerUpdate>,
        screen: Receiver<ScreenUpdate>,
    }

    /// Makes the sender of a server that has granted `words`.
    fn granted<W: Write>(words: &str, writer: W, source: InputSource) -> (Sender<W>, Channels) {
        let (screen, screen_updates) = Screen::recording();
        let (input_sender, input) = unbounded();
        let (quit_sender, quit_requests) = unbounded();
        let (update_sender, updates) = unbounded();
        let channels = Channels {
            input: input_sender,
            quit_requests: quit_sender,
            updates: update_sender,
            screen: screen_updates,
        };
        let granted = Capabilities::parse(words);
        let mut conversation = Conversation::for_tests(source, input, quit_requests, screen);
        conversation.begin(granted);
        channels.screen.try_iter().for_each(drop);
        let connection = SenderConnection {
            writer,
            info: ConnectionInfo::default(),
            granted,
            updates,
        };
        (Sender::new(connection, conversation), channels)
    }

    fn sender<W: Write>(writer: W, source: InputSource) -> (Sender<W>, Channels) {
        granted("", writer, source)
    }

    fn left(exit: Exit) -> ConnectionEnd {
        ConnectionEnd::Left(exit)
    }

    fn ended(exit: Exit) -> ConnectionEnd {
        ConnectionEnd::Ended(exit)
    }

    fn line(text: &str) -> InputLine {
        InputLine::Line(text.to_string())
    }

    #[test]
    fn input_lines_are_sent_in_order_and_shown_as_ours() {
        let mut out = Vec::new();
        let (sender, channels) = sender(&mut out, InputSource::Terminal);
        for text in ["hi", "", "/who", "//x", "/quit", "not this"] {
            channels.input.send(line(text)).unwrap();
        }
        // The answer to `q:quit` must not be ready before the lines are sent, because
        // `select!` takes any channel that is ready.
        let updates = channels.updates.clone();
        let answer = thread::spawn(move || {
            while channels.input.len() > 1 {
                thread::yield_now();
            }
            let end = SessionEnd::Quit(LastMessage::None);
            updates.send(ServerUpdate::Ended(end)).unwrap();
            channels.screen
        });
        assert_eq!(sender.run().0, left(Exit::Left));
        let shown: Vec<ScreenUpdate> = answer.join().unwrap().iter().collect();
        assert_eq!(out, b"\nhi\n/who\n//x\nq:quit\n");
        let own = |line: &str| ScreenUpdate::Line(Line::Own(line.to_string()));
        assert_eq!(shown, [own("ann: hi"), own("ann: /x")]);
    }

    /// A writer that takes this many bytes, and then has no room.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.0);
            self.0 -= taken;
            match taken {
                0 => Err(ErrorKind::WouldBlock.into()),
                taken => Ok(taken),
            }
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_server_that_does_not_read_cannot_block_a_quit_request() {
        let (sender, channels) = sender(Full(3), InputSource::Terminal);
        channels.input.send(line("hello")).unwrap();
        let waiting = thread::spawn(move || sender.run().0);
        while !channels.input.is_empty() {
            thread::yield_now();
        }
        channels.quit_requests.send(QuitRequest::Signal).unwrap();
        // Without this end it would wait for an answer.
        let end = ServerUpdate::Ended(SessionEnd::TimedOut(LONG));
        channels.updates.send(end).unwrap();
        assert_eq!(waiting.join().unwrap(), left(Exit::Interrupted));
    }

    #[test]
    fn a_write_that_fails_waits_for_the_last_messages() {
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (stopped, channels) = sender(Broken, InputSource::Terminal);
        let end = SessionEnd::Quit(LastMessage::Stopping);
        channels.updates.send(ServerUpdate::Ended(end)).unwrap();
        assert_eq!(stopped.run().0, ended(Exit::Stopped));

        let (silent, _channels) = sender(Broken, InputSource::Terminal);
        let start = Instant::now();
        let lost = Exit::Lost("broken pipe".to_string());
        assert_eq!(silent.run().0, ended(lost));
        assert!(start.elapsed() >= LAST_MESSAGES_TIMEOUT);
    }

    #[test]
    fn a_pipe_requires_an_orderly_end_and_a_terminal_does_not() {
        let lost = Exit::Lost("no line received for 3600 s".to_string());
        for (source, expected) in [
            (InputSource::Terminal, Exit::Left),
            (InputSource::Pipe, lost),
        ] {
            let (mut sender, channels) = sender(Vec::new(), source);
            drop(channels.input);
            let leaving = thread::spawn(move || sender.say_goodbye());
            let end = ServerUpdate::Ended(SessionEnd::TimedOut(LONG));
            channels.updates.send(end).unwrap();
            assert_eq!(leaving.join().unwrap(), expected);
        }
    }

    /// Makes the sender of a pipe with the shortest timeout, [`GOODBYE_TIMEOUT`].
    fn with_short_timeout<W: Write>(writer: W) -> (Sender<W>, Channels) {
        let (mut sender, channels) = sender(writer, InputSource::Pipe);
        sender.conversation.heartbeat = Duration::ZERO;
        (sender, channels)
    }

    #[test]
    fn only_answers_to_heartbeats_extend_the_wait_for_delivery() {
        let (mut sender, channels) = with_short_timeout(Vec::new());
        sender.window.record_heartbeat();
        let start = Instant::now();
        let leaving = thread::spawn(move || (sender.say_goodbye(), start.elapsed()));
        // The first counts, the others answer nothing.
        for _ in 0..3 {
            thread::sleep(GOODBYE_TIMEOUT / 2);
            let _ = channels.updates.send(ServerUpdate::Heartbeat);
        }
        let (exit, waited) = leaving.join().unwrap();
        assert_eq!(exit, Exit::Lost(QUIT_UNANSWERED.to_string()));
        let waited = waited.as_secs_f32() / GOODBYE_TIMEOUT.as_secs_f32();
        assert!((1.5..2.0).contains(&waited), "{waited} times its timeout");
    }

    #[test]
    fn a_server_that_has_stopped_reading_is_lost() {
        let (mut sender, _channels) = with_short_timeout(Full(0));
        let start = Instant::now();
        let lost = Exit::Lost("the server has stopped reading".to_string());
        assert_eq!(sender.say_goodbye(), lost);
        assert!(start.elapsed() >= GOODBYE_TIMEOUT);
    }

    #[test]
    fn a_new_name_does_not_answer_a_heartbeat() {
        let (mut sender, channels) = with_short_timeout(Vec::new());
        sender.window.record_heartbeat();
        let renamed = ServerUpdate::Renamed("rob".parse().unwrap());
        channels.updates.send(renamed).unwrap();
        let (_keep, timeout) = unbounded::<()>();
        channels.updates.send(ServerUpdate::Heartbeat).unwrap();
        assert!(matches!(sender.wait_for_answer(&timeout), Ok(true)));
        assert!(channels.updates.is_empty(), "the answer is still there");
    }

    #[test]
    fn a_reply_is_completed_by_the_screen() {
        let (mut sender, channels) = sender(Vec::new(), InputSource::Terminal);
        assert!(sender.handle_input(line("/r yes")).is_ok());
        let shown: Vec<ScreenUpdate> = channels.screen.try_iter().collect();
        assert_eq!(shown, [ScreenUpdate::Reply("yes".to_string())]);
        assert_eq!(sender.connection.writer, b"/r yes\n");
    }

    #[test]
    fn a_confirmation_answers_a_heartbeat_but_not_that_of_resuming() {
        let (mut sender, _channels) = granted("id", Vec::new(), InputSource::Terminal);
        assert!(sender.handle_input(line("hi")).is_ok());
        sender.conversation.resume();
        sender.window.record_heartbeat();
        assert!(!sender.answers_heartbeat(&ServerUpdate::Ack(0)));
        assert!(sender.answers_heartbeat(&ServerUpdate::Ack(0)));
        assert!(!sender.answers_heartbeat(&ServerUpdate::Ack(1)));
        assert!(sender.conversation.queue.unconfirmed_said().is_empty());
        assert!(
            !sender.answers_heartbeat(&ServerUpdate::Heartbeat),
            "a probe"
        );
    }

    #[test]
    fn a_heartbeat_is_due_after_the_first_line_that_is_not_confirmed() {
        let (mut sender, _channels) = granted("id", Vec::new(), InputSource::Terminal);
        assert!(sender.confirmation_due.is_none());
        assert!(sender.handle_input(line("one")).is_ok());
        let timer = sender.confirmation_due.clone().unwrap();
        assert!(sender.handle_input(line("two")).is_ok());
        assert!(timer.same_channel(sender.confirmation_due.as_ref().unwrap()));
        assert!(sender.send_heartbeat().is_ok());
        assert!(sender.confirmation_due.is_none());
        assert_eq!(sender.connection.writer, b"/seq 1 one\n/seq 2 two\n\n");
    }

    #[test]
    fn probes_in_a_row_share_an_answer_that_follows_the_last() {
        let (mut sender, _channels) = granted("id", Vec::new(), InputSource::Terminal);
        for _ in 0..9 {
            assert!(sender.handle_update(ServerUpdate::Heartbeat).is_ok());
        }
        assert_eq!(sender.connection.writer, b"\n");
        assert!(sender.probe_answer_due.clone().unwrap().recv().is_ok());
        assert!(sender.send_heartbeat().is_ok());
        assert_eq!(sender.connection.writer, b"\n\n");
        assert!(sender.probe_answer_due.is_none());
    }

    #[test]
    fn a_promise_that_was_granted_is_not_given_again() {
        let words = "id heartbeat";
        let (mut sender, _channels) = granted(words, Vec::new(), InputSource::Terminal);
        sender.conversation.heartbeat = HEARTBEAT;
        assert!(sender.send_first_heartbeat().is_ok());
        assert_eq!(sender.connection.writer, b"\n");
    }

    #[test]
    fn the_first_heartbeat_opts_in_only_if_others_follow() {
        let more = HEARTBEAT + Duration::from_millis(1);
        for (heartbeat, expected) in [(HEARTBEAT, HEARTBEAT_OPT_IN), (more, "")] {
            let (mut sender, _channels) = sender(Vec::new(), InputSource::Pipe);
            sender.conversation.heartbeat = heartbeat;
            assert!(sender.send_first_heartbeat().is_ok());
            assert_eq!(
                sender.connection.writer,
                format!("{expected}\n").into_bytes()
            );
        }
    }
}
