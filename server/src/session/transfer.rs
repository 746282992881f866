//! A connection that carries a file instead of a conversation.
//!
//! It was let in like any other, and its first line is a demand with a ticket. From
//! then on nobody else writes to its socket: the broadcaster hands that side over,
//! so that this thread may block on it. The chat goes on beside it.

use std::io::{self, BufWriter, ErrorKind, Read, Write};

use common::Event;
use common::transfer::{TransferReply, TransferRequest, shared_file};
use crossbeam_channel::bounded;

use super::ear::LineReader;
use super::visit::SessionGuard;
use crate::door;
use crate::files::{Download, TransferError, Files, Transfer, Upload};
use crate::link::BlockingWriter;
use crate::post::Post;
use crate::reason::{Close, CloseReason};

/// How many bytes are moved at once, between two looks at whether they are still
/// wanted. With more nothing gets faster (measured).
const CHUNK: usize = 256 * 1024;

/// Carries the file that `demand` has leave for, and says how that ended.
pub fn run(visit: &SessionGuard<'_>, ear: &mut LineReader, demand: TransferRequest) -> Close {
    // It has shown what it wants, and needs no name to stay.
    if !visit.claim_slot() {
        return door::evicted();
    }
    if ear.is_unframed() {
        return refusal("That line needs a newline at its end.");
    }
    let Some(files) = &visit.context.files else {
        return refusal("No files are shared here.");
    };
    let job = match files.redeem(demand, visit.connection.address.ip()) {
        Ok(job) => job,
        Err(failure) => return refusal(failure.to_sentence()),
    };
    let Some(pipe) = take_writer(visit) else {
        return CloseReason::Shutdown.into();
    };
    let carrier = FileTransfer { guard: visit, files, writer: pipe };
    let carried = match job {
        Transfer::Upload(upload) => carrier.receive_upload(upload, ear),
        Transfer::Download(download) => carrier.send_download(download),
    };
    carrier.writer.close();
    carried.err().unwrap_or(CloseReason::Quit).into()
}

/// The ending of a transfer that does not begin.
fn refusal(why: &str) -> Close {
    let answer = TransferReply::Refused(why.to_string());
    Close::with_raw_reply(CloseReason::Protocol, answer.to_line().into())
}

/// The writing side of the socket, for this thread alone; none if the server ends.
fn take_writer(visit: &SessionGuard<'_>) -> Option<BlockingWriter> {
    let (to, handed_over) = bounded(1);
    let id = visit.connection.id;
    visit.context.posts.send(Post::TakeWriter { id, to });
    let pipe = handed_over.recv().ok()?;
    // A stop does not have to wait for what this session may post.
    visit.connection.begin_wait();
    Some(pipe)
}

/// Whether all was carried, or why not.
type TransferResult = Result<(), CloseReason>;

/// One transfer under way.
struct FileTransfer<'a, 'b> {
    guard: &'a SessionGuard<'b>,
    files: &'a Files,
    writer: BlockingWriter,
}

impl FileTransfer<'_, '_> {
    /// From the peer to the disk.
    fn receive_upload(&self, mut upload: Upload, ear: &mut LineReader) -> TransferResult {
        self.files.log_line(&format!("{}.", upload.describe()));
        self.reply(&TransferReply::Ok(upload.received))?;
        // What came right behind the demand has been read already.
        let early = ear.pending().to_vec();
        let inlet = ear.read_half();
        let patience = Some(self.files.stall_timeout());
        inlet.set_timeout(patience).map_err(|_| CloseReason::Reset)?;
        let mut peer = TrackedReader::new(early.chain(inlet));
        let mut disk = BufWriter::with_capacity(CHUNK, upload.file());
        while upload.remaining() > 0 {
            if !upload.is_wanted() || self.is_closing() {
                return Err(CloseReason::Kicked);
            }
            let mut chunk = (&mut peer).take(upload.remaining().min(CHUNK as u64));
            let copied = io::copy(&mut chunk, &mut disk);
            let copied = copied.and_then(|count| disk.flush().map(|()| count));
            match (copied, peer.error) {
                (Ok(0), _) => return Err(CloseReason::Eof),
                (Ok(count), _) => upload.received += self.pause(count),
                (Err(_), Some(reason)) => return Err(reason),
                (Err(error), None) => return self.refuse(&upload.fail(&error)),
            }
        }
        self.finish_upload(upload)
    }

