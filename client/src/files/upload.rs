//! Turns a file here into one at the server.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::net::TcpStream;
use std::path::Path;
use std::time::SystemTime;

use common::transfer::TransferReply;
use common::transfer::filename;

use super::progress::Stride;
use super::request::Wanted;
use super::worker::Link;
use super::{Fault, door};
use crate::connection::words;

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
pub fn run(link: &Link, path: &Path) -> Result<(), Fault> {
    let source = Source::open(path).map_err(Fault::Failed)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = filename::sanitize(&name);
    let size = source.size;
    let _ = link.meter.file.set((name.clone(), size));
    link.persist(|| {
        // Half of the old file and half of the new one would be neither.
        source.is_as_it_was()?;
        let name = name.clone();
        let (_, stream, have) = link.connect(Wanted::Put { name, size }, 0)?;
        if have > size {
            return Err(door::nonsense());
        }
        match pour(link, &source, &stream, have) {
            // A server that takes no more has mostly said why.
            Err(Fault::Broken(why)) => match door::answer(&stream) {
                Ok(TransferReply::Refused(why)) => Err(Fault::Refused(why)),
                _ => Err(Fault::Broken(why)),
            },
            Err(fault) => Err(fault),
            Ok(()) => match door::answer(&stream)? {
                TransferReply::Done => Ok(()),
                TransferReply::Refused(why) => Err(Fault::Refused(why)),
                TransferReply::Ok(_) => Err(door::nonsense()),
            },
        }
    })
}

/// Sends all from `sent` on.
fn pour(link: &Link, source: &Source, mut stream: &TcpStream, sent: u64) -> Result<(), Fault> {
    let mut sent = sent;
    let mut file = &source.file;
    let found = file.seek(SeekFrom::Start(sent));
    found.map_err(|error| Fault::Failed(format!("it cannot be read: {}", words(&error))))?;
    let mut stride = Stride::begin();
    loop {
        link.meter.set(sent);
        if sent == source.size {
            return Ok(());
        }
        // Before the last bytes go, as what the server has whole it shares.
        source.has_its_length()?;
        // The kernel moves them by itself where it can (sendfile).
        let mut chunk = file.take(stride.step().min(source.size - sent));
        match io::copy(&mut chunk, &mut stream).map_err(|error| door::broken(&error))? {
            0 => return Err(changed("shorter")),
            count => sent += count,
        }
    }
}

impl Source {
    fn open(path: &Path) -> Result<Source, String> {
        let why = |why: &str| format!("cannot read {}: {why}", path.display());
        // Looked at before it is opened: to open a pipe waits for its other end.
        let known = path.metadata().map_err(|error| why(&words(&error)))?;
        if !known.is_file() {
            return Err(why("it is no file"));
        }
        let file = File::open(path).map_err(|error| why(&words(&error)))?;
        let known = file.metadata().map_err(|error| why(&words(&error)))?;
        Ok(Source {
            file,
            size: known.len(),
            changed: known.modified().ok(),
        })
    }

    fn has_its_length(&self) -> Result<(), Fault> {
        match self.file.metadata() {
            Ok(now) if now.len() < self.size => Err(changed("shorter")),
            Ok(now) if now.len() > self.size => Err(changed("longer")),
            _ => Ok(()),
        }
    }

    fn is_as_it_was(&self) -> Result<(), Fault> {
        self.has_its_length()?;
        match self.file.metadata().and_then(|now| now.modified()) {
            Ok(now) if Some(now) != self.changed => Err(changed("different")),
            _ => Ok(()),
        }
    }
}

fn changed(how: &str) -> Fault {
    Fault::Failed(format!("the file has become {how} meanwhile"))
}
