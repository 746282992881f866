//! Turns typed lines into lines on the socket: the sending loop.
//!
//! It owns the only half of the socket that can be written, so no lock is
//! needed. It waits for five things at once and knows none of the threads they
//! come from: a typed line, the clock's beat, news from the receiver, a wish to
//! leave that was not typed, and what the transfers of files have to say.

mod farewell;
mod files;
mod heartbeat;
mod news;

use std::io::{ErrorKind, Write};
use std::time::{Duration, Instant};

use common::{MAX_MISSED_HEARTBEATS, Name, QUIT};
use crossbeam_channel::{Receiver, never, select, tick};

use crate::connection::{NOT_COUNTED, Terms, is_tick, words};
use crate::ending::{Ending, Leave};
use crate::files::Desk;
use crate::keyboard::{Input, Typed};
use crate::pace::Pace;
use crate::receiver::{News, Over};
use crate::screen::{Screen, Show};
use crate::typed::{self, Shown, Wish};

/// How long one who leaves waits for the server's `q:quit`. A pipe waits for
/// longer, see `wait_for_arrival`: what it said must have arrived.
const FAREWELL: Duration = Duration::from_secs(5);

/// What the sender listens to.
pub struct Sources {
    /// Typed lines; closed at the end of the input.
    pub typed: Receiver<Typed>,
    /// Wishes to leave that are not typed.
    pub leave: Receiver<Leave>,
    /// What the receiver has to tell.
    pub news: Receiver<News>,
    /// The transfers of files.
    pub files: Desk,
}

/// The sending side of a conversation.
pub struct Sender<W> {
    out: W,
    name: Name,
    input: Input,
    heartbeat: Duration,
    terms: Terms,
    screen: Screen,
    sources: Sources,
    pace: Pace,
    /// The line by which we leave.
    parting: String,
    /// When we last answered that we are here.
    answered: Option<Instant>,
    /// Whether there is nothing more to type.
    typed_all: bool,
}

/// Why the loop has ended.
enum Stop {
    /// The person typed it, or the input ended.
    Done,
    /// Something else asked for it.
    Leave(Leave),
    /// The receiver says that it is over.
    Over(Over),
    /// The connection takes no more lines, for this reason.
    Cut(String),
    /// The receiver is gone without a word, which only a bug can bring about.
    Alone,
}

impl<W: Write> Sender<W> {
    /// Makes the sender of `name`, which writes to `out`, on those `terms`, and
    /// shows each `heartbeat` that it is there.
    pub fn new(
        out: W,
        name: Name,
        input: Input,
        heartbeat: Duration,
        terms: Terms,
        screen: Screen,
        sources: Sources,
    ) -> Sender<W> {
        Sender {
            out,
            name,
            input,
            heartbeat,
            pace: Pace::new(terms.transport),
            terms,
            screen,
            sources,
            parting: QUIT.to_string(),
            answered: None,
            typed_all: false,
        }
    }

    /// Sends what is typed, with a heartbeat at once and then steadily, until
    /// the conversation is over, and says how it ended.
    pub fn run(mut self) -> Ending {
        // The ticker keeps its rhythm however long one turn of the loop takes,
        // and the server knows us by that rhythm.
        let beat = tick(self.heartbeat);
        let mut done = self.promise();
        while done.is_ok() {
            done = self.turn(&beat);
        }
        self.sources.files.close();
        let fault = self
            .sources
            .files
            .ending()
            .filter(|_| self.input == Input::None);
        let ending = self.end(done);
        match (&ending, fault) {
            // It was for that file alone that we came.
            (Ending::Left | Ending::Interrupted, Some(fault)) => fault,
            _ => ending,
        }
    }

    /// Ends the conversation in the way that suits the reason.
    fn end(self, done: Result<(), Stop>) -> Ending {
        match done.err().unwrap_or(Stop::Done) {
            Stop::Done => self.leave(),
            Stop::Leave(leave) => self.hurry(leave),
            Stop::Over(over) => over.into(),
            Stop::Cut(why) => self.last_words(why),
            Stop::Alone => Ending::Failed("the receiver thread has failed".to_string()),
        }
    }

