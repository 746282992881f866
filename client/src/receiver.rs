//! Turns what is heard from the server into what is shown: the receiver thread.
//!
//! It reads, and only reads: it knows no keyboard and cannot write to the
//! socket. The sender learns from it, through a channel, when a heartbeat was
//! answered and how the conversation ended.

use std::io::{self, Read};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use common::transfer::TicketGrant;
use common::{Event, MAX_MISSED_HEARTBEATS, Name, notice};
use crossbeam_channel::{Receiver, Sender, bounded};

use crate::incoming::{Gone, Heard, Incoming};
use crate::screen::{Screen, Show};

/// How many pieces of news may wait for the sender. Answers beyond it are
/// dropped, since only a server that sends more than was asked for gets here. A
/// new name is not, see `Talk::tell`.
const NEWS: usize = 64;

/// What the sender should know.
#[derive(Debug, PartialEq, Eq)]
pub enum News {
    /// An empty line: a heartbeat was answered, or the server asks for one.
    Answer,
    /// The server calls us by another name from now on.
    Renamed(Name),
    /// A ticket for a file. It is not shown.
    Leave(TicketGrant),
    /// Something was refused, for this reason; it was shown.
    Refusal(String),
    /// Nothing more will be heard.
    Over(Over),
}

/// How the conversation ended, as seen from here.
#[derive(Debug, PartialEq, Eq)]
pub enum Over {
    /// The server said `q:quit`, and this right before it.
    Quit(LastWord),
    /// The connection was closed or broke without a `q:quit`.
    Gone(Gone, LastWord),
    /// No line was heard for so long.
    Silent(Duration),
}

impl Over {
    /// Whether the server ended it, and not a fault: all was read by then.
    pub fn is_orderly(&self) -> bool {
        matches!(self, Over::Quit(_) | Over::Gone(Gone::Closed, _))
    }
}

/// What may explain an end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LastWord {
    /// Nothing does.
    #[default]
    None,
    /// A refusal was the last thing said.
    Refusal(String),
    /// The server said that it stops.
    Stopping,
}

/// Starts the receiver thread. The news end with [`News::Over`].
///
/// # Errors
///
/// If the system has no thread to give.
pub fn start(
    incoming: Incoming<impl Read + Send + 'static>,
    screen: Screen,
    heartbeat: Duration,
) -> io::Result<(Receiver<News>, JoinHandle<()>)> {
    let (sender, news) = bounded(NEWS);
    let thread = thread::Builder::new()
        .name("receiver".to_string())
        .spawn(move || {
            let over = receive(
                incoming,
                &screen,
                &sender,
                heartbeat * MAX_MISSED_HEARTBEATS,
            );
            // If nobody waits for it any more, nobody needs it.
            let _ = sender.send(News::Over(over));
        })?;
    Ok((news, thread))
}

/// Shows all that is heard until the conversation is over, and says how.
///
/// The connection counts as lost when no line was heard for `patience`. Bytes
/// alone are silence: they may never become a line.
pub fn receive(
    mut incoming: Incoming<impl Read>,
    screen: &Screen,
    news: &Sender<News>,
    patience: Duration,
) -> Over {
    let mut talk = Talk::default();
    let mut last_heard = Instant::now();
    loop {
        talk.tell(news);
        match incoming.hear() {
            Heard::Nothing | Heard::Part if last_heard.elapsed() < patience => continue,
            Heard::Nothing | Heard::Part => return Over::Silent(patience),
            Heard::Gone(gone) => return Over::Gone(gone, talk.last_word),
            Heard::Unreadable(why) => talk.unreadable(why, screen),
            Heard::Line(line) => match Event::parse(&line) {
                Event::Quit => return Over::Quit(talk.last_word),
                Event::Heartbeat => {
                    // The name has waited for longer than this one.
                    talk.tell(news);
                    // A full channel means that the sender has plenty to read.
                    let _ = news.try_send(News::Answer);
                }
                event => {
                    talk.remember(&event);
                    match event {
                        Event::Notice(notice) if pass_on(notice, news) => {}
                        Event::Notice(notice) => {
                            talk.learn(notice, screen);
                            screen.received(line);
                        }
                        Event::Refusal(why) => {
                            let why = why.to_string();
                            screen.received(line);
                            refuse(why, news);
                        }
                        _ => screen.received(line),
                    }
                }
            },
        }
        last_heard = Instant::now();
    }
}

/// Hands a ticket to the sender. False if it is none, or if the sender, which a server
/// floods, has no room for it; then it is a notice like any other.
fn pass_on(notice: &str, news: &Sender<News>) -> bool {
    TicketGrant::parse(notice).is_some_and(|leave| news.try_send(News::Leave(leave)).is_ok())
}

/// Tells the sender of a refusal, which may be about a file. Half the room is kept for
/// what must not be lost among a thousand of them.
fn refuse(why: String, news: &Sender<News>) {
    if news.len() < NEWS / 2 {
        let _ = news.try_send(News::Refusal(why));
    }
}

/// What has to be remembered from one line to the next.
#[derive(Default)]
struct Talk {
    last_word: LastWord,
    /// Why the line before this one could not be shown.
    unreadable: Option<&'static str>,
    /// Our new name, until the sender has been told.
    renamed: Option<Name>,
}

impl Talk {
    /// Passes on what a notice tells of ourselves.
    fn learn(&mut self, notice: &str, screen: &Screen) {
        if let Some(name) = notice::parse_own_new_name(notice) {
            screen.show(Show::Called(name.to_string()));
            self.renamed = Some(name);
        }
        if let Some(room) = notice::parse_own_new_room(notice) {
            screen.show(Show::Moved(room.to_string()));
        }
    }

