//! Turns typed lines into lines on the socket: the sending loop.
//!
//! It owns the only half of the socket that can be written, so no lock is
//! needed. It waits for five things at once and knows none of the threads they
//! come from: a typed line, the clock's beat, news from the receiver, a wish to
//! leave that was not typed, and what the transfers of files have to say.

pub mod goodbye;
mod heartbeat;
mod tickets;
mod updates;
pub mod window;

use std::io::{ErrorKind, Write};
use std::time::{Duration, Instant};

use common::{MAX_MISSED_HEARTBEATS, Name, QUIT};
use crossbeam_channel::{Receiver, never, select, tick};

use crate::connection::{ConnectionInfo, NO_STATS, describe, is_tick};
use crate::exit::Exit;
use crate::input::action::{self, LocalEcho, UserAction};
use crate::input::stdin::{InputLine, InputSource};
use crate::quit::QuitRequest;
use crate::receiver::{ServerUpdate, SessionEnd};
use crate::screen::{Screen, ScreenUpdate};
use crate::sender::window::SendWindow;
use crate::transfers::TransferManager;

/// How long one who leaves waits for the server's `q:quit`. A pipe waits for
/// longer, see `wait_for_arrival`: what it said must have arrived.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(5);

/// What the sender listens to.
pub struct Sources {
    /// Typed lines; closed at the end of the input.
    pub input: Receiver<InputLine>,
    /// Wishes to leave that are not typed.
    pub quit_requests: Receiver<QuitRequest>,
    /// What the receiver has to tell.
    pub updates: Receiver<ServerUpdate>,
    /// The transfers of files.
    pub transfers: TransferManager,
}

/// The sending side of a conversation.
pub struct Sender<W> {
    out: W,
    name: Name,
    source: InputSource,
    heartbeat: Duration,
    info: ConnectionInfo,
    screen: Screen,
    sources: Sources,
    window: SendWindow,
    /// The line by which we leave.
    quit_line: String,
    /// When we last answered that we are here.
    last_probe_answer: Option<Instant>,
    /// Whether there is nothing more to type.
    input_ended: bool,
}

/// Why the loop has ended.
enum Stop {
    /// The person typed it, or the input ended.
    Done,
    /// Something else asked for it.
    QuitRequested(QuitRequest),
    /// The receiver says that it is over.
    Ended(SessionEnd),
    /// The connection takes no more lines, for this reason.
    WriteFailed(String),
    /// The receiver is gone without a word, which only a bug can bring about.
    ReceiverGone,
}

impl<W: Write> Sender<W> {
    /// Makes the sender of `name`, which writes to `out`, on those `terms`, and
    /// shows each `heartbeat` that it is there.
    pub fn new(
        out: W,
        name: Name,
        source: InputSource,
        heartbeat: Duration,
        info: ConnectionInfo,
        screen: Screen,
        sources: Sources,
    ) -> Sender<W> {
        Sender {
            out,
            name,
            source,
            heartbeat,
            window: SendWindow::new(info.transport),
            info,
            screen,
            sources,
            quit_line: QUIT.to_string(),
            last_probe_answer: None,
            input_ended: false,
        }
    }

    /// Sends what is typed, with a heartbeat at once and then steadily, until
    /// the conversation is over, and says how it ended.
    pub fn run(mut self) -> Exit {
        // The ticker keeps its rhythm however long one turn of the loop takes,
        // and the server knows us by that rhythm.
        let beat = tick(self.heartbeat);
        let mut done = self.send_first_heartbeat();
        while done.is_ok() {
            done = self.step(&beat);
        }
        self.sources.transfers.close();
        let fault = self
            .sources
            .transfers
            .exit()
            .filter(|_| self.source == InputSource::None);
        let ending = self.finish(done);
        match (&ending, fault) {
            // It was for that file alone that we came.
            (Exit::Left | Exit::Interrupted, Some(fault)) => fault,
            _ => ending,
        }
    }

    /// Ends the conversation in the way that suits the reason.
    fn finish(self, done: Result<(), Stop>) -> Exit {
        match done.err().unwrap_or(Stop::Done) {
            Stop::Done => self.say_goodbye(),
            Stop::QuitRequested(leave) => self.quit_now(leave),
            Stop::Ended(over) => over.into(),
            Stop::WriteFailed(why) => self.await_last_messages(why),
            Stop::ReceiverGone => Exit::Failed("the receiver thread has failed".to_string()),
        }
    }