    /// Waits for the next thing to happen, and deals with it.
    fn turn<T>(&mut self, beat: &Receiver<T>) -> Result<(), Stop> {
        if self.pace.wants_beat() {
            self.beat()?;
        }
        if self.typed_all && self.sources.files.is_idle() {
            return Err(Stop::Done);
        }
        // While the window is full, typed lines wait where they are: `select!`
        // listens to a channel that never says anything in their place.
        let held_back = never();
        let typed = if self.pace.is_open() && !self.typed_all {
            &self.sources.typed
        } else {
            &held_back
        };
        select! {
            recv(typed) -> typed => match typed {
                Ok(typed) => self.typed(typed),
                Err(_) => self.typed_all(),
            },
            recv(beat) -> _ => self.beat(),
            recv(self.sources.files.events) -> event => event.map_or(Ok(()), |it| self.file(it)),
            recv(self.sources.files.beat) -> _ => {
                self.sources.files.look();
                Ok(())
            }
            recv(self.sources.leave) -> leave => Err(leave.map_or(Stop::Done, Stop::Leave)),
            recv(self.sources.news) -> news => self.heard(news.map_err(|_| Stop::Alone)?),
        }
    }

    /// A person who ends the input wants to leave; a script wants what it has asked
    /// for, so its files are waited for.
    fn typed_all(&mut self) -> Result<(), Stop> {
        if self.input == Input::Terminal || self.sources.files.is_idle() {
            return Err(Stop::Done);
        }
        self.typed_all = true;
        Ok(())
    }

    /// Does what was typed. What cannot be sent is told at once, and costs
    /// nothing but itself.
    fn typed(&mut self, typed: Typed) -> Result<(), Stop> {
        let transport = self.terms.transport;
        let wish = match typed {
            Typed::Line(line) => typed::read(&line, &self.name, transport),
            Typed::TooLong => Wish::TooLong,
            Typed::NotUtf8 => Wish::NotText,
        };
        match wish {
            Wish::Nothing => {}
            Wish::Leave => return Err(Stop::Done),
            Wish::TooLong => self.screen.note(typed::too_long(transport)),
            Wish::NotText => self.screen.note(typed::NOT_TEXT.to_string()),
            Wish::Count => self.count(),
            Wish::LeaveWith(line) => {
                self.parting = line;
                return Err(Stop::Done);
            }
            Wish::Show(shown) => self.show(shown),
            Wish::Files(order) => self.sources.files.order(order),
            Wish::Send { wire, shown } => return self.send(&wire, shown),
        }
        Ok(())
    }

    /// Tells what was lost, where anything can be.
    fn count(&self) {
        match &self.terms.counts {
            Some(counts) => {
                let told = counts.figures().told();
                told.into_iter().for_each(|line| self.screen.note(line));
            }
            None => self.screen.note(NOT_COUNTED.to_string()),
        }
    }

    /// Sends one line and shows it, in this order: what is on the screen has
    /// been handed to the system at least.
    fn send(&mut self, wire: &str, shown: Option<Shown>) -> Result<(), Stop> {
        self.put(wire)?;
        self.pace.sent();
        // The server does not send us what we said: we show it ourselves.
        if let Some(shown) = shown {
            self.show(shown);
        }
        Ok(())
    }

    fn show(&self, shown: Shown) {
        match shown {
            Shown::Line(lines) => {
                for line in lines.lines() {
                    self.screen.own(line.to_string());
                }
            }
            Shown::Reply(text) => self.screen.show(Show::Reply(text)),
        }
    }

