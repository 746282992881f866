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

use crate::link::ConnectionId;
use crate::log::Log;
use crate::secret;

pub use about::{FileMetadata, count_line};
pub use job::{Download, TransferError, Transfer, Upload};

use pace::TransferRate;
use shelf::{Catalog, TransferTarget};
use store::Store;

/// How often the operator is told that the folder cannot be written.
const FAULT_INTERVAL: Duration = Duration::from_secs(60);

/// Where files are kept, and how much of them.
#[derive(Clone, Debug)]
pub struct FilesConfig {
    /// The folder; it is made if there is none.
    pub folder: PathBuf,
    /// The most bytes of one file: a recorded lecture fits.
    pub max_file_bytes: u64,
    /// The most bytes of all together, so that the disk is not filled.
    pub max_total_bytes: u64,
    /// How many transfers one member may have at once, tickets included: one does
    /// not take the line for itself.
    pub max_transfers: usize,
    /// How many bytes a second several transfers may move together.
    pub rate: u64,
    /// How long a file is kept: a course's month.
    pub max_age: Duration,
    /// How long what came of a broken upload waits for the rest: a walk to where
    /// the Wi-Fi works.
    pub partial_max_age: Duration,
    /// How long a transfer may get nowhere.
    pub stall_timeout: Duration,
}

impl FilesConfig {
    /// The usual limits for files in `folder`.
    pub fn new(folder: impl Into<PathBuf>) -> FilesConfig {
        FilesConfig {
            folder: folder.into(),
            max_file_bytes: 100 * 1024 * 1024,
            max_total_bytes: 1024 * 1024 * 1024,
            max_transfers: 4,
            rate: 200 * 1024 * 1024,
            max_age: Duration::from_secs(30 * 86_400),
            partial_max_age: Duration::from_secs(600),
            stall_timeout: Duration::from_secs(30),
        }
    }
}

/// Who asks for something.
#[derive(Clone, Debug)]
pub struct Requester {
    /// The member's connection.
    pub id: ConnectionId,
    /// Where it comes from; a transfer has to come from there as well.
    pub ip: IpAddr,
    /// What it is called now.
    pub name: Name,
}

/// All that is shared here.
pub struct Files {
    config: FilesConfig,
    store: Store,
    rate: TransferRate,
    catalog: Mutex<Catalog>,
    log: Log,
    fault_reported: Mutex<Option<Instant>>,
}

impl Files {
    /// Opens the folder, and removes what a server left there that was killed in
    /// the middle of something.
    ///
    /// # Errors
    ///
    /// A sentence that names the folder, when it cannot be used.
    pub fn open(settings: FilesConfig, log: Log) -> Result<Arc<Files>, String> {
        let folder = settings.folder.display().to_string();
        let cannot = |error| format!("cannot keep files in {folder}: {error}");
        let store = Store::new(&settings.folder).map_err(cannot)?;
        let found = store.scan().map_err(cannot)?;
        Ok(Arc::new(Files {
            catalog: Mutex::new(Catalog::new(found, settings.clone())),
            rate: TransferRate::new(settings.rate),
            config: settings,
            store,
            log,
            fault_reported: Mutex::new(None),
        }))
    }

    /// What is there, the oldest first.
    pub fn list(&self) -> Vec<FileMetadata> {
        self.lock().list()
    }

    /// Gives leave to send a file.
    ///
    /// # Errors
    ///
    /// Why not, in a sentence for the member.
    pub fn request_upload(&self, asker: Requester, name: &str, size: u64) -> Result<TicketGrant, String> {
        let name = filename::sanitize(name);
        let what = TransferTarget::New { name, size };
        self.lock().grant(asker, what, token(), Instant::now())
    }

    /// Gives leave to fetch file `id`.
    ///
    /// # Errors
    ///
    /// Why not, in a sentence for the member.
    pub fn request_download(&self, asker: Requester, id: u64) -> Result<TicketGrant, String> {
        let what = TransferTarget::Existing(id);
        self.lock().grant(asker, what, token(), Instant::now())
    }

    /// Removes a file; only `who` has shared it may, or the operator, who is none.
    ///
    /// # Errors
    ///
    /// Why not, in a sentence for whoever asked.
    pub fn remove_file(&self, who: Option<&Name>, id: u64) -> Result<FileMetadata, String> {
        let about = self.lock().remove(who, id)?;
        self.remove_from_disk(id);
        Ok(about)
    }

    /// Nothing more is to be sent or fetched for a member that has left.
    pub fn remove_member(&self, member: ConnectionId) {
        self.lock().remove_member(member);
    }

    /// Begins the transfer that `demand` has leave for.
    ///
    /// # Errors
    ///
    /// Why not; wrong tickets are all refused alike.
    pub fn redeem(self: &Arc<Files>, demand: TransferRequest, ip: IpAddr) -> Result<Transfer, TransferError> {
        let grant = self.lock().redeem(demand, ip, Instant::now())?;
        job::begin(self, grant, demand.offset)
    }

    /// Removes what is too old.
    pub fn remove_expired(&self) {
        let swept = self.lock().expire(Instant::now(), unix_now());
        for id in swept.files {
            self.remove_from_disk(id);
        }
        for id in swept.parts {
            self.store.remove_upload(id);
        }
    }

    /// How long a transfer is to pause that has just moved so many bytes.
    pub fn pause(&self, bytes: u64) -> Duration {
        self.rate.pause(bytes, Instant::now())
    }

    /// For how long a transfer may get nowhere.
    pub fn stall_timeout(&self) -> Duration {
        self.config.stall_timeout
    }

    /// Notes what happens, for the operator.
    pub fn log_line(&self, what: &str) {
        self.log.line(format!("[FILES] {what}"));
    }

    fn remove_from_disk(&self, id: u64) {
        if let Err(error) = self.store.remove(id) {
            self.report_fault(&format!("cannot remove file {id}: {error}"));
        }
    }

    /// Tells the operator of a disk that will not have it; once a minute.
    fn report_fault(&self, what: &str) {
        let told = self.fault_reported.lock();
        let mut told = told.unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|at| at.elapsed() >= FAULT_INTERVAL) {
            *told = Some(Instant::now());
            self.log_line(&format!("{what}."));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Catalog> {
        self.catalog.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn token() -> Token {
    Token(u128::from_ne_bytes(secret::random_bytes()))
}

/// The wall clock, in seconds: a file's age outlives the process.
fn unix_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}