    /// Waits for the next thing to happen, and deals with it.
    fn step<T>(&mut self, beat: &Receiver<T>) -> Result<(), Stop> {
        if self.window.needs_heartbeat() {
            self.send_heartbeat()?;
        }
        if self.input_ended && self.sources.transfers.is_idle() {
            return Err(Stop::Done);
        }
        // While the window is full, typed lines wait where they are: `select!`
        // listens to a channel that never says anything in their place.
        let held_back = never();
        let typed = if self.window.is_open() && !self.input_ended {
            &self.sources.input
        } else {
            &held_back
        };
        select! {
            recv(typed) -> typed => match typed {
                Ok(typed) => self.handle_input(typed),
                Err(_) => self.on_input_end(),
            },
            recv(beat) -> _ => self.send_heartbeat(),
            recv(self.sources.transfers.events) -> event => event.map_or(Ok(()), |it| self.handle_event(it)),
            recv(self.sources.transfers.redraw) -> _ => {
                self.sources.transfers.show_progress();
                Ok(())
            }
            recv(self.sources.quit_requests) -> leave => Err(leave.map_or(Stop::Done, Stop::QuitRequested)),
            recv(self.sources.updates) -> news => self.handle_update(news.map_err(|_| Stop::ReceiverGone)?),
        }
    }

    /// A person who ends the input wants to leave; a script wants what it has asked
    /// for, so its files are waited for.
    fn on_input_end(&mut self) -> Result<(), Stop> {
        if self.source == InputSource::Terminal || self.sources.transfers.is_idle() {
            return Err(Stop::Done);
        }
        self.input_ended = true;
        Ok(())
    }

    /// Does what was typed. What cannot be sent is told at once, and costs
    /// nothing but itself.
    fn handle_input(&mut self, typed: InputLine) -> Result<(), Stop> {
        let transport = self.info.transport;
        let wish = match typed {
            InputLine::Line(line) => action::parse(&line, &self.name, transport),
            InputLine::TooLong => UserAction::TooLong,
            InputLine::NotUtf8 => UserAction::NotUtf8,
        };
        match wish {
            UserAction::Nothing => {}
            UserAction::Quit => return Err(Stop::Done),
            UserAction::TooLong => self.screen.warn(action::too_long(transport)),
            UserAction::NotUtf8 => self.screen.warn(action::NOT_UTF8.to_string()),
            UserAction::ShowStats => self.show_stats(),
            UserAction::QuitWith(line) => {
                self.quit_line = line;
                return Err(Stop::Done);
            }
            UserAction::Show(shown) => self.show(shown),
            UserAction::File(order) => self.sources.transfers.run_command(order),
            UserAction::Send {
                line: wire,
                echo: shown,
            } => return self.send(&wire, shown),
        }
        Ok(())
    }

    /// Tells what was lost, where anything can be.
    fn show_stats(&self) {
        match &self.info.stats {
            Some(counts) => {
                let told = counts.snapshot().lines();
                told.into_iter().for_each(|line| self.screen.warn(line));
            }
            None => self.screen.warn(NO_STATS.to_string()),
        }
    }

    /// Sends one line and shows it, in this order: what is on the screen has
    /// been handed to the system at least.
    fn send(&mut self, wire: &str, shown: Option<LocalEcho>) -> Result<(), Stop> {
        self.write_line(wire)?;
        self.window.record_line();
        // The server does not send us what we said: we show it ourselves.
        if let Some(shown) = shown {
            self.show(shown);
        }
        Ok(())
    }

    fn show(&self, shown: LocalEcho) {
        match shown {
            LocalEcho::Line(lines) => {
                for line in lines.lines() {
                    self.screen.show_own(line.to_string());
                }
            }
            LocalEcho::Reply(text) => self.screen.show(ScreenUpdate::Reply(text)),
        }
    }

