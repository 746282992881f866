//! A connection that carries a file instead of a conversation.
//!
//! It was let in like any other, and its first line is a demand with a ticket. From
//! then on nobody else writes to its socket: the broadcaster hands that side over,
//! so that this thread may block on it. The chat goes on beside it.

use std::io::{self, BufWriter, ErrorKind, Read, Write};

use common::Event;
use common::transfer::{TransferReply, TransferRequest, shared_file};
use crossbeam_channel::bounded;

use super::ear::Ear;
use super::visit::Visit;
use crate::door;
use crate::files::{Download, Failure, Files, Job, Upload};
use crate::link::Pipe;
use crate::post::Post;
use crate::reason::{Ending, Reason};

/// How many bytes are moved at once, between two looks at whether they are still
/// wanted. With more nothing gets faster (measured).
const CHUNK: usize = 256 * 1024;

/// Carries the file that `demand` has leave for, and says how that ended.
pub fn run(visit: &Visit<'_>, ear: &mut Ear, demand: TransferRequest) -> Ending {
    // It has shown what it wants, and needs no name to stay.
    if !visit.takes_place() {
        return door::crowded_out();
    }
    if ear.is_unframed() {
        return refusal("That line needs a newline at its end.");
    }
    let Some(files) = &visit.shared.files else {
        return refusal("No files are shared here.");
    };
    let job = match files.redeem(demand, visit.link.address.ip()) {
        Ok(job) => job,
        Err(failure) => return refusal(failure.told()),
    };
    let Some(pipe) = pipe(visit) else {
        return Reason::Shutdown.into();
    };
    let carrier = Carrier { visit, files, pipe };
    let carried = match job {
        Job::Upload(upload) => carrier.take(upload, ear),
        Job::Download(download) => carrier.give(download),
    };
    carrier.pipe.close();
    carried.err().unwrap_or(Reason::Quit).into()
}

/// The ending of a transfer that does not begin.
fn refusal(why: &str) -> Ending {
    let answer = TransferReply::Refused(why.to_string());
    Ending::answered(Reason::Protocol, answer.to_line().into())
}

/// The writing side of the socket, for this thread alone; none if the server ends.
fn pipe(visit: &Visit<'_>) -> Option<Pipe> {
    let (to, handed_over) = bounded(1);
    let id = visit.link.id;
    visit.shared.posts.send(Post::HandOver { id, to });
    let pipe = handed_over.recv().ok()?;
    // A stop does not have to wait for what this session may post.
    visit.link.rest();
    Some(pipe)
}

/// Whether all was carried, or why not.
type Carried = Result<(), Reason>;

/// One transfer under way.
struct Carrier<'a, 'b> {
    visit: &'a Visit<'b>,
    files: &'a Files,
    pipe: Pipe,
}

impl Carrier<'_, '_> {
    /// From the peer to the disk.
    fn take(&self, mut upload: Upload, ear: &mut Ear) -> Carried {
        self.files.note(&format!("{}.", upload.told()));
        self.say(&TransferReply::Ok(upload.have))?;
        // What came right behind the demand has been read already.
        let early = ear.held().to_vec();
        let inlet = ear.inlet();
        let patience = Some(self.files.stall());
        inlet.set_patience(patience).map_err(|_| Reason::Reset)?;
        let mut peer = Watched::new(early.chain(inlet));
        let mut disk = BufWriter::with_capacity(CHUNK, upload.file());
        while upload.missing() > 0 {
            if !upload.is_wanted() || self.is_ending() {
                return Err(Reason::Kicked);
            }
            let mut chunk = (&mut peer).take(upload.missing().min(CHUNK as u64));
            let copied = io::copy(&mut chunk, &mut disk);
            let copied = copied.and_then(|count| disk.flush().map(|()| count));
            match (copied, peer.broken) {
                (Ok(0), _) => return Err(Reason::Eof),
                (Ok(count), _) => upload.have += self.pause(count),
                (Err(_), Some(reason)) => return Err(reason),
                (Err(error), None) => return self.refuse(&upload.fail(&error)),
            }
        }
        self.keep(upload)
    }