    /// Writes one line with its newline, in whatever pieces the connection
    /// takes it, until somebody wants to leave, or patience ends: a server that
    /// has stopped reading must not keep us, however much it says.
    fn put(&mut self, line: &str) -> Result<(), Stop> {
        let bytes = format!("{line}\n").into_bytes();
        let mut rest = bytes.as_slice();
        let mut last_taken = Instant::now();
        while !rest.is_empty() {
            match self.out.write(rest) {
                Ok(0) => return Err(Stop::Cut("it takes no more".to_string())),
                // A socket takes what it has room for, which may be half a line.
                Ok(count) => {
                    rest = rest.get(count..).unwrap_or_default();
                    last_taken = Instant::now();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_tick(&error) && last_taken.elapsed() < self.patience() => {
                    self.nobody_leaves()?;
                }
                Err(error) if is_tick(&error) => {
                    return Err(Stop::Cut("the server has stopped reading".to_string()));
                }
                Err(error) => return Err(Stop::Cut(words(&error))),
            }
        }
        Ok(())
    }

    /// Looked at while the socket is full, when `select!` is out of reach.
    fn nobody_leaves(&self) -> Result<(), Stop> {
        match self.sources.leave.try_recv() {
            Ok(leave) => Err(Stop::Leave(leave)),
            Err(_) => Ok(()),
        }
    }

    /// How long the server may take nothing, or acknowledge nothing: normally
    /// the 90 s that it may be silent. With its ten lines a second it needs 3 s
    /// for the window between two heartbeats, so a quick one sets no less.
    fn patience(&self) -> Duration {
        FAREWELL.max(self.heartbeat * MAX_MISSED_HEARTBEATS)
    }
}

#[cfg(test)]
mod tests {
    use super::farewell::{LAST_WORDS, UNANSWERED};
    use super::*;
    use crate::files::Place;
    use crate::receiver::LastWord;
    use crate::screen::{self, Line};
    use common::{HEARTBEAT, HEARTBEAT_OPT_IN};
    use crossbeam_channel::{Sender as Way, unbounded};
    use std::io;

    /// The ways to a sender, and what it shows.
    struct Ways {
        typed: Way<Typed>,
        leave: Way<Leave>,
        news: Way<News>,
        shown: Receiver<Show>,
    }

    fn sender<W: Write>(out: W, input: Input) -> (Sender<W>, Ways) {
        let (screen, shown) = screen::recording();
        let (typed_way, typed) = unbounded();
        let (leave_way, leave) = unbounded();
        let (news_way, news) = unbounded();
        let files = Desk::new(Place::default(), screen.clone());
        let sources = Sources {
            typed,
            leave,
            news,
            files,
        };
        let ways = Ways {
            typed: typed_way,
            leave: leave_way,
            news: news_way,
            shown,
        };
        let name = "ann".parse().unwrap();
        let terms = Terms::default();
        let sender = Sender::new(out, name, input, LONG, terms, screen, sources);
        (sender, ways)
    }

    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn typed_lines_go_out_in_order_and_are_shown_as_ours() {
        let mut out = Vec::new();
        let (sender, ways) = sender(&mut out, Input::Terminal);
        for line in ["hi", "", "/who", "//x", "/quit", "not this"] {
            ways.typed.send(Typed::Line(line.to_string())).unwrap();
        }
        // The answer to `q:quit` would come later; here it waits already, but
        // a sender that has typed lines to choose from may see it first.
        let news = ways.news.clone();
        let answer = std::thread::spawn(move || {
            while ways.typed.len() > 1 {
                std::thread::yield_now();
            }
            let over = Over::Quit(LastWord::None);
            news.send(News::Over(over)).unwrap();
            ways.shown
        });
        assert_eq!(sender.run(), Ending::Left);
        let shown: Vec<Show> = answer.join().unwrap().iter().collect();
        assert_eq!(out, b"\nhi\n/who\n//x\nq:quit\n");
        let own = |line: &str| Show::Line(Line::Own(line.to_string()));
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
        let (sender, ways) = sender(Full(3), Input::Terminal);
        ways.typed.send(Typed::Line("hello".to_string())).unwrap();
        let waiting = std::thread::spawn(move || sender.run());
        while !ways.typed.is_empty() {
            std::thread::yield_now();
        }
        ways.leave.send(Leave::Signal).unwrap();
        // It would wait 5 s for an answer; the end of the receiver will do.
        ways.news.send(News::Over(Over::Silent(LONG))).unwrap();
        assert_eq!(waiting.join().unwrap(), Ending::Interrupted);
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
        let (told, ways) = sender(Broken, Input::Terminal);
        let over = Over::Quit(LastWord::Stopping);
        ways.news.send(News::Over(over)).unwrap();
        assert_eq!(told.run(), Ending::Stopped);

        let (silent, _ways) = sender(Broken, Input::Terminal);
        let before = Instant::now();
        assert_eq!(silent.run(), Ending::Lost("broken pipe".to_string()));
        assert!(before.elapsed() >= LAST_WORDS);
    }