    /// Tells the sender our new name, now or when it has room for it. To wait
    /// here would stop the reading while the sender, perhaps, waits for a server
    /// that waits until we have read. Only the newest name matters.
    fn tell(&mut self, news: &Sender<News>) {
        if let Some(name) = &self.renamed
            && news.try_send(News::Renamed(name.clone())).is_ok()
        {
            self.renamed = None;
        }
    }

    fn remember(&mut self, event: &Event<'_>) {
        self.unreadable = None;
        self.last_word = match event {
            _ if self.last_word == LastWord::Stopping => return,
            Event::Notice(notice::STOPPING) => LastWord::Stopping,
            Event::Refusal(why) => LastWord::Refusal(why.to_string()),
            _ => LastWord::None,
        };
    }

    /// Tells it once in a row: a server can send junk faster than one reads.
    fn unreadable(&mut self, why: &'static str, screen: &Screen) {
        if self.unreadable.replace(why) != Some(why) {
            screen.note(format!("{why} and is left out"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::{self, Line};

    /// How it ends, and what is shown, when the server sends `bytes`.
    fn receive_all(bytes: &[u8]) -> (Over, Vec<Show>) {
        let (screen, shown) = screen::recording();
        let (news, _keep) = bounded(NEWS);
        let incoming = Incoming::new(bytes);
        let over = receive(incoming, &screen, &news, Duration::from_secs(9));
        drop(screen);
        (over, shown.iter().collect())
    }

    fn received(line: &str) -> Show {
        Show::Line(Line::Received(line.to_string()))
    }

    #[test]
    fn every_line_is_shown_once_and_heartbeats_are_not() {
        let (over, shown) = receive_all(b"bob: hi\n\nbob has left.\nq:quit\nnot this\n");
        assert_eq!(over, Over::Quit(LastWord::None));
        assert_eq!(shown, [received("bob: hi"), received("bob has left.")]);
    }

    #[test]
    fn the_last_word_explains_the_end() {
        #[track_caller]
        fn check(bytes: &[u8], expected: Over) {
            assert_eq!(receive_all(bytes).0, expected, "{bytes:?}");
        }
        let refusal = |why: &str| LastWord::Refusal(why.to_string());
        check(b"! too loud\nq:quit\n", Over::Quit(refusal("too loud")));
        check(b"! no\n\nq:quit\n", Over::Quit(refusal("no")));
        check(b"! no\nbob: hi\nq:quit\n", Over::Quit(LastWord::None));
        let stopping = b"The server is stopping.\nbob: oh\nq:quit\n";
        check(stopping, Over::Quit(LastWord::Stopping));
        check(b"bob: hi\n", Over::Gone(Gone::Closed, LastWord::None));
    }

    #[test]
    fn junk_is_mentioned_once_in_a_row() {
        let (_, shown) = receive_all(b"\xff\n\xff\n\xff\nbob: hi\n\xff\n");
        let note = || {
            Show::Line(Line::Note(
                "a line from the server is not text and is left out".into(),
            ))
        };
        assert_eq!(shown, [note(), received("bob: hi"), note()]);
    }

    #[test]
    fn answers_are_passed_on_and_a_flood_of_them_blocks_nothing() {
        let (screen, _shown) = screen::recording();
        let (sender, news) = bounded(NEWS);
        let flood = vec![b'\n'; 10_000];
        receive(
            Incoming::new(&flood[..]),
            &screen,
            &sender,
            Duration::from_secs(9),
        );
        assert_eq!(news.try_iter().count(), NEWS);
    }

    /// The channel is full of empty lines when we are renamed, twice, and more
    /// of them come; the sender then takes one piece of news at a time.
    #[test]
    fn a_new_name_reaches_the_sender_also_through_a_flood() {
        struct Flood(Receiver<News>, Vec<News>);
        impl Read for Flood {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.1.extend(self.0.try_recv());
                buffer[0] = b'\n';
                Ok(usize::from(self.1.len() < 2 * NEWS))
            }
        }
        let (screen, _shown) = screen::recording();
        let (sender, news) = bounded(NEWS);
        for _ in 0..NEWS {
            sender.send(News::Answer).unwrap();
        }
        let renamed = b"You are now called bo.\nYou are now called rob.\n";
        let mut flood = Flood(news, Vec::new());
        let incoming = Incoming::new(renamed.chain(&mut flood));
        let over = receive(incoming, &screen, &sender, Duration::from_secs(9));
        assert_eq!(over, Over::Gone(Gone::Closed, LastWord::None));
        let told = flood.1.iter().filter(|news| **news != News::Answer);
        let rob = News::Renamed("rob".parse().unwrap());
        assert_eq!(told.collect::<Vec<_>>(), [&rob]);
    }

    #[test]
    fn silence_ends_it_and_a_pause_does_not() {
        struct Pauses;
        impl Read for Pauses {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::WouldBlock.into())
            }
        }
        let (screen, _shown) = screen::recording();
        let (sender, _news) = bounded(NEWS);
        let patience = Duration::from_millis(50);
        let before = Instant::now();
        let over = receive(Incoming::new(Pauses), &screen, &sender, patience);
        assert_eq!(over, Over::Silent(patience));
        assert!(before.elapsed() >= patience);
    }

    #[test]
    fn a_line_that_trickles_is_silence() {
        struct Trickles;
        impl Read for Trickles {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                thread::sleep(Duration::from_millis(5));
                buffer[0] = b'x';
                Ok(1)
            }
        }
        let (screen, _shown) = screen::recording();
        let (sender, _news) = bounded(NEWS);
        let patience = Duration::from_millis(50);
        let over = receive(Incoming::new(Trickles), &screen, &sender, patience);
        assert_eq!(over, Over::Silent(patience));
    }
}
