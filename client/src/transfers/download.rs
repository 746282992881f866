//! Turns a file at the server into one here.
//!
//! The size that the server tells is a promise and no more: no memory and no disk is
//! taken for it beforehand, and what comes beyond it is an error.

use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::transfer::filename;

use super::partial_file::PartialFile;
use super::progress::Progress;
use super::ticket_queue::TicketPurpose;
use super::worker::TransferContext;
use super::{Destination, TransferError, open};
use crate::connection::describe;

/// How many bytes are collected for one write: where more are, nothing gets faster.
const WRITE_BUFFER: usize = 256 * 1024;

/// How long to wait for the end of the connection when all bytes are here. It comes
/// with them; one that does not come costs no more than this.
const END_TIMEOUT: Duration = Duration::from_secs(1);

/// Where the bytes go.
enum Target {
    File(PartialFile),
    Output(io::Stdout),
}

/// Fetches file `id`, however often its connection breaks, and says where it is.
///
/// # Errors
///
/// Why it is not here; then nothing of it is.
pub fn run(
    link: &TransferContext,
    id: u64,
    to: &Destination,
) -> Result<Option<PathBuf>, TransferError> {
    let mut target = None;
    let mut here = 0;
    link.retry(|| {
        let (leave, stream, size) = link.connect(TicketPurpose::Get(id), here)?;
        let name = filename::sanitize(&leave.name);
        let (_, known) = link.progress.file.get_or_init(|| (name, size));
        if size != leave.size || size != *known {
            return Err(TransferError::Failed(
                "the server tells two sizes for it".to_string(),
            ));
        }
        let target = match &mut target {
            Some(target) => target,
            none => none.insert(Target::open(&link.downloads, to, &leave.name)?),
        };
        receive_bytes(link, &stream, target, &mut here, size)?;
        expect_end(&stream)
    })?;
    match target {
        Some(Target::File(landing)) => landing.finish().map(Some).map_err(TransferError::Failed),
        _ => Ok(None),
    }
}

/// Takes all from `here` on, which grows by what is written.
fn receive_bytes(
    link: &TransferContext,
    stream: &TcpStream,
    target: &mut Target,
    here: &mut u64,
    size: u64,
) -> Result<(), TransferError> {
    link.progress.set(*here);
    let (meter, read) = (&link.progress, *here);
    let watched = CountingReader {
        stream,
        progress: meter,
        read,
        broken: None,
    };
    let mut source = watched.take(size - *here);
    let mut out = BufWriter::with_capacity(WRITE_BUFFER, &mut *target);
    let taken = io::copy(&mut source, &mut out);
    // Also what came before the connection broke.
    let kept = out.flush();
    drop(out);
    let CountingReader { read, broken, .. } = source.into_inner();
    match (kept, taken, &broken) {
        (Err(error), ..) | (_, Err(error), None) => return Err(target.unwritable(&error)),
        _ => *here = read,
    }
    match broken {
        Some(fault) => Err(fault),
        None if *here < size => Err(TransferError::Broken(
            "the server has closed it".to_string(),
        )),
        None => Ok(()),
    }
}

/// The file is whole; more than that would be another file.
fn expect_end(mut stream: &TcpStream) -> Result<(), TransferError> {
    let _ = stream.set_read_timeout(Some(END_TIMEOUT));
    match stream.read(&mut [0]) {
        Ok(1..) => Err(TransferError::Failed(
            "the server sends more than the file's size".into(),
        )),
        _ => Ok(()),
    }
}

impl Target {
    fn open(folder: &Path, to: &Destination, called: &str) -> Result<Target, TransferError> {
        let to = match to {
            Destination::Output => return Ok(Target::Output(io::stdout())),
            Destination::Downloads => None,
            Destination::Path(path) => Some(path.as_path()),
        };
        let landing = PartialFile::create(folder, to, called);
        landing.map(Target::File).map_err(TransferError::Failed)
    }

    fn unwritable(&self, error: &io::Error) -> TransferError {
        let place = match self {
            Target::File(landing) => landing.folder().display().to_string(),
            Target::Output(_) => "standard output".to_string(),
        };
        TransferError::Failed(format!("cannot write to {place}: {}", describe(error)))
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Target::File(landing) => landing.file.write(bytes),
            Target::Output(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Target::File(_) => Ok(()),
            Target::Output(out) => out.flush(),
        }
    }
}

/// A reader that counts, and remembers that it failed: `io::copy` does not tell which
/// of its two sides did.
struct CountingReader<'a> {
    stream: &'a TcpStream,
    progress: &'a Progress,
    /// How much of the file has come.
    read: u64,
    broken: Option<TransferError>,
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
            Err(error) => self.broken = Some(open::broken_connection(error)),
        }
        read
    }
}
