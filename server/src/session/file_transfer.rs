//! File transfer: a connection that carries a file instead of messages.
//!
//! It was admitted like any other, and its first line is a request with a ticket.
//! From then on the broadcaster does not write to its socket: it hands the write
//! half over, so that this thread may block on it. The chat goes on beside it.

use std::io::{self, BufWriter, ErrorKind, Read, Write};

use common::Event;
use common::transfer::{SHARING_OFF, TransferReply, TransferRequest, shared_file};
use crossbeam_channel::bounded;

use super::context::ServerContext;
use super::guard::SessionGuard;
use super::line_reader::LineReader;
use crate::broadcaster::post::{Audience, ConnectionPost, Post};
use crate::connection::admission;
use crate::connection::close::{Close, CloseReason};
use crate::connection::{BlockingWriter, MemberId};
use crate::files::Files;
use crate::files::error::TransferError;
use crate::files::transfer::{self, Download, SavedUpload, Transfer, Upload};

/// The bytes that are moved between two checks whether they are still wanted. More
/// would not be faster (measured).
const CHUNK: usize = 256 * 1024;

/// Carries the file that `request` has a ticket for. Returns how to close.
pub fn run(guard: &SessionGuard<'_>, reader: &mut LineReader, request: TransferRequest) -> Close {
    // It needs no name to stay.
    if !guard.protect_from_eviction() {
        return admission::evicted();
    }
    if reader.is_unframed() {
        return refusal(
            CloseReason::Protocol,
            "That line needs a newline at its end.",
        );
    }
    let Some(files) = &guard.context.files else {
        return refusal(CloseReason::Protocol, SHARING_OFF);
    };
    if !guard.count_transfer() {
        return refusal(CloseReason::Full, &admission::server_full().message);
    }
    if guard.connection.is_udp() {
        // Its ticket is still good.
        return refusal(CloseReason::Protocol, "Files are sent over TCP.");
    }
    let transfer = match transfer::redeem(files, request, guard.connection.address.ip()) {
        Ok(transfer) => transfer,
        Err(error) => return refusal(CloseReason::Protocol, error.to_sentence()),
    };
    let Some(writer) = take_writer(guard) else {
        return CloseReason::Shutdown.into();
    };
    // A shutdown need not wait for what this session may post.
    let waiting = guard.connection.lifecycle.begin_wait();
    let file_transfer = FileTransfer {
        guard,
        files,
        writer,
    };
    let result = match transfer {
        Transfer::Upload(upload) => file_transfer.receive_upload(upload, reader),
        Transfer::Download(download) => file_transfer.send_download(download),
    };
    file_transfer.writer.close();
    drop(waiting);
    result.err().unwrap_or(CloseReason::Quit).into()
}

/// Returns the close of a transfer that does not begin.
fn refusal(reason: CloseReason, why: &str) -> Close {
    let reply = TransferReply::Refused(why.to_string());
    Close::with_raw_reply(reason, reply.to_line().into())
}

/// Takes the writing side of the socket for this thread alone. Returns `None` if the
/// server stops.
fn take_writer(guard: &SessionGuard<'_>) -> Option<BlockingWriter> {
    let (to, writer) = bounded(1);
    let id = guard.connection.member_id();
    let post = ConnectionPost::TakeWriter { id, to };
    guard.context.posts.send(Post::Connection(post));
    writer.recv().ok()
}

/// The result of a transfer, or why it did not reach its end.
type TransferResult = Result<(), CloseReason>;

/// A transfer in progress.
struct FileTransfer<'a, 'b> {
    guard: &'a SessionGuard<'b>,
    files: &'a Files,
    writer: BlockingWriter,
}

impl FileTransfer<'_, '_> {
    /// Moves bytes from the peer to the disk.
    fn receive_upload(&self, mut upload: Upload, reader: &mut LineReader) -> TransferResult {
        let who = self.name_of(upload.member());
        self.files
            .log_line(&format!("{who} sends {}.", upload.describe()));
        self.reply(&TransferReply::Ok(upload.received()))?;
        // The first bytes may have been read together with the request.
        let early = reader.pending().to_vec();
        let read_half = reader.read_half();
        let timeout = Some(self.files.stall_timeout());
        read_half
            .set_timeout(timeout)
            .map_err(|_| CloseReason::Reset)?;
        let mut peer = early.chain(read_half);
        let mut buffer = vec![0; CHUNK];
        while upload.remaining() > 0 {
            let space = upload.remaining().min(CHUNK as u64);
            let chunk = buffer.get_mut(..space as usize).unwrap_or_default();
            // One read, because a slow peer must not delay the check that follows.
            let count = match peer.read(chunk) {
                Ok(0) => return Err(CloseReason::Eof),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::TimedOut => {
                    return Err(CloseReason::Timeout);
                }
                Err(_) => return Err(CloseReason::Reset),
            };
            if !upload.is_wanted() || self.is_closing() {
                return Err(CloseReason::Kicked);
            }
            let read = chunk.get(..count).unwrap_or_default();
            if let Err(error) = upload.write(read) {
                return self.refuse(&upload.fail(&error));
            }
            self.pause(count as u64);
        }
        self.finish_upload(upload)
    }

