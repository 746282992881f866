//! File races: what becomes of a member while its upload is written to disk.
//!
//! It exists only in the server's own unit tests.

use std::sync::Arc;

use common::Name;
use common::transfer::{Direction, TransferRequest};

use super::file_transfer;
use super::test_parts::{HOME, TestParts, ann};
use crate::connection::MemberId;
use crate::files::config::FilesConfig;
use crate::files::transfer::{self, SavedUpload, Transfer};
use crate::files::{Files, Requester};
use crate::record::log::{self, LogScope};

/// A folder of its own for shared files.
struct TestFiles {
    files: Arc<Files>,
    config: FilesConfig,
}

impl TestFiles {
    fn open() -> TestFiles {
        let name = format!("chat-races-{}", std::process::id());
        let config = FilesConfig::new(std::env::temp_dir().join(name));
        let (log, _logger) = log::new(LogScope::Everything, Box::new(Vec::new()), None);
        let files = Files::open(config.clone(), log).unwrap();
        TestFiles { files, config }
    }

    /// Uploads a file of `member` until it is on disk.
    fn save(&self, member: MemberId) -> SavedUpload {
        let ip = HOME.parse().unwrap();
        let requester = Requester { id: member, ip };
        let grant = self.files.request_upload(requester, "notes.pdf", 3);
        let request = TransferRequest {
            direction: Direction::Put,
            ticket: Some(grant.unwrap().ticket),
            offset: 0,
        };
        let Ok(Transfer::Upload(mut upload)) = transfer::redeem(&self.files, request, ip) else {
            panic!("no upload");
        };
        upload.write(b"abc").unwrap();
        upload.save(ann()).ok().unwrap()
    }

    /// Returns the names of those that have shared files.
    fn owners(&self) -> Vec<String> {
        let files = self.files.list();
        files.iter().map(|file| file.owner.to_string()).collect()
    }
}

impl Drop for TestFiles {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.config.folder);
    }
}

#[test]
fn a_file_is_shared_by_what_its_member_is_and_may_when_the_disk_is_done() {
    let folder = TestFiles::open();
    let muting = ["/mute ann", "/mute all", "/kick ann", "/ban ann"];
    for meanwhile in muting {
        let server = TestParts::new();
        let open = server.connect(HOME);
        let (guard, _token) = server.join_ann(&open);
        let saved = folder.save(guard.connection.member_id());
        server.type_line(meanwhile);
        let shared = file_transfer::share(&server.context, &folder.files, saved);
        assert!(shared.is_err(), "shared after {meanwhile}");
        assert_eq!(folder.owners(), [""; 0], "{meanwhile}");
        let left = std::fs::read_dir(&folder.config.folder).unwrap().count();
        assert_eq!(left, 0, "files on disk after {meanwhile}");
    }
    let server = TestParts::new();
    let open = server.connect(HOME);
    let (mut guard, _token) = server.join_ann(&open);
    let saved = folder.save(guard.connection.member_id());
    assert!(guard.rename(&ann(), &Name::from_static("eve")).is_ok());
    assert!(file_transfer::share(&server.context, &folder.files, saved).is_ok());
    assert_eq!(folder.owners(), ["eve"]);
}
