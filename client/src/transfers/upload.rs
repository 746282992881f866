//! Uploads: from a file here to a file at the server.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::net::TcpStream;
use std::path::Path;
use std::time::SystemTime;

use common::transfer::TransferReply;
use common::transfer::filename;

use super::context::TransferContext;
use super::error::TransferError;
use super::open;
use super::progress::AdaptiveChunk;
use super::ticket_queue::TicketPurpose;
use crate::connection::describe;

/// A file as it was when it was opened.
struct Source {
    file: File,
    size: u64,
    changed: Option<SystemTime>,
}

/// Sends the file at `path`, even if its connection breaks several times.
///
/// If the connection breaks between the last byte and the server's last reply, the
/// client cannot know if the file has arrived. Then it may arrive twice.
///
/// # Errors
///
/// The reason why it has not arrived.
pub fn run(context: &TransferContext, path: &Path) -> Result<(), TransferError> {
    let source = Source::open(path).map_err(TransferError::Failed)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = filename::sanitize(&name);
    let size = source.size;
    let _ = context.progress.file.set((name.clone(), size));
    context.retry(|| {
        // Half of the old file and half of the new one would make neither.
        source.check_unchanged()?;
        let name = name.clone();
        let (_, stream, have) = context.connect(TicketPurpose::Put { name, size }, 0)?;
        if have > size {
            return Err(open::invalid_reply());
        }
        match send_bytes(context, &source, &stream, have) {
            // A server that stops reading has usually sent the reason.
            Err(TransferError::Broken(why)) => match open::read_reply(&stream, open::REPLY_TIMEOUT)
            {
                Ok(TransferReply::Refused(why)) => Err(TransferError::Refused(why)),
                _ => Err(TransferError::Broken(why)),
            },
            Err(error) => Err(error),
            Ok(()) => match open::read_reply(&stream, open::STALL_TIMEOUT)? {
                TransferReply::Done => Ok(()),
                TransferReply::Refused(why) => Err(TransferError::Refused(why)),
                TransferReply::Ok(_) => Err(open::invalid_reply()),
            },
        }
    })
}

/// Sends all bytes from `sent` on.
fn send_bytes(
    context: &TransferContext,
    source: &Source,
    mut stream: &TcpStream,
    sent: u64,
) -> Result<(), TransferError> {
    let mut sent = sent;
    let mut file = &source.file;
    let found = file.seek(SeekFrom::Start(sent));
    found.map_err(|error| {
        TransferError::Failed(format!("cannot read the file: {}", describe(&error)))
    })?;
    let mut chunk_size = AdaptiveChunk::new();
    loop {
        context.progress.set(sent);
        if sent == source.size {
            return Ok(());
        }
        // Before the last bytes are sent, because the server shares a complete file.
        source.check_length()?;
        // The kernel copies by itself where it can (sendfile).
        let mut chunk = file.take(chunk_size.next_size().min(source.size - sent));
        match io::copy(&mut chunk, &mut stream).map_err(|error| open::broken_connection(&error))? {
            0 => return Err(changed("shorter")),
            count => sent += count,
        }
    }
}

impl Source {
    fn open(path: &Path) -> Result<Source, String> {
        let why = |why: &str| format!("cannot read {}: {why}", path.display());
        // Checked before the open, because opening a pipe blocks until a writer comes.
        let known = path.metadata().map_err(|error| why(&describe(&error)))?;
        if !known.is_file() {
            return Err(why("not a file"));
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
    TransferError::Failed(format!("the file became {how} during the transfer"))
}
