//! Who may come in: the caps on connections, checked before a thread is spent.
//!
//! The door knows connections, not names. It also knows all of them, named or
//! not, so it is what closes them when the server ends.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::limits::Limits;
use crate::link::{Id, Link};
use crate::reason::{Ending, Reason};

/// Counts who is inside.
pub struct Door {
    inside: Mutex<Inside>,
    clients: usize,
    unnamed: usize,
    per_address: usize,
}

#[derive(Default)]
struct Inside {
    links: BTreeMap<Id, Arc<Link>>,
    /// Those without a name yet. Ids grow with time: the first is the oldest.
    unnamed: BTreeSet<Id>,
    per_address: HashMap<IpAddr, usize>,
    /// Each pass holds a copy; gone once the door is closed.
    alive: Option<Sender<Infallible>>,
}

impl Door {
    /// An open door. The receiver disconnects when the door has been closed and
    /// the last pass is given back.
    pub fn new(limits: &Limits) -> (Arc<Door>, Receiver<Infallible>) {
        let (alive, empty) = bounded(1);
        let inside = Inside {
            alive: Some(alive),
            ..Inside::default()
        };
        let door = Door {
            inside: Mutex::new(inside),
            clients: limits.clients,
            unnamed: limits.unnamed,
            per_address: limits.per_address,
        };
        (Arc::new(door), empty)
    }

    /// Lets a connection in, for as long as the pass is held.
    ///
    /// # Errors
    ///
    /// The ending to give it when a cap is reached or the door is closed.
    pub fn admit(self: &Arc<Door>, link: &Arc<Link>) -> Result<Pass, Ending> {
        let mut inside = self.lock();
        let Some(alive) = inside.alive.clone() else {
            return Err(Reason::Shutdown.into());
        };
        if inside.links.len() >= self.clients {
            return Err(Ending::told(Reason::Full, "The room is full."));
        }
        let host = host(link.address.ip());
        let here = inside.per_address.entry(host).or_default();
        if *here >= self.per_address && !host.is_loopback() {
            let told = format!("Too many connections from your address, {here} are open.");
            return Err(Ending::told(Reason::Full, told));
        }
        *here += 1;
        inside.links.insert(link.id, Arc::clone(link));
        inside.unnamed.insert(link.id);
        let crowded = inside.unnamed.len() > self.unnamed;
        let oldest = crowded.then(|| inside.unnamed.pop_first()).flatten();
        let oldest = oldest.and_then(|id| inside.links.get(&id).cloned());
        drop(inside);
        if let Some(oldest) = oldest {
            let told = "You have no name yet, and others are waiting to come in.";
            oldest.cut(Ending::told(Reason::Full, told));
        }
        Ok(Pass {
            door: Arc::clone(self),
            id: link.id,
            host,
            _alive: alive,
        })
    }

    /// Lets nobody in any more and cuts every connection there is.
    pub fn close(&self) {
        let mut inside = self.lock();
        inside.alive = None;
        let links: Vec<Arc<Link>> = inside.links.values().cloned().collect();
        drop(inside);
        for link in links {
            link.cut(Reason::Shutdown);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who an address belongs to. An IPv6 host commonly owns the whole /64 network
/// that its address is in, so that is what counts (RFC 6177).
fn host(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => {
            let network = v6.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
        other => other,
    }
}

/// One connection's place inside, given back by dropping it.
pub struct Pass {
    door: Arc<Door>,
    id: Id,
    host: IpAddr,
    _alive: Sender<Infallible>,
}

impl Pass {
    /// Notes that the connection has a name now.
    pub fn named(&self) {
        self.door.lock().unnamed.remove(&self.id);
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut inside = self.door.lock();
        inside.links.remove(&self.id);
        inside.unnamed.remove(&self.id);
        if let Some(count) = inside.per_address.get_mut(&self.host) {
            *count -= 1;
            if *count == 0 {
                inside.per_address.remove(&self.host);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_stands_for_its_host() {
        let check = |address: &str, expected: &str| {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(host(address), expected.parse::<IpAddr>().unwrap());
        };
        check("10.0.0.7", "10.0.0.7");
        check("::ffff:10.0.0.7", "10.0.0.7");
        check("::ffff:127.0.0.1", "127.0.0.1");
        check("::1", "::1");
        check("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::");
    }
}
