//! One transfer, from its ticket to its end: what its connection has to know.

use std::fs::File;
use std::io::{self, ErrorKind, Seek, SeekFrom};
use std::sync::Arc;
use std::time::Instant;

use common::Name;
use common::transfer::format_size;

use super::about::About;
use super::shelf::{Begun, Grant, What};
use super::{Asker, Files, unix_now};
use crate::link::Id;

/// A transfer that has leave to run.
pub enum Job {
    /// To us.
    Upload(Upload),
    /// From us.
    Download(Download),
}

/// Why one does not run, or not to its end.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// The ticket is not good; nobody is told in which way.
    Ticket,
    /// For this reason.
    Refused(String),
}

impl Failure {
    /// The sentence for the peer.
    pub fn told(&self) -> &str {
        match self {
            Failure::Ticket => "That ticket is not good. Ask for one in the chat.",
            Failure::Refused(why) => why,
        }
    }
}

/// A member's place among those who transfer, given back when it is dropped.
struct Place {
    files: Arc<Files>,
    member: Id,
}

impl Place {
    fn new(files: &Arc<Files>, member: Id) -> Place {
        files.pace.begin();
        Place {
            files: Arc::clone(files),
            member,
        }
    }

    fn is_good(&self) -> bool {
        self.files.lock().is_there(self.member)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.files.pace.end();
        self.files.lock().end(self.member);
    }
}

/// A file on its way to us. If it is dropped before its end, what has come is kept
/// for a while.
pub struct Upload {
    place: Place,
    file: Arc<File>,
    about: About,
    /// How many of its bytes we have.
    pub have: u64,
    ended: bool,
}

/// A file on its way from us.
pub struct Download {
    place: Place,
    who: Name,
    /// What is fetched.
    pub about: About,
    /// Its bytes, from where they are wanted on.
    pub file: File,
    /// From which byte on they are wanted.
    pub offset: u64,
}

/// Begins the transfer that was granted.
pub fn begin(files: &Arc<Files>, grant: Grant, offset: u64) -> Result<Job, Failure> {
    let Grant { asker, what, .. } = grant;
    let Asker { id, name: who, .. } = asker;
    let place = Place::new(files, id);
    match what {
        What::New { name, size } => upload(place, who, name, size).map(Job::Upload),
        What::Existing(id) => download(place, who, id, offset).map(Job::Download),
    }
}

fn upload(place: Place, who: Name, name: String, size: u64) -> Result<Upload, Failure> {
    let files = &place.files;
    let begun = files.lock().begin(&who, &name, size)?;
    let (id, opened) = match begun {
        Begun::Anew(id) => (id, files.store.begin(id).map(|file| (file, 0))),
        Begun::Again(id) => (id, files.store.resume(id)),
    };
    let (file, have) = match opened {
        Ok((file, have)) if have <= size => (file, have),
        Ok(_) => return Err(discard(files, id, &io::Error::other("it has grown"))),
        Err(error) => return Err(discard(files, id, &error)),
    };
    let when = 0; // not known before its end
    let about = About {
        id,
        name,
        size,
        who,
        when,
    };
    Ok(Upload {
        place,
        file: Arc::new(file),
        about,
        have,
        ended: false,
    })
}

fn download(place: Place, who: Name, id: u64, offset: u64) -> Result<Download, Failure> {
    let files = &place.files;
    let about = files.lock().file(id).cloned().map_err(Failure::Refused)?;
    if offset > about.size {
        let size = about.size;
        return Err(Failure::Refused(format!(
            "{} has only {size} bytes.",
            about.name
        )));
    }
    let opened = files.store.open(&about).and_then(|mut file| {
        file.seek(SeekFrom::Start(offset))?;
        Ok(file)
    });
    match opened {
        Ok(file) => Ok(Download {
            place,
            who,
            about,
            file,
            offset,
        }),
        Err(error) => {
            files.tell_fault(&format!("cannot read file {id}: {error}"));
            Err(Failure::Refused(format!("{} cannot be read.", about.name)))
        }
    }
}

/// Removes an upload that the disk will not have, tells the operator why, and says
/// what its sender is told.
fn discard(files: &Files, id: u64, error: &io::Error) -> Failure {
    files.store.remove_part(id);
    files.lock().give_up(id);
    files.tell_fault(&format!("cannot write: {error}"));
    let why = match error.kind() {
        ErrorKind::StorageFull => "the server's disk is full",
        _ => "the server cannot write it",
    };
    Failure::Refused(format!("That was not kept, {why}."))
}

impl Upload {
    /// How many bytes are still to come.
    pub fn missing(&self) -> u64 {
        self.about.size.saturating_sub(self.have)
    }

    /// Where its bytes go.
    pub fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// Whether its member is still in the chat.
    pub fn is_wanted(&self) -> bool {
        self.place.is_good()
    }

    /// Who sends what, for the log.
    pub fn told(&self) -> String {
        let About { who, name, .. } = &self.about;
        let size = format_size(self.about.size);
        format!("{who} sends {name}, {size}")
    }

    /// Gives it up, as the disk will not have it; says what the sender is told.
    pub fn fail(mut self, error: &io::Error) -> Failure {
        self.ended = true;
        discard(&self.place.files, self.about.id, error)
    }

    /// Makes a file of it, now that all of it is there: safe on disk and listed.
    pub fn complete(mut self) -> Result<(About, Id), Failure> {
        self.about.when = unix_now();
        let files = &self.place.files;
        match files.store.complete(&self.file, &self.about) {
            Ok(()) => {
                self.ended = true;
                files.lock().complete(self.about.clone());
                Ok((self.about.clone(), self.place.member))
            }
            Err(error) => Err(self.fail(&error)),
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.ended {
            let files = &self.place.files;
            files.lock().break_off(self.about.id, Instant::now());
        }
    }
}

impl Download {
    /// Whether the file is still listed, and its member in the chat.
    pub fn is_wanted(&self) -> bool {
        self.is_listed() && self.place.is_good()
    }

    /// Whether it was not removed meanwhile.
    pub fn is_listed(&self) -> bool {
        self.place.files.lock().file(self.about.id).is_ok()
    }

    /// The member who fetches it.
    pub fn member(&self) -> Id {
        self.place.member
    }

    /// What that is called.
    pub fn who(&self) -> &Name {
        &self.who
    }
}
