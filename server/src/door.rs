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
use crate::link::{ConnectionId, Connection};
use crate::reason::{Close, CloseReason};

/// Counts who is inside.
pub struct ConnectionLimiter {
    connections: Mutex<Connections>,
    max_clients: usize,
    max_unnamed: usize,
    max_per_address: usize,
}

#[derive(Default)]
struct Connections {
    open: BTreeMap<ConnectionId, Arc<Connection>>,
    /// Those without a name yet. Ids grow with time: the first is the oldest.
    unnamed: BTreeSet<ConnectionId>,
    per_address: HashMap<IpAddr, usize>,
    /// Each pass holds a copy; gone once the door is closed.
    alive: Option<Sender<Infallible>>,
}

impl ConnectionLimiter {
    /// An open door. The receiver disconnects when the door has been closed and
    /// the last pass is given back.
    pub fn new(limits: &Limits) -> (Arc<ConnectionLimiter>, Receiver<Infallible>) {
        let (alive, empty) = bounded(1);
        let inside = Connections {
            alive: Some(alive),
            ..Connections::default()
        };
        let door = ConnectionLimiter {
            connections: Mutex::new(inside),
            max_clients: limits.max_clients,
            max_unnamed: limits.max_unnamed,
            max_per_address: limits.max_per_address,
        };
        (Arc::new(door), empty)
    }

    /// Lets a connection in, for as long as the pass is held. With it may come
    /// one that has to go for that, as it is [crowded out](crowded_out).
    ///
    /// # Errors
    ///
    /// The ending to give it when a cap is reached or the door is closed.
    pub fn admit(self: &Arc<ConnectionLimiter>, link: &Arc<Connection>) -> Result<(Permit, Option<Arc<Connection>>), Close> {
        let mut inside = self.lock();
        let Some(alive) = inside.alive.clone() else {
            return Err(CloseReason::Shutdown.into());
        };
        if inside.open.len() >= self.max_clients {
            return Err(Close::with_message(CloseReason::Full, "The room is full."));
        }
        let host = network_host(link.address.ip());
        let here = inside.per_address.entry(host).or_default();
        if *here >= self.max_per_address && !host.is_loopback() {
            let told = format!("Too many connections from your address, {here} are open.");
            return Err(Close::with_message(CloseReason::Full, told));
        }
        *here += 1;
        inside.open.insert(link.id, Arc::clone(link));
        inside.unnamed.insert(link.id);
        let crowded = inside.unnamed.len() > self.max_unnamed;
        let oldest = crowded.then(|| inside.unnamed.pop_first()).flatten();
        let oldest = oldest.and_then(|id| inside.open.get(&id).cloned());
        drop(inside);
        let pass = Permit {
            limiter: Arc::clone(self),
            id: link.id,
            host,
            _alive: alive,
        };
        Ok((pass, oldest))
    }

    /// Lets nobody in any more, and says who is inside.
    pub fn close(&self) -> Vec<Arc<Connection>> {
        let mut inside = self.lock();
        inside.alive = None;
        inside.open.values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The ending of the oldest connection without a name when there are too many.
pub fn evicted() -> Close {
    let told = "You have no name yet, and others are waiting to come in.";
    Close::with_message(CloseReason::Full, told)
}

/// Who an address belongs to. An IPv6 host commonly owns the whole /64 network
/// that its address is in, so that is what counts (RFC 6177).
fn network_host(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => {
            let network = v6.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
        other => other,
    }
}

/// One connection's place inside, given back by dropping it.
pub struct Permit {
    limiter: Arc<ConnectionLimiter>,
    id: ConnectionId,
    host: IpAddr,
    _alive: Sender<Infallible>,
}

impl Permit {
    /// Notes that the connection has a name now, and says whether it is in
    /// time: it may have been [crowded out](crowded_out) just before.
    pub fn mark_named(&self) -> bool {
        self.limiter.lock().unnamed.remove(&self.id)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut inside = self.limiter.lock();
        inside.open.remove(&self.id);
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
    use std::net::{TcpListener, TcpStream};

    use super::*;
    use crate::link::{self, WriterThreads};

    /// A connection that claims to come from `address`.
    fn link(id: ConnectionId, address: &str) -> Arc<Connection> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let address = (address.parse::<IpAddr>().unwrap(), 1).into();
        let limits = Limits::default();
        let (writers, _) = WriterThreads::start(1, limits.stall_timeout).unwrap();
        let parts = link::open_tcp(id, stream, address, &limits, &writers);
        parts.unwrap().0
    }

    #[test]
    fn too_many_from_one_address_are_told_and_others_come_in() {
        let per_address = 2;
        let (door, _) = ConnectionLimiter::new(&Limits {
            max_per_address: per_address,
            ..Limits::default()
        });
        let knock = |id, address| door.admit(&link(id, address)).map_err(|ending| ending.message);
        let first = knock(1, "10.0.0.7").unwrap();
        let _second = knock(2, "::ffff:10.0.0.7").unwrap();
        let told = "Too many connections from your address, 2 are open.";
        assert_eq!(knock(3, "10.0.0.7").err().unwrap(), told);
        let _other = knock(4, "10.0.0.8").unwrap();
        drop(first);
        let _again = knock(5, "10.0.0.7").unwrap();
        assert_eq!(knock(6, "10.0.0.7").err().unwrap(), told);
        let network = ["2001:db8::1", "2001:db8::2"].map(|address| knock(7, address).unwrap());
        assert_eq!(knock(8, "2001:db8::3").err().unwrap(), told);
        drop(network);
        let local = [9, 10, 11].map(|id| knock(id, "127.0.0.1").unwrap());
        drop(local);
    }

    #[test]
    fn the_oldest_without_a_name_makes_room() {
        let unnamed = 2;
        let (door, _) = ConnectionLimiter::new(&Limits {
            max_unnamed: unnamed,
            ..Limits::default()
        });
        let links: Vec<Arc<Connection>> = (0..5).map(|id| link(id, "::1")).collect();
        let mut passes = Vec::new();
        let mut knock = |id: usize| {
            let (pass, crowded_out) = door.admit(&links[id]).ok().unwrap();
            passes.push(pass);
            crowded_out.map(|link| link.id)
        };
        assert_eq!([knock(0), knock(1)], [None, None]);
        assert_eq!([knock(2), knock(3)], [Some(0), Some(1)]);
        assert!(!passes[0].mark_named(), "it came too late");
        assert!(passes[2].mark_named() && passes[3].mark_named());
        assert!(door.admit(&links[4]).ok().unwrap().1.is_none());
    }

    #[test]
    fn a_closed_door_says_who_is_inside_and_tells_when_the_last_is_gone() {
        let (door, empty) = ConnectionLimiter::new(&Limits::default());
        let inside = link(1, "::1");
        let (pass, _) = door.admit(&inside).ok().unwrap();
        let ids: Vec<ConnectionId> = door.close().iter().map(|link| link.id).collect();
        assert_eq!(ids, [1]);
        assert!(door.admit(&link(2, "::1")).is_err());
        assert!(!empty.try_recv().unwrap_err().is_disconnected());
        drop(pass);
        assert!(empty.try_recv().unwrap_err().is_disconnected());
    }

    #[test]
    fn an_address_stands_for_its_host() {
        let check = |address: &str, expected: &str| {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(network_host(address), expected.parse::<IpAddr>().unwrap());
        };
        check("10.0.0.7", "10.0.0.7");
        check("::ffff:10.0.0.7", "10.0.0.7");
        check("::ffff:127.0.0.1", "127.0.0.1");
        check("::1", "::1");
        check("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::");
    }
}