    /// Writes one line with its newline, in whatever pieces the connection
    /// takes it, until somebody wants to leave, or patience ends: a server that
    /// has stopped reading must not keep us, however much it says.
    fn write_line(&mut self, line: &str) -> Result<(), Stop> {
        let bytes = format!("{line}\n").into_bytes();
        let mut rest = bytes.as_slice();
        let mut last_taken = Instant::now();
        while !rest.is_empty() {
            match self.out.write(rest) {
                Ok(0) => return Err(Stop::WriteFailed("it takes no more".to_string())),
                // A socket takes what it has room for, which may be half a line.
                Ok(count) => {
                    rest = rest.get(count..).unwrap_or_default();
                    last_taken = Instant::now();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_tick(&error) && last_taken.elapsed() < self.timeout() => {
                    self.check_quit()?;
                }
                Err(error) if is_tick(&error) => {
                    return Err(Stop::WriteFailed(
                        "the server has stopped reading".to_string(),
                    ));
                }
                Err(error) => return Err(Stop::WriteFailed(describe(&error))),
            }
        }
        Ok(())
    }

    /// Looked at while the socket is full, when `select!` is out of reach.
    fn check_quit(&self) -> Result<(), Stop> {
        match self.sources.quit_requests.try_recv() {
            Ok(leave) => Err(Stop::QuitRequested(leave)),
            Err(_) => Ok(()),
        }
    }

    /// How long the server may take nothing, or acknowledge nothing: normally
    /// the 90 s that it may be silent. With its ten lines a second it needs 3 s
    /// for the window between two heartbeats, so a quick one sets no less.
    fn timeout(&self) -> Duration {
        GOODBYE_TIMEOUT.max(self.heartbeat * MAX_MISSED_HEARTBEATS)
    }
}

#[cfg(test)]
mod tests {
    use super::goodbye::{LAST_MESSAGES_TIMEOUT, QUIT_UNANSWERED};
    use super::*;
    use crate::receiver::LastMessage;
    use crate::screen::{self, Line};
    use crate::transfers::TransferConfig;
    use common::{HEARTBEAT, HEARTBEAT_OPT_IN};
    use crossbeam_channel::{Sender as Way, unbounded};
    use std::io;

    /// The ways to a sender, and what it shows.
    struct Ways {
        typed: Way<InputLine>,
        leave: Way<QuitRequest>,
        news: Way<ServerUpdate>,
        shown: Receiver<ScreenUpdate>,
    }

    fn sender<W: Write>(out: W, input: InputSource) -> (Sender<W>, Ways) {
        let (screen, shown) = screen::recording();
        let (typed_way, typed) = unbounded();
        let (leave_way, leave) = unbounded();
        let (news_way, news) = unbounded();
        let files = TransferManager::new(TransferConfig::default(), screen.clone());
        let sources = Sources {
            input: typed,
            quit_requests: leave,
            updates: news,
            transfers: files,
        };
        let ways = Ways {
            typed: typed_way,
            leave: leave_way,
            news: news_way,
            shown,
        };
        let name = "ann".parse().unwrap();
        let terms = ConnectionInfo::default();
        let sender = Sender::new(out, name, input, LONG, terms, screen, sources);
        (sender, ways)
    }

    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn typed_lines_go_out_in_order_and_are_shown_as_ours() {
        let mut out = Vec::new();
        let (sender, ways) = sender(&mut out, InputSource::Terminal);
        for line in ["hi", "", "/who", "//x", "/quit", "not this"] {
            ways.typed.send(InputLine::Line(line.to_string())).unwrap();
        }
        // The answer to `q:quit` would come later; here it waits already, but
        // a sender that has typed lines to choose from may see it first.
        let news = ways.news.clone();
        let answer = std::thread::spawn(move || {
            while ways.typed.len() > 1 {
                std::thread::yield_now();
            }
            let over = SessionEnd::Quit(LastMessage::None);
            news.send(ServerUpdate::Ended(over)).unwrap();
            ways.shown
        });
        assert_eq!(sender.run(), Exit::Left);
        let shown: Vec<ScreenUpdate> = answer.join().unwrap().iter().collect();
        assert_eq!(out, b"\nhi\n/who\n//x\nq:quit\n");
        let own = |line: &str| ScreenUpdate::Line(Line::Own(line.to_string()));
        assert_eq!(shown, [own("ann: hi"), own("ann: /x")]);
    }

    /// Takes the first bytes, and then says each time that it has no room.
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
    fn a_server_that_does_not_read_cannot_keep_anybody() {
        let (sender, ways) = sender(Full(3), InputSource::Terminal);
        ways.typed
            .send(InputLine::Line("hello".to_string()))
            .unwrap();
        let waiting = std::thread::spawn(move || sender.run());
        while !ways.typed.is_empty() {
            std::thread::yield_now();
        }
        ways.leave.send(QuitRequest::Signal).unwrap();
        // It would wait 5 s for an answer; the end of the receiver will do.
        ways.news
            .send(ServerUpdate::Ended(SessionEnd::TimedOut(LONG)))
            .unwrap();
        assert_eq!(waiting.join().unwrap(), Exit::Interrupted);
    }

