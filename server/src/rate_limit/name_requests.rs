//! Name requests: how long to delay the refusal of a name that a member has.
//!
//! A host that requests it again and again is refused later and later. It delays nobody
//! else, because the requests of each host count for themselves.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::connection::MemberId;
use crate::connection::host::Host;
use crate::limits;
use crate::recent::Recent;
use crate::sync::lock;

/// The pause after which a request counts as the first again.
const FORGOTTEN: Duration = Duration::from_secs(60);

/// The requests in a row that are refused at once: a class may all want one name.
const FREE_REQUESTS: u32 = 60;

/// The delay of the first refusal after those. It doubles with each.
const FIRST_REFUSAL_DELAY: Duration = Duration::from_millis(250);

/// The most hosts and members of which requests are counted, in some 4 MiB.
const MAX_COUNTED: usize = 16 * 1024;

/// The requests of each host for the name of each member.
pub struct NameRequests(Mutex<Recent<(Host, MemberId), InARow>>);

struct InARow {
    count: u32,
    last: Instant,
}

impl Default for NameRequests {
    fn default() -> NameRequests {
        NameRequests(Mutex::new(Recent::new(MAX_COUNTED)))
    }
}

impl NameRequests {
    /// Records that `host` has requested the name of `holder`. Returns how long to delay
    /// the refusal: the first come at once, each further one later.
    pub fn record(&self, host: Host, holder: MemberId, now: Instant) -> Duration {
        let mut recent = lock(&self.0);
        let before = recent.get(&(host, holder));
        let before = before.filter(|it| now.saturating_duration_since(it.last) <= FORGOTTEN);
        let count = before.map_or(0, |it| it.count).saturating_add(1);
        recent.insert((host, holder), InARow { count, last: now });
        let Some(excess) = count.checked_sub(FREE_REQUESTS + 1) else {
            return Duration::ZERO;
        };
        let delay = FIRST_REFUSAL_DELAY.saturating_mul(2_u32.saturating_pow(excess));
        delay.min(limits::MAX_NAME_REFUSAL_DELAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::ConnectionId;

    #[test]
    fn a_host_that_requests_a_name_again_and_again_is_refused_later_and_later() {
        let requests = NameRequests::default();
        let now = Instant::now();
        let next = |host: u8, holder, now| {
            let holder = MemberId::first_of(ConnectionId(holder));
            let host = Host::of([10, 0, 0, host].into());
            requests.record(host, holder, now).as_millis()
        };
        assert!((0..FREE_REQUESTS).all(|_| next(1, 1, now) == 0));
        let delays: Vec<u128> = (0..7).map(|_| next(1, 1, now)).collect();
        assert_eq!(delays, [250, 500, 1000, 2000, 4000, 8000, 8000]);
        assert_eq!(next(2, 1, now), 0, "another host");
        assert_eq!(next(1, 2, now), 0, "another member");
        assert_eq!(next(1, 1, now + FORGOTTEN), 8000);
        assert_eq!(next(1, 1, now + 3 * FORGOTTEN), 0);
    }
}