    #[test]
    fn a_pipe_is_not_content_with_a_connection_that_breaks() {
        for (input, expected) in [
            (Input::Terminal, Ending::Left),
            (
                Input::Pipe,
                Ending::Lost("nothing was heard for 3600 s".to_string()),
            ),
        ] {
            let (sender, ways) = sender(Vec::new(), input);
            drop(ways.typed);
            let leaving = std::thread::spawn(move || sender.leave());
            ways.news.send(News::Over(Over::Silent(LONG))).unwrap();
            assert_eq!(leaving.join().unwrap(), expected);
        }
    }

    /// A sender of a pipe whose patience is [`FAREWELL`], the shortest.
    fn impatient<W: Write>(out: W) -> (Sender<W>, Ways) {
        let (mut sender, ways) = sender(out, Input::Pipe);
        sender.heartbeat = Duration::ZERO;
        (sender, ways)
    }

    #[test]
    fn only_answers_that_were_asked_for_extend_the_wait_for_arrival() {
        let (mut sender, ways) = impatient(Vec::new());
        sender.pace.beat();
        let start = Instant::now();
        let leaving = std::thread::spawn(move || (sender.leave(), start.elapsed()));
        // The first of them counts, the others answer nothing.
        for _ in 0..3 {
            std::thread::sleep(FAREWELL / 2);
            let _ = ways.news.send(News::Answer);
        }
        let (ending, waited) = leaving.join().unwrap();
        assert_eq!(ending, Ending::Lost(UNANSWERED.to_string()));
        let waited = waited.as_secs_f32() / FAREWELL.as_secs_f32();
        assert!((1.5..2.0).contains(&waited), "{waited} times its patience");
    }

    #[test]
    fn a_server_that_takes_nothing_any_more_is_lost() {
        let (sender, _ways) = impatient(Full(0));
        let start = Instant::now();
        let lost = Ending::Lost("the server has stopped reading".to_string());
        assert_eq!(sender.leave(), lost);
        assert!(start.elapsed() >= FAREWELL);
    }

    #[test]
    fn a_new_name_is_no_answer_to_a_heartbeat() {
        let (mut sender, ways) = impatient(Vec::new());
        sender.pace.beat();
        let renamed = News::Renamed("rob".parse().unwrap());
        ways.news.send(renamed).unwrap();
        let (_keep, patience) = unbounded::<()>();
        ways.news.send(News::Answer).unwrap();
        assert!(sender.wait_for_answer(&patience).is_ok());
        assert!(ways.news.is_empty(), "the answer is still there");
    }

    #[test]
    fn a_reply_is_shown_by_whoever_knows_the_writer() {
        let (mut sender, ways) = sender(Vec::new(), Input::Terminal);
        let typed = sender.typed(Typed::Line("/r yes".to_string()));
        assert!(typed.is_ok());
        let shown: Vec<Show> = ways.shown.try_iter().collect();
        assert_eq!(shown, [Show::Reply("yes".to_string())]);
        assert_eq!(sender.out, b"/r yes\n");
    }

    #[test]
    fn the_first_heartbeat_promises_only_what_can_be_kept() {
        let more = HEARTBEAT + Duration::from_millis(1);
        for (heartbeat, expected) in [(HEARTBEAT, HEARTBEAT_OPT_IN), (more, "")] {
            let (mut sender, _ways) = sender(Vec::new(), Input::Pipe);
            sender.heartbeat = heartbeat;
            assert!(sender.promise().is_ok());
            assert_eq!(sender.out, format!("{expected}\n").into_bytes());
        }
    }
}
