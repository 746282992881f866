//! Downloads: from a file at the server to a file here.
//!
//! Invariant: the announced size is not trusted. No memory and no disk space is reserved
//! for it, and a byte beyond it is an error.

use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use common::transfer::filename;

use super::context::TransferContext;
use super::error::TransferError;
use super::open;
use super::progress::Progress;
use super::target::Target;
use super::task::Destination;
use super::ticket_queue::TicketPurpose;

/// The bytes that are collected for one write. More bytes do not make it faster.
const WRITE_BUFFER: usize = 256 * 1024;

/// The time to wait for the close after the last byte. A close that never comes costs
/// no more than this.
const END_TIMEOUT: Duration = Duration::from_secs(1);

/// Fetches file `id`, even if its connection breaks several times. Returns its path.
///
/// # Errors
///
/// The reason why it is not here; then nothing of it is.
pub fn run(
    context: &TransferContext,
    id: u64,
    to: &Destination,
) -> Result<Option<PathBuf>, TransferError> {
    let mut target = None;
    let mut received = 0;
    context.retry(|| {
        let (grant, stream, size) = context.connect(TicketPurpose::Get(id), received)?;
        let name = filename::sanitize(&grant.name);
        let (_, known) = context.progress.file.get_or_init(|| (name, size));
        if size != grant.size || size != *known {
            return Err(TransferError::Failed(
                "the server sent two different sizes".to_string(),
            ));
        }
        let target = match &mut target {
            Some(target) => target,
            none => none.insert(Target::open(&context.downloads, to, &grant.name)?),
        };
        receive_bytes(&context.progress, &stream, target, &mut received, size)?;
        expect_end(&stream)
    })?;
    target.map_or(Ok(None), Target::finish)
}

/// Receives all bytes from `received` on, which grows by what is written.
fn receive_bytes(
    progress: &Progress,
    stream: &TcpStream,
    target: &mut Target,
    received: &mut u64,
    size: u64,
) -> Result<(), TransferError> {
    progress.set(*received);
    let reader = CountingReader {
        stream,
        progress,
        read: *received,
        error: None,
    };
    let mut source = reader.take(size - *received);
    let mut out = BufWriter::with_capacity(WRITE_BUFFER, &mut *target);
    let copied = io::copy(&mut source, &mut out);
    // The bytes before a break are kept too.
    let flushed = out.flush();
    drop(out);
    let CountingReader { read, error, .. } = source.into_inner();
    match (flushed, copied, &error) {
        (Err(error), ..) | (_, Err(error), None) => return Err(target.write_error(&error)),
        _ => *received = read,
    }
    match error {
        Some(error) => Err(error),
        None if *received < size => Err(open::closed()),
        None => Ok(()),
    }
}

/// Checks that the server closes the connection. More bytes would make another file.
fn expect_end(mut stream: &TcpStream) -> Result<(), TransferError> {
    let _ = stream.set_read_timeout(Some(END_TIMEOUT));
    match stream.read(&mut [0]) {
        Ok(1..) => Err(TransferError::Failed(
            "the server sends more than the file's size".into(),
        )),
        _ => Ok(()),
    }
}

/// A reader that counts, and keeps its error: `io::copy` does not report which of its
/// two sides failed.
struct CountingReader<'a> {
    stream: &'a TcpStream,
    progress: &'a Progress,
    /// The bytes of the file so far.
    read: u64,
    error: Option<TransferError>,
}

impl Read for CountingReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer);
        match &read {
            Ok(count) => {
                self.read += u64::try_from(*count).unwrap_or(0);
                self.progress.set(self.read);
            }
            // `io::copy` reads again.
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => self.error = Some(open::broken_connection(error)),
        }
        read
    }
}