    fn finish_upload(&self, upload: Upload) -> TransferResult {
        let context = &self.guard.context;
        let Some((name, _)) = context.registry.present(upload.member()) else {
            return Err(CloseReason::Kicked);
        };
        let saved = upload.save(name);
        match saved.and_then(|saved| share(context, self.files, saved)) {
            Ok(()) => self.reply(&TransferReply::Done),
            Err(error) => self.refuse(&error),
        }
    }

    /// Moves bytes from the disk to the peer.
    fn send_download(&self, download: Download) -> TransferResult {
        let Download {
            metadata, offset, ..
        } = &download;
        let who = self.name_of(download.member());
        self.files
            .log_line(&format!("{who} fetches {}.", metadata.name));
        self.reply(&TransferReply::Ok(metadata.size))?;
        let socket = self.writer.stream(self.files.stall_timeout());
        // A buffer of our own keeps `io::copy` from sendfile, which took half as long
        // again on the loopback (measured).
        let mut peer = BufWriter::with_capacity(CHUNK, socket.map_err(|_| CloseReason::Reset)?);
        let mut disk = TrackedReader {
            source: &download.file,
            failed: false,
        };
        let mut left = metadata.size - offset;
        while left > 0 {
            if !download.is_wanted() || self.is_closing() {
                return Err(CloseReason::Kicked);
            }
            if !download.is_listed() {
                return self.abort_download(&download, "was removed");
            }
            let mut chunk = (&mut disk).take(left.min(CHUNK as u64));
            let copied = io::copy(&mut chunk, &mut peer);
            match copied.and_then(|count| peer.flush().map(|()| count)) {
                Ok(0) => return self.abort_download(&download, "was cut"),
                Ok(count) => left -= self.pause(count),
                Err(_) if disk.failed => {
                    return self.abort_download(&download, "became unreadable");
                }
                Err(error) => return Err(close_reason_for(&error)),
            }
        }
        Ok(())
    }

    /// Returns the present name of a member, because another may have its previous one.
    fn name_of(&self, member: MemberId) -> String {
        let present = self.guard.context.registry.present(member);
        present.map_or("A member that left".to_string(), |(name, _)| {
            name.to_string()
        })
    }

    /// Returns `true` if the connection is closed from outside.
    fn is_closing(&self) -> bool {
        self.guard.connection.lifecycle.close_cause().is_some()
    }

    /// Pauses after `count` bytes, if several transfers share the rate.
    fn pause(&self, count: u64) -> u64 {
        let pause = self.files.pause(count);
        if !pause.is_zero() {
            // A shutdown ends the pause, and is seen next.
            let _shut_down = self.guard.context.shutdown.sleep(pause);
        }
        count
    }

    /// Sends what happened to the file in the chat, because it has no place among the
    /// bytes.
    fn abort_download(&self, download: &Download, what: &str) -> TransferResult {
        let name = &download.metadata.name;
        let who = self.name_of(download.member());
        self.files
            .log_line(&format!("{name} {what} while {who} was fetching it."));
        let message = format!("{name} {what} while you were fetching it.");
        let line = Event::Refusal(&message).to_line();
        self.guard.context.posts.send_to(download.member(), line);
        Err(CloseReason::Kicked)
    }

    fn refuse(&self, error: &TransferError) -> TransferResult {
        self.reply(&TransferReply::Refused(error.to_sentence().to_string()))?;
        Err(match error {
            TransferError::DiskFull => CloseReason::Full,
            _ => CloseReason::Kicked,
        })
    }

    fn reply(&self, reply: &TransferReply) -> TransferResult {
        let written = self.writer.stream(self.files.stall_timeout());
        let written = written.and_then(|mut stream| stream.write_all(reply.to_line().as_bytes()));
        written.map_err(|error| close_reason_for(&error))
    }
}

/// Lists a file, and announces it to the room of its member. Others read its name, so the
/// member is looked at now, after the disk has taken its time: it must still be in the
/// chat, may not be muted, and may have another name.
///
/// # Errors
///
/// Why the file is not shared, but removed.
pub(super) fn share(
    context: &ServerContext,
    files: &Files,
    saved: SavedUpload,
) -> Result<(), TransferError> {
    let member = saved.member();
    let Some((name, connection)) = context.registry.present(member) else {
        return Err(saved.reject("You have left the chat."));
    };
    if let Some(why) = context.moderation.mute_reason(&connection.flags) {
        return Err(saved.reject(why));
    }
    let metadata = saved.list(name);
    let notice = shared_file(&metadata.owner, &metadata.name, metadata.size, metadata.id);
    files.log_line(&notice);
    let notice = Event::Notice(&notice).to_line();
    context.posts.deliver(Audience::RoomOf(member), notice);
    Ok(())
}

/// Returns the close reason for a failed write.
fn close_reason_for(error: &io::Error) -> CloseReason {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => CloseReason::Slow,
        _ => CloseReason::Reset,
    }
}

/// A reader that remembers that it failed, because `io::copy` does not tell which of
/// its two sides did.
struct TrackedReader<R> {
    source: R,
    failed: bool,
}

impl<R: Read> Read for TrackedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.source.read(buffer).inspect_err(|error| {
            self.failed = error.kind() != ErrorKind::Interrupted;
        })
    }
}
