//! Turns a file at the server into one here.
//!
//! The size that the server tells is a promise and no more: no memory and no disk is
//! taken for it beforehand, and what comes beyond it is an error.

use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::transfer::filename;

use super::landing::Landing;
use super::progress::Meter;
use super::request::Wanted;
use super::worker::Link;
use super::{Fault, To, door};
use crate::connection::words;

/// How many bytes are collected for one write: where more are, nothing gets faster.
const GATHERED: usize = 256 * 1024;

/// How long to wait for the end of the connection when all bytes are here. It comes
/// with them; one that does not come costs no more than this.
const THE_END: Duration = Duration::from_secs(1);

/// Where the bytes go.
enum Target {
    File(Landing),
    Output(io::Stdout),
}

/// Fetches file `id`, however often its connection breaks, and says where it is.
///
/// # Errors
///
/// Why it is not here; then nothing of it is.
pub fn run(link: &Link, id: u64, to: &To) -> Result<Option<PathBuf>, Fault> {
    let mut target = None;
    let mut here = 0;
    link.persist(|| {
        let (leave, stream, size) = link.connect(Wanted::Get(id), here)?;
        let name = filename::sanitize(&leave.name);
        let (_, known) = link.meter.file.get_or_init(|| (name, size));
        if size != leave.size || size != *known {
            return Err(Fault::Failed(
                "the server tells two sizes for it".to_string(),
            ));
        }
        let target = match &mut target {
            Some(target) => target,
            none => none.insert(Target::open(&link.downloads, to, &leave.name)?),
        };
        pour(link, &stream, target, &mut here, size)?;
        nothing_follows(&stream)
    })?;
    match target {
        Some(Target::File(landing)) => landing.finish().map(Some).map_err(Fault::Failed),
        _ => Ok(None),
    }
}

/// Takes all from `here` on, which grows by what is written.
fn pour(
    link: &Link,
    stream: &TcpStream,
    target: &mut Target,
    here: &mut u64,
    size: u64,
) -> Result<(), Fault> {
    link.meter.set(*here);
    let (meter, read) = (&link.meter, *here);
    let watched = Watched {
        stream,
        meter,
        read,
        broken: None,
    };
    let mut source = watched.take(size - *here);
    let mut out = BufWriter::with_capacity(GATHERED, &mut *target);
    let taken = io::copy(&mut source, &mut out);
    // Also what came before the connection broke.
    let kept = out.flush();
    drop(out);
    let Watched { read, broken, .. } = source.into_inner();
    match (kept, taken, &broken) {
        (Err(error), ..) | (_, Err(error), None) => return Err(target.unwritable(&error)),
        _ => *here = read,
    }
    match broken {
        Some(fault) => Err(fault),
        None if *here < size => Err(Fault::Broken("the server has closed it".to_string())),
        None => Ok(()),
    }
}

/// The file is whole; more than that would be another file.
fn nothing_follows(mut stream: &TcpStream) -> Result<(), Fault> {
    let _ = stream.set_read_timeout(Some(THE_END));
    match stream.read(&mut [0]) {
        Ok(1..) => Err(Fault::Failed(
            "the server sends more than the file's size".into(),
        )),
        _ => Ok(()),
    }
}

impl Target {
    fn open(folder: &Path, to: &To, called: &str) -> Result<Target, Fault> {
        let to = match to {
            To::Output => return Ok(Target::Output(io::stdout())),
            To::Downloads => None,
            To::Path(path) => Some(path.as_path()),
        };
        let landing = Landing::open(folder, to, called);
        landing.map(Target::File).map_err(Fault::Failed)
    }

    fn unwritable(&self, error: &io::Error) -> Fault {
        let place = match self {
            Target::File(landing) => landing.folder().display().to_string(),
            Target::Output(_) => "standard output".to_string(),
        };
        Fault::Failed(format!("cannot write to {place}: {}", words(error)))
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
struct Watched<'a> {
    stream: &'a TcpStream,
    meter: &'a Meter,
    /// How much of the file has come.
    read: u64,
    broken: Option<Fault>,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer);
        match &read {
            Ok(count) => {
                self.read += u64::try_from(*count).unwrap_or(0);
                self.meter.set(self.read);
            }
            // `io::copy` reads again.
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => self.broken = Some(door::broken(error)),
        }
        read
    }
}
