//! Foreign files: what others have put into the folder of shared files, under the names
//! that the server itself uses.

use std::fs::{self, File};
use std::path::Path;

use super::sharing::{SharedFolder, names, request_ticket};

const HIGHEST: u64 = u64::MAX;

/// Puts folders, files and a link there that are not of the server.
#[cfg(unix)]
fn put_foreign(folder: &Path) {
    for name in ["0.new", "3.about", "4.part", "7"] {
        fs::create_dir(folder.join(name)).unwrap();
    }
    for name in ["5", "6.about", "notes.txt"] {
        fs::write(folder.join(name), "not ours").unwrap();
    }
    put_large(folder);
    std::os::unix::fs::symlink("../canary", folder.join("8.part")).unwrap();
}

fn put_large(folder: &Path) {
    let large = File::create(folder.join("9.about")).unwrap();
    large.set_len(256 * 1024 * 1024).unwrap();
}

#[cfg(unix)]
#[test]
fn what_is_foreign_is_named_and_left_alone() {
    let shared = SharedFolder::open_after(put_foreign, &[]);
    let before = names(&shared.folder());
    shared.fixture.server.wait_for(
        "[FILES] not shared and left alone, because others put them there: \
         0.new, 3.about, 4.part, 5, 6.about, 7, 8.part, 9.about.",
    );
    let mut ann = shared.join("ann");
    assert_eq!(shared.share(&mut ann, "a", b"hello"), 10);
    ann.say("/forget 10");
    ann.expect("a is removed.");
    assert_eq!(names(&shared.folder()), before);
    drop(ann);
    shared.check();
}

#[cfg(target_os = "linux")]
#[test]
fn a_large_description_is_not_read_into_memory() {
    let shared = SharedFolder::open_after(put_large, &[]);
    let status = format!("/proc/{}/status", shared.fixture.server.id());
    let status = fs::read_to_string(status).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.unwrap().trim().strip_suffix(" kB").unwrap();
    assert!(peak.parse::<usize>().unwrap() < 128 * 1024, "{peak} KiB");
    shared.check();
}

#[test]
fn what_is_put_there_during_an_upload_is_not_replaced() {
    let shared = SharedFolder::open(&[]);
    let mut ann = shared.join("ann");
    let planted = ["1", "2.about", "3.new", "4.part"];
    for name in planted {
        let path = shared.folder().join(name);
        let plant = || fs::write(&path, "not ours").unwrap();
        let ticket = request_ticket(&mut ann, "/put a 5").ticket;
        let is_early = name.ends_with(".part");
        if is_early {
            plant();
        }
        let mut transfer = shared.connect(&format!("/put {ticket}"));
        if !is_early {
            transfer.expect("ok 0");
            plant();
            transfer.send(b"hello");
        }
        transfer.expect("! Upload failed, the server cannot write it.");
        assert_eq!(fs::read_to_string(&path).unwrap(), "not ours");
    }
    assert_eq!(names(&shared.folder()), planted);
    drop(ann);
    shared.check();
}

#[test]
fn the_numbers_end_at_the_highest() {
    for taken in [HIGHEST - 1, HIGHEST] {
        let put = |folder: &Path| fs::write(folder.join(taken.to_string()), "not ours").unwrap();
        let shared = SharedFolder::open_after(put, &[]);
        let mut ann = shared.join("ann");
        if taken < HIGHEST {
            assert_eq!(shared.share(&mut ann, "a", b"hello"), HIGHEST);
        }
        ann.say("/put b 5");
        ann.expect("! No more files can be shared, the highest number is used.");
        let foreign = fs::read_to_string(shared.folder().join(taken.to_string()));
        assert_eq!(foreign.unwrap(), "not ours");
        drop(ann);
        shared.check();
    }
}