    /// Makes a file of what has come, and tells the room.
    fn finish_upload(&self, upload: Upload) -> TransferResult {
        let (about, member) = match upload.complete() {
            Ok(done) => done,
            Err(failure) => return self.refuse(&failure),
        };
        let notice = shared_file(&about.owner, &about.name, about.size, about.id);
        self.files.log_line(&notice);
        let notice = Event::Notice(&notice).to_line();
        self.guard
            .context
            .posts
            .send(Post::FileShared { member, notice });
        self.reply(&TransferReply::Done)
    }

    /// From the disk to the peer.
    fn send_download(&self, download: Download) -> TransferResult {
        let Download { metadata: about, offset, .. } = &download;
        self.files
            .log_line(&format!("{} fetches {}.", download.member_name(), about.name));
        self.reply(&TransferReply::Ok(about.size))?;
        let socket = self.writer.stream(self.files.stall_timeout());
        // Through a buffer of ours, and not by the kernel alone (sendfile), as a mere
        // `io::copy` would: on the loopback that took half as long again (measured).
        let mut peer = BufWriter::with_capacity(CHUNK, socket.map_err(|_| CloseReason::Reset)?);
        let mut disk = TrackedReader::new(&download.file);
        let mut left = about.size - offset;
        while left > 0 {
            if !download.is_wanted() || self.is_closing() {
                return self.abort_download(&download);
            }
            let mut chunk = (&mut disk).take(left.min(CHUNK as u64));
            let copied = io::copy(&mut chunk, &mut peer);
            match copied.and_then(|count| peer.flush().map(|()| count)) {
                Ok(0) => return self.abort_download(&download),
                Ok(count) => left -= self.pause(count),
                Err(error) => return Err(close_reason_for(&error)),
            }
        }
        Ok(())
    }

    /// Whether the connection is ended from outside.
    fn is_closing(&self) -> bool {
        self.guard.connection.close_cause().is_some()
    }

    /// Leaves the machine to others for a moment, after `count` bytes were moved.
    fn pause(&self, count: u64) -> u64 {
        let pause = self.files.pause(count);
        if !pause.is_zero() {
            // A stop ends it, and is seen next.
            let _stopped = self.guard.context.shutdown.sleep(pause);
        }
        count
    }

    /// Says in the chat, as there is no room for it among the bytes, why they end.
    fn abort_download(&self, download: &Download) -> TransferResult {
        let name = &download.metadata.name;
        let told = format!("{name} was removed while you were fetching it.");
        self.files.log_line(&format!(
            "{name} is gone, {} was fetching it.",
            download.member_name()
        ));
        let line = Event::Refusal(&told).to_line();
        self.guard.context.posts.send_to(download.member(), line);
        Err(CloseReason::Kicked)
    }

    fn refuse(&self, failure: &TransferError) -> TransferResult {
        self.reply(&TransferReply::Refused(failure.to_sentence().to_string()))?;
        Err(CloseReason::Kicked)
    }

    fn reply(&self, answer: &TransferReply) -> TransferResult {
        let said = self.writer.stream(self.files.stall_timeout());
        let said = said.and_then(|mut stream| stream.write_all(answer.to_line().as_bytes()));
        said.map_err(|error| close_reason_for(&error))
    }
}

/// Why a peer was lost that could not be written to.
fn close_reason_for(error: &io::Error) -> CloseReason {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => CloseReason::Slow,
        _ => CloseReason::Reset,
    }
}

/// A reader that remembers that it failed: `io::copy` does not tell which of its
/// two sides did.
struct TrackedReader<R> {
    source: R,
    error: Option<CloseReason>,
}

impl<R> TrackedReader<R> {
    fn new(source: R) -> TrackedReader<R> {
        TrackedReader {
            source,
            error: None,
        }
    }
}

impl<R: Read> Read for TrackedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.source.read(buffer).inspect_err(|error| {
            self.error = match error.kind() {
                ErrorKind::Interrupted => None,
                ErrorKind::TimedOut => Some(CloseReason::Timeout),
                _ => Some(CloseReason::Reset),
            };
        })
    }
}