    #[test]
    fn a_write_that_fails_waits_for_the_last_words() {
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (told, ways) = sender(Broken, InputSource::Terminal);
        let over = SessionEnd::Quit(LastMessage::Stopping);
        ways.news.send(ServerUpdate::Ended(over)).unwrap();
        assert_eq!(told.run(), Exit::Stopped);

        let (silent, _ways) = sender(Broken, InputSource::Terminal);
        let before = Instant::now();
        assert_eq!(silent.run(), Exit::Lost("broken pipe".to_string()));
        assert!(before.elapsed() >= LAST_MESSAGES_TIMEOUT);
    }

    #[test]
    fn a_pipe_is_not_content_with_a_connection_that_breaks() {
        for (input, expected) in [
            (InputSource::Terminal, Exit::Left),
            (
                InputSource::Pipe,
                Exit::Lost("nothing was heard for 3600 s".to_string()),
            ),
        ] {
            let (sender, ways) = sender(Vec::new(), input);
            drop(ways.typed);
            let leaving = std::thread::spawn(move || sender.say_goodbye());
            ways.news
                .send(ServerUpdate::Ended(SessionEnd::TimedOut(LONG)))
                .unwrap();
            assert_eq!(leaving.join().unwrap(), expected);
        }
    }

    /// A sender of a pipe whose patience is [`FAREWELL`], the shortest.
    fn impatient<W: Write>(out: W) -> (Sender<W>, Ways) {
        let (mut sender, ways) = sender(out, InputSource::Pipe);
        sender.heartbeat = Duration::ZERO;
        (sender, ways)
    }

    #[test]
    fn only_answers_that_were_asked_for_extend_the_wait_for_arrival() {
        let (mut sender, ways) = impatient(Vec::new());
        sender.window.record_heartbeat();
        let start = Instant::now();
        let leaving = std::thread::spawn(move || (sender.say_goodbye(), start.elapsed()));
        // The first of them counts, the others answer nothing.
        for _ in 0..3 {
            std::thread::sleep(GOODBYE_TIMEOUT / 2);
            let _ = ways.news.send(ServerUpdate::Heartbeat);
        }
        let (ending, waited) = leaving.join().unwrap();
        assert_eq!(ending, Exit::Lost(QUIT_UNANSWERED.to_string()));
        let waited = waited.as_secs_f32() / GOODBYE_TIMEOUT.as_secs_f32();
        assert!((1.5..2.0).contains(&waited), "{waited} times its patience");
    }

    #[test]
    fn a_server_that_takes_nothing_any_more_is_lost() {
        let (sender, _ways) = impatient(Full(0));
        let start = Instant::now();
        let lost = Exit::Lost("the server has stopped reading".to_string());
        assert_eq!(sender.say_goodbye(), lost);
        assert!(start.elapsed() >= GOODBYE_TIMEOUT);
    }

    #[test]
    fn a_new_name_is_no_answer_to_a_heartbeat() {
        let (mut sender, ways) = impatient(Vec::new());
        sender.window.record_heartbeat();
        let renamed = ServerUpdate::Renamed("rob".parse().unwrap());
        ways.news.send(renamed).unwrap();
        let (_keep, patience) = unbounded::<()>();
        ways.news.send(ServerUpdate::Heartbeat).unwrap();
        assert!(sender.wait_for_answer(&patience).is_ok());
        assert!(ways.news.is_empty(), "the answer is still there");
    }

    #[test]
    fn a_reply_is_shown_by_whoever_knows_the_writer() {
        let (mut sender, ways) = sender(Vec::new(), InputSource::Terminal);
        let typed = sender.handle_input(InputLine::Line("/r yes".to_string()));
        assert!(typed.is_ok());
        let shown: Vec<ScreenUpdate> = ways.shown.try_iter().collect();
        assert_eq!(shown, [ScreenUpdate::Reply("yes".to_string())]);
        assert_eq!(sender.out, b"/r yes\n");
    }

    #[test]
    fn the_first_heartbeat_promises_only_what_can_be_kept() {
        let more = HEARTBEAT + Duration::from_millis(1);
        for (heartbeat, expected) in [(HEARTBEAT, HEARTBEAT_OPT_IN), (more, "")] {
            let (mut sender, _ways) = sender(Vec::new(), InputSource::Pipe);
            sender.heartbeat = heartbeat;
            assert!(sender.send_first_heartbeat().is_ok());
            assert_eq!(sender.out, format!("{expected}\n").into_bytes());
        }
    }
}
