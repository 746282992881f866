//! Files that people share: who may send and fetch what, and where it lies.
//!
//! ```text
//! /put, /get in the chat -> SHELF gives a ticket
//! a connection that shows it -> SHELF gives an UPLOAD or a DOWNLOAD -> bytes <-> STORE
//! ```
//!
//! The shelf is what is known, behind a lock; the store is the folder on disk. No
//! disk is touched under the lock, so that a slow one makes nobody wait but those
//! who send and fetch.

mod about;
mod job;
mod pace;
mod shelf;
mod store;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use common::transfer::filename;
use common::transfer::{TicketGrant, TransferRequest};
use common::{Name, Token};

use crate::link::Id;
use crate::log::Log;
use crate::secret;

pub use about::{About, count};
pub use job::{Download, Failure, Job, Upload};

use pace::Pace;
use shelf::{Shelf, What};
use store::Store;

/// How often the operator is told that the folder cannot be written.
const REPEAT_FAULT: Duration = Duration::from_secs(60);

/// Where files are kept, and how much of them.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder; it is made if there is none.
    pub folder: PathBuf,
    /// The most bytes of one file: a recorded lecture fits.
    pub most_bytes: u64,
    /// The most bytes of all together, so that the disk is not filled.
    pub all_bytes: u64,
    /// How many transfers one member may have at once, tickets included: one does
    /// not take the line for itself.
    pub transfers: usize,
    /// How many bytes a second several transfers may move together.
    pub rate: u64,
    /// How long a file is kept: a course's month.
    pub kept: Duration,
    /// How long what came of a broken upload waits for the rest: a walk to where
    /// the Wi-Fi works.
    pub partial: Duration,
    /// How long a transfer may get nowhere.
    pub stall: Duration,
}

impl Settings {
    /// The usual limits for files in `folder`.
    pub fn of(folder: impl Into<PathBuf>) -> Settings {
        Settings {
            folder: folder.into(),
            most_bytes: 100 * 1024 * 1024,
            all_bytes: 1024 * 1024 * 1024,
            transfers: 4,
            rate: 200 * 1024 * 1024,
            kept: Duration::from_secs(30 * 86_400),
            partial: Duration::from_secs(600),
            stall: Duration::from_secs(30),
        }
    }
}

/// Who asks for something.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The member's connection.
    pub id: Id,
    /// Where it comes from; a transfer has to come from there as well.
    pub ip: IpAddr,
    /// What it is called now.
    pub name: Name,
}

/// All that is shared here.
pub struct Files {
    settings: Settings,
    store: Store,
    pace: Pace,
    shelf: Mutex<Shelf>,
    log: Log,
    fault_told: Mutex<Option<Instant>>,
}

impl Files {
    /// Opens the folder, and removes what a server left there that was killed in
    /// the middle of something.
    ///
    /// # Errors
    ///
    /// A sentence that names the folder, when it cannot be used.
    pub fn open(settings: Settings, log: Log) -> Result<Arc<Files>, String> {
        let folder = settings.folder.display().to_string();
        let cannot = |error| format!("cannot keep files in {folder}: {error}");
        let store = Store::new(&settings.folder).map_err(cannot)?;
        let found = store.scan().map_err(cannot)?;
        Ok(Arc::new(Files {
            shelf: Mutex::new(Shelf::new(found, settings.clone())),
            pace: Pace::new(settings.rate),
            settings,
            store,
            log,
            fault_told: Mutex::new(None),
        }))
    }

    /// What is there, the oldest first.
    pub fn list(&self) -> Vec<About> {
        self.lock().list()
    }

    /// Gives leave to send a file.
    ///
    /// # Errors
    ///
    /// Why not, in a sentence for the member.
    pub fn ask_put(&self, asker: Asker, name: &str, size: u64) -> Result<TicketGrant, String> {
        let name = filename::sanitize(name);
        let what = What::New { name, size };
        self.lock().grant(asker, what, token(), Instant::now())
    }

    /// Gives leave to fetch file `id`.
    ///
    /// # Errors
    ///
    /// Why not, in a sentence for the member.
    pub fn ask_get(&self, asker: Asker, id: u64) -> Result<TicketGrant, String> {
        let what = What::Existing(id);
        self.lock().grant(asker, what, token(), Instant::now())
    }

    /// Removes a file; only `who` has shared it may, or the operator, who is none.
    ///
    /// # Errors
    ///
    /// Why not, in a sentence for whoever asked.
    pub fn forget(&self, who: Option<&Name>, id: u64) -> Result<About, String> {
        let about = self.lock().forget(who, id)?;
        self.remove(id);
        Ok(about)
    }

    /// Nothing more is to be sent or fetched for a member that has left.
    pub fn leave(&self, member: Id) {
        self.lock().leave(member);
    }

    /// Begins the transfer that `demand` has leave for.
    ///
    /// # Errors
    ///
    /// Why not; wrong tickets are all refused alike.
    pub fn redeem(self: &Arc<Files>, demand: TransferRequest, ip: IpAddr) -> Result<Job, Failure> {
        let grant = self.lock().redeem(demand, ip, Instant::now())?;
        job::begin(self, grant, demand.offset)
    }

    /// Removes what is too old.
    pub fn sweep(&self) {
        let swept = self.lock().sweep(Instant::now(), unix_now());
        for id in swept.files {
            self.remove(id);
        }
        for id in swept.parts {
            self.store.remove_part(id);
        }
    }

    /// How long a transfer is to pause that has just moved so many bytes.
    pub fn pause(&self, bytes: u64) -> Duration {
        self.pace.pause(bytes, Instant::now())
    }

    /// For how long a transfer may get nowhere.
    pub fn stall(&self) -> Duration {
        self.settings.stall
    }

    /// Notes what happens, for the operator.
    pub fn note(&self, what: &str) {
        self.log.line(format!("[FILES] {what}"));
    }

    fn remove(&self, id: u64) {
        if let Err(error) = self.store.remove(id) {
            self.tell_fault(&format!("cannot remove file {id}: {error}"));
        }
    }

    /// Tells the operator of a disk that will not have it; once a minute.
    fn tell_fault(&self, what: &str) {
        let told = self.fault_told.lock();
        let mut told = told.unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|at| at.elapsed() >= REPEAT_FAULT) {
            *told = Some(Instant::now());
            self.note(&format!("{what}."));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn token() -> Token {
    Token(u128::from_ne_bytes(secret::bytes()))
}

/// The wall clock, in seconds: a file's age outlives the process.
fn unix_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}
