//! Tagged: measures a room of 1,000 members of which none, half or all receive tags.
//!
//! A tagged member asks for `time` alone, and receives both tags, the time and the id.
//! If it asked for `id` too, it would receive the same, but its lines would have
//! numbers, and a tagged sender would not be comparable with a plain one.
//!
//! Deliveries are lines, not bytes. A line of 64 bytes has about 50 bytes of tags.

use std::fmt;
use std::io;

use crate::case::{Case, joined_with};
use crate::generator::Requests;
use crate::report::Figure;
use crate::subject::Running;
use crate::throughput::Workload;

pub const MEMBERS: usize = 1000;

/// The cases with tags. Each is compared with the same room without tags.
pub const CASES: [Case; 4] = [
    case(1, Share::Half),
    case(1, Share::All),
    case(MEMBERS, Share::Half),
    case(MEMBERS, Share::All),
];

/// The share of the members that receive tags.
#[derive(Clone, Copy, PartialEq)]
pub enum Share {
    None,
    /// Every second member. The only sender is not one of them.
    Half,
    /// All members, the senders too.
    All,
}

const fn case(senders: usize, share: Share) -> Case {
    Case::Tagged { senders, share }
}

/// Measures the room.
///
/// # Errors
///
/// When the server does not grant the capability, a member is disconnected, or a line
/// is incomplete, or has tags and should not.
pub fn run(
    running: &Running,
    senders: usize,
    share: Share,
    seconds: f64,
) -> io::Result<Vec<Figure>> {
    let mut generator = joined_with(running, MEMBERS, share.requests())?;
    let workload = Workload::in_one_room(&generator, senders, seconds);
    workload.run(&mut generator, running)
}

impl Share {
    fn requests(self) -> Requests {
        match self {
            Share::None => |_| None,
            Share::Half => |member| (member % 2 == 1).then_some("time"),
            Share::All => |_| Some("time"),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Share::None => "none",
            Share::Half => "half",
            Share::All => "all",
        })
    }
}
