//! Turns a file here into one at the server.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::net::TcpStream;
use std::path::Path;
use std::time::SystemTime;

use common::transfer::TransferReply;
use common::transfer::filename;

use super::progress::AdaptiveChunk;
use super::ticket_queue::TicketPurpose;
use super::worker::TransferContext;
use super::{TransferError, open};
use crate::connection::describe;

/// A file as it was when it was first looked at.
struct Source {
    file: File,
    size: u64,
    changed: Option<SystemTime>,
}

/// Sends the file at `path`, however often its connection breaks.
///
/// Should it break between the last byte and the server's last word, nobody here
/// knows whether the file has arrived, and it may do so twice.
///
/// # Errors
///
/// Why it is not there.
pub fn run(link: &TransferContext, path: &Path) -> Result<(), TransferError> {
    let source = Source::open(path).map_err(TransferError::Failed)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = filename::sanitize(&name);
    let size = source.size;
    let _ = link.progress.file.set((name.clone(), size));
    link.retry(|| {
        // Half of the old file and half of the new one would be neither.
        source.check_unchanged()?;
        let name = name.clone();
        let (_, stream, have) = link.connect(TicketPurpose::Put { name, size }, 0)?;
        if have > size {
            return Err(open::invalid_reply());
        }
        match send_bytes(link, &source, &stream, have) {
            // A server that takes no more has mostly said why.
            Err(TransferError::Broken(why)) => match open::read_reply(&stream) {
                Ok(TransferReply::Refused(why)) => Err(TransferError::Refused(why)),
                _ => Err(TransferError::Broken(why)),
            },
            Err(fault) => Err(fault),
            Ok(()) => match open::read_reply(&stream)? {
                TransferReply::Done => Ok(()),
                TransferReply::Refused(why) => Err(TransferError::Refused(why)),
                TransferReply::Ok(_) => Err(open::invalid_reply()),
            },
        }
    })
}

/// Sends all from `sent` on.
fn send_bytes(
    link: &TransferContext,
    source: &Source,
    mut stream: &TcpStream,
    sent: u64,
) -> Result<(), TransferError> {
    let mut sent = sent;
    let mut file = &source.file;
    let found = file.seek(SeekFrom::Start(sent));
    found.map_err(|error| {
        TransferError::Failed(format!("it cannot be read: {}", describe(&error)))
    })?;
    let mut stride = AdaptiveChunk::new();
    loop {
        link.progress.set(sent);
        if sent == source.size {
            return Ok(());
        }
        // Before the last bytes go, as what the server has whole it shares.
        source.check_length()?;
        // The kernel moves them by itself where it can (sendfile).
        let mut chunk = file.take(stride.next_size().min(source.size - sent));
        match io::copy(&mut chunk, &mut stream).map_err(|error| open::broken_connection(&error))? {
            0 => return Err(changed("shorter")),
            count => sent += count,
        }
    }
}

impl Source {
    fn open(path: &Path) -> Result<Source, String> {
        let why = |why: &str| format!("cannot read {}: {why}", path.display());
        // Looked at before it is opened: to open a pipe waits for its other end.
        let known = path.metadata().map_err(|error| why(&describe(&error)))?;
        if !known.is_file() {
            return Err(why("it is no file"));
        }
        let file = File::open(path).map_err(|error| why(&describe(&error)))?;
        let known = file.metadata().map_err(|error| why(&describe(&error)))?;
        Ok(Source {
            file,
            size: known.len(),
            changed: known.modified().ok(),
        })
    }

    fn check_length(&self) -> Result<(), TransferError> {
        match self.file.metadata() {
            Ok(now) if now.len() < self.size => Err(changed("shorter")),
            Ok(now) if now.len() > self.size => Err(changed("longer")),
            _ => Ok(()),
        }
    }

    fn check_unchanged(&self) -> Result<(), TransferError> {
        self.check_length()?;
        match self.file.metadata().and_then(|now| now.modified()) {
            Ok(now) if Some(now) != self.changed => Err(changed("different")),
            _ => Ok(()),
        }
    }
}

fn changed(how: &str) -> TransferError {
    TransferError::Failed(format!("the file has become {how} meanwhile"))
}
