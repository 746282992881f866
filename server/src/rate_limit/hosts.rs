//! Hosts: the allowances of connections that have left, so that a new connection does not
//! lift the limit.
//!
//! Members who are present never share an allowance: a class behind one address is not
//! held back together.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::TokenBucket;
use super::name_requests::NameRequests;
use crate::connection::host::Host;
use crate::limits::Rate;
use crate::sync::lock;

/// The time for which an allowance is kept. The largest burst is back by then.
const KEPT: Duration = Duration::from_secs(60);

/// The most allowances that are kept of one host, and of all. Each takes 40 bytes.
const MAX_PER_HOST: usize = 1024;
const MAX_IN_ALL: usize = 65_536;

/// The allowances of connections that have left, and what else is counted by host.
#[derive(Default)]
pub struct HostAllowances {
    /// The requests for names that members have.
    pub name_requests: NameRequests,
    left: Mutex<Left>,
}

#[derive(Default)]
struct Left {
    hosts: HashMap<Host, Vec<Allowance>>,
    count: usize,
}

struct Allowance {
    bucket: TokenBucket,
    left_at: Instant,
}

impl HostAllowances {
    /// Returns the allowance of a new connection from `host`: the one of which a
    /// connection that has left has used most, else a full one.
    pub fn take(&self, host: Host, rate: Rate, now: Instant) -> TokenBucket {
        if rate == Rate::Unlimited {
            return TokenBucket::new(rate, now);
        }
        let mut left = lock(&self.left);
        let kept = left.hosts.get_mut(&host);
        let most_used = kept.and_then(|kept| {
            let used = |&index: &usize| kept.get(index).map(|it| it.bucket.full_at);
            let index = (0..kept.len()).max_by_key(used)?;
            let is_last = kept.len() == 1;
            Some((kept.swap_remove(index), is_last))
        });
        match most_used {
            None => TokenBucket::new(rate, now),
            Some((allowance, is_last)) => {
                left.count -= 1;
                if is_last {
                    left.hosts.remove(&host);
                }
                allowance.bucket
            }
        }
    }

    /// Keeps what a connection from `host` has used, when it leaves.
    pub fn give_back(&self, host: Host, bucket: TokenBucket, now: Instant) {
        if bucket.is_full(now) {
            return;
        }
        let mut left = lock(&self.left);
        if left.count >= MAX_IN_ALL {
            left.remove_old(now);
        }
        if left.count >= MAX_IN_ALL {
            return;
        }
        let kept = left.hosts.entry(host).or_default();
        if kept.len() < MAX_PER_HOST {
            kept.push(Allowance {
                bucket,
                left_at: now,
            });
            left.count += 1;
        }
    }
}

impl Left {
    fn remove_old(&mut self, now: Instant) {
        for kept in self.hosts.values_mut() {
            kept.retain(|it| now.saturating_duration_since(it.left_at) < KEPT);
        }
        self.hosts.retain(|_, kept| !kept.is_empty());
        self.count = self.hosts.values().map(Vec::len).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate::Limited {
        per_second: 10,
        burst: 50,
    };

    fn host(last: u8) -> Host {
        Host::of([10, 0, 0, last].into())
    }

    #[test]
    fn a_new_connection_continues_the_most_used_allowance_of_its_host() {
        let allowances = HostAllowances::default();
        let now = Instant::now();
        let mut first = allowances.take(host(1), RATE, now);
        let mut second = allowances.take(host(1), RATE, now);
        for _ in 0..50 {
            first.take_at(now);
        }
        second.take_at(now);
        allowances.give_back(host(1), first, now);
        allowances.give_back(host(1), second, now);
        let elsewhere = allowances.take(host(2), RATE, now).take_at(now);
        assert!(elsewhere.is_zero());
        let mut again = allowances.take(host(1), RATE, now);
        assert_eq!(again.take_at(now).as_millis(), 100, "the burst was used");
        let mut third = allowances.take(host(1), RATE, now);
        assert!(third.take_at(now).is_zero(), "the second had used one line");
    }

    #[test]
    fn what_is_full_again_is_not_kept() {
        let allowances = HostAllowances::default();
        let now = Instant::now();
        let mut bucket = allowances.take(host(1), RATE, now);
        bucket.take_at(now);
        let later = now + KEPT;
        allowances.give_back(host(1), bucket, later);
        assert_eq!(lock(&allowances.left).count, 0);
    }

    #[test]
    fn the_allowances_of_one_host_are_bounded() {
        let allowances = HostAllowances::default();
        let now = Instant::now();
        for _ in 0..2 * MAX_PER_HOST {
            let mut bucket = TokenBucket::new(RATE, now);
            bucket.take_at(now);
            allowances.give_back(host(1), bucket, now);
        }
        assert_eq!(lock(&allowances.left).count, MAX_PER_HOST);
    }
}
