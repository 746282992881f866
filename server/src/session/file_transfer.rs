//! A connection that carries a file instead of a conversation.
//!
//! It was let in like any other, and its first line is a demand with a ticket. From
//! then on nobody else writes to its socket: the broadcaster hands that side over,
//! so that this thread may block on it. The chat goes on beside it.

use std::io::{self, BufWriter, ErrorKind, Read, Write};

use common::Event;
use common::transfer::{TransferReply, TransferRequest, shared_file};
use crossbeam_channel::bounded;

use super::guard::SessionGuard;
use super::line_reader::LineReader;
use crate::broadcaster::post::{Audience, ConnectionPost, Post};
use crate::connection::BlockingWriter;
use crate::connection::close::{Close, CloseReason};
use crate::connection::limiter;
use crate::files::Files;
use crate::files::error::TransferError;
use crate::files::transfer::{self, Download, Transfer, Upload};

/// How many bytes are moved at once, between two looks at whether they are still
/// wanted. With more nothing gets faster (measured).
const CHUNK: usize = 256 * 1024;

/// Carries the file that `demand` has leave for, and says how that ended.
pub fn run(guard: &SessionGuard<'_>, reader: &mut LineReader, request: TransferRequest) -> Close {
    // It has shown what it wants, and needs no name to stay.
    if !guard.claim_slot() {
        return limiter::evicted();
    }
    if reader.is_unframed() {
        return refusal("That line needs a newline at its end.");
    }
    let Some(files) = &guard.context.files else {
        return refusal("No files are shared here.");
    };
    let transfer = match transfer::redeem(files, request, guard.connection.address.ip()) {
        Ok(transfer) => transfer,
        Err(failure) => return refusal(failure.to_sentence()),
    };
    let Some(writer) = take_writer(guard) else {
        return CloseReason::Shutdown.into();
    };
    // A shutdown need not wait for what this session may post.
    let waiting = guard.connection.lifecycle.begin_wait();
    let carrier = FileTransfer {
        guard,
        files,
        writer,
    };
    let carried = match transfer {
        Transfer::Upload(upload) => carrier.receive_upload(upload, reader),
        Transfer::Download(download) => carrier.send_download(download),
    };
    carrier.writer.close();
    drop(waiting);
    carried.err().unwrap_or(CloseReason::Quit).into()
}

/// The ending of a transfer that does not begin.
fn refusal(why: &str) -> Close {
    let answer = TransferReply::Refused(why.to_string());
    Close::with_raw_reply(CloseReason::Protocol, answer.to_line().into())
}

/// The writing side of the socket, for this thread alone; none if the server ends.
fn take_writer(guard: &SessionGuard<'_>) -> Option<BlockingWriter> {
    let (to, handed_over) = bounded(1);
    let id = guard.connection.id;
    let post = ConnectionPost::TakeWriter { id, to };
    guard.context.posts.send(Post::Connection(post));
    handed_over.recv().ok()
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
    fn receive_upload(&self, mut upload: Upload, reader: &mut LineReader) -> TransferResult {
        self.files.log_line(&format!("{}.", upload.describe()));
        self.reply(&TransferReply::Ok(upload.received))?;
        // What came right behind the demand has been read already.
        let early = reader.pending().to_vec();
        let read_half = reader.read_half();
        let timeout = Some(self.files.stall_timeout());
        read_half
            .set_timeout(timeout)
            .map_err(|_| CloseReason::Reset)?;
        let mut peer = TrackedReader::new(early.chain(read_half));
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
        let (metadata, member) = match upload.complete() {
            Ok(done) => done,
            Err(failure) => return self.refuse(&failure),
        };
        let notice = shared_file(&metadata.owner, &metadata.name, metadata.size, metadata.id);
        self.files.log_line(&notice);
        let notice = Event::Notice(&notice).to_line();
        let posts = &self.guard.context.posts;
        posts.deliver(Audience::RoomOf(member), notice);
        self.reply(&TransferReply::Done)
    }

    /// From the disk to the peer.
    fn send_download(&self, download: Download) -> TransferResult {
        let Download {
            metadata, offset, ..
        } = &download;
        self.files.log_line(&format!(
            "{} fetches {}.",
            download.member_name(),
            metadata.name
        ));
        self.reply(&TransferReply::Ok(metadata.size))?;
        let socket = self.writer.stream(self.files.stall_timeout());
        // Through a buffer of ours, and not by the kernel alone (sendfile), as a mere
        // `io::copy` would: on the loopback that took half as long again (measured).
        let mut peer = BufWriter::with_capacity(CHUNK, socket.map_err(|_| CloseReason::Reset)?);
        let mut disk = TrackedReader::new(&download.file);
        let mut left = metadata.size - offset;
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
        self.guard.connection.lifecycle.close_cause().is_some()
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
        let message = format!("{name} was removed while you were fetching it.");
        self.files.log_line(&format!(
            "{name} is gone, {} was fetching it.",
            download.member_name()
        ));
        let line = Event::Refusal(&message).to_line();
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