    /// Makes a file of what has come, and tells the room.
    fn keep(&self, upload: Upload) -> Carried {
        let (about, member) = match upload.complete() {
            Ok(done) => done,
            Err(failure) => return self.refuse(&failure),
        };
        let notice = shared_file(&about.who, &about.name, about.size, about.id);
        self.files.note(&notice);
        let notice = Event::Notice(&notice).to_line();
        self.visit
            .shared
            .posts
            .send(Post::Shared { member, notice });
        self.say(&TransferReply::Done)
    }

    /// From the disk to the peer.
    fn give(&self, download: Download) -> Carried {
        let Download { about, offset, .. } = &download;
        self.files
            .note(&format!("{} fetches {}.", download.who(), about.name));
        self.say(&TransferReply::Ok(about.size))?;
        let socket = self.pipe.stream(self.files.stall());
        // Through a buffer of ours, and not by the kernel alone (sendfile), as a mere
        // `io::copy` would: on the loopback that took half as long again (measured).
        let mut peer = BufWriter::with_capacity(CHUNK, socket.map_err(|_| Reason::Reset)?);
        let mut disk = Watched::new(&download.file);
        let mut left = about.size - offset;
        while left > 0 {
            if !download.is_wanted() || self.is_ending() {
                return self.withdraw(&download);
            }
            let mut chunk = (&mut disk).take(left.min(CHUNK as u64));
            let copied = io::copy(&mut chunk, &mut peer);
            match copied.and_then(|count| peer.flush().map(|()| count)) {
                Ok(0) => return self.withdraw(&download),
                Ok(count) => left -= self.pause(count),
                Err(error) => return Err(blame(&error)),
            }
        }
        Ok(())
    }

    /// Whether the connection is ended from outside.
    fn is_ending(&self) -> bool {
        self.visit.link.ending().is_some()
    }

    /// Leaves the machine to others for a moment, after `count` bytes were moved.
    fn pause(&self, count: u64) -> u64 {
        let pause = self.files.pause(count);
        if !pause.is_zero() {
            // A stop ends it, and is seen next.
            let _stopped = self.visit.shared.stop.sleep(pause);
        }
        count
    }

    /// Says in the chat, as there is no room for it among the bytes, why they end.
    fn withdraw(&self, download: &Download) -> Carried {
        let name = &download.about.name;
        let told = format!("{name} was removed while you were fetching it.");
        self.files.note(&format!(
            "{name} is gone, {} was fetching it.",
            download.who()
        ));
        let line = Event::Refusal(&told).to_line();
        self.visit.shared.posts.tell(download.member(), line);
        Err(Reason::Kicked)
    }

    fn refuse(&self, failure: &Failure) -> Carried {
        self.say(&TransferReply::Refused(failure.told().to_string()))?;
        Err(Reason::Kicked)
    }

    fn say(&self, answer: &TransferReply) -> Carried {
        let said = self.pipe.stream(self.files.stall());
        let said = said.and_then(|mut stream| stream.write_all(answer.to_line().as_bytes()));
        said.map_err(|error| blame(&error))
    }
}

/// Why a peer was lost that could not be written to.
fn blame(error: &io::Error) -> Reason {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => Reason::Slow,
        _ => Reason::Reset,
    }
}

/// A reader that remembers that it failed: `io::copy` does not tell which of its
/// two sides did.
struct Watched<R> {
    source: R,
    broken: Option<Reason>,
}

impl<R> Watched<R> {
    fn new(source: R) -> Watched<R> {
        Watched {
            source,
            broken: None,
        }
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.source.read(buffer).inspect_err(|error| {
            self.broken = match error.kind() {
                ErrorKind::Interrupted => None,
                ErrorKind::TimedOut => Some(Reason::Timeout),
                _ => Some(Reason::Reset),
            };
        })
    }
}
