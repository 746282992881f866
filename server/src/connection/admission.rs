//! Admission: the caps on connections, checked before a thread is spent.
//!
//! It knows connections, not names. It knows all of them, named or not, so the
//! server closes them through it when it stops.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use super::close::{Close, CloseReason};
use super::host::Host;
use super::{Connection, ConnectionId};
use crate::limits::Limits;
use crate::sync::{WaitGroup, WaitGroupGuard, lock, wait_group};

/// The caps, and the connections that count against them.
pub struct AdmissionControl {
    connections: Mutex<Connections>,
    max_clients: usize,
    max_unnamed: usize,
    max_per_address: usize,
}

#[derive(Default)]
struct Connections {
    open: BTreeMap<ConnectionId, Arc<Connection>>,
    /// Those that have sent no name for a while. Ids grow with time, so the first is
    /// the oldest.
    unnamed: BTreeSet<ConnectionId>,
    /// Those that had to make room for others.
    evicted: BTreeSet<ConnectionId>,
    per_address: HashMap<Host, usize>,
    /// Those that carry a file. Each takes a second place, because the file on disk is open
    /// beside the socket.
    transfers: BTreeSet<ConnectionId>,
    /// Each permit holds a copy. `None` once the admission is closed.
    done: Option<WaitGroupGuard>,
}

impl AdmissionControl {
    /// Makes an open admission, and the wait for its end: the admission is closed and
    /// the last permit dropped.
    pub fn new(limits: &Limits) -> (Arc<AdmissionControl>, WaitGroup) {
        let (done, all_closed) = wait_group();
        let connections = Connections {
            done: Some(done),
            ..Connections::default()
        };
        let admission = AdmissionControl {
            connections: Mutex::new(connections),
            max_clients: limits.max_clients,
            max_unnamed: limits.max_unnamed,
            max_per_address: limits.max_per_address,
        };
        (Arc::new(admission), all_closed)
    }

    /// Admits a connection for as long as its permit is held.
    ///
    /// # Errors
    ///
    /// How to close the connection when a cap is reached or the admission is closed.
    pub fn admit(
        self: &Arc<AdmissionControl>,
        connection: &Arc<Connection>,
    ) -> Result<Permit, Close> {
        let mut connections = lock(&self.connections);
        let Some(done) = connections.done.clone() else {
            return Err(CloseReason::Shutdown.into());
        };
        if connections.places() >= self.max_clients {
            return Err(server_full());
        }
        let host = Host::of(connection.address.ip());
        let count = connections.per_address.entry(host).or_default();
        if *count >= self.max_per_address && !host.is_loopback() {
            let message = format!("Too many connections from your address, {count} are open.");
            return Err(Close::with_message(CloseReason::Full, message));
        }
        *count += 1;
        connections
            .open
            .insert(connection.id, Arc::clone(connection));
        drop(connections);
        Ok(Permit {
            admission: Arc::clone(self),
            id: connection.id,
            host,
            _done: done,
        })
    }

    /// Admits nothing any more. Returns the connections that are open.
    pub fn close(&self) -> Vec<Arc<Connection>> {
        let mut connections = lock(&self.connections);
        connections.done = None;
        connections.open.values().cloned().collect()
    }
}

impl Connections {
    /// Returns the number of places that are taken.
    fn places(&self) -> usize {
        self.open.len() + self.transfers.len()
    }

    /// Returns the oldest unnamed connection if there are more than `max_unnamed`.
    fn evict_oldest(&mut self, max_unnamed: usize) -> Option<Arc<Connection>> {
        if self.unnamed.len() <= max_unnamed {
            return None;
        }
        let oldest = self.unnamed.pop_first()?;
        self.evicted.insert(oldest);
        self.open.get(&oldest).cloned()
    }
}

/// Returns the close of a connection for which no thread or place is left.
pub fn server_full() -> Close {
    Close::with_message(CloseReason::Full, "Server is full.")
}

/// Returns the close of the oldest unnamed connection when there are too many.
pub fn evicted() -> Close {
    let message = "You have no name yet, and others are waiting to join.";
    Close::with_message(CloseReason::Full, message)
}

/// The place of one connection. Dropping it gives the place back.
pub struct Permit {
    admission: Arc<AdmissionControl>,
    id: ConnectionId,
    host: Host,
    _done: WaitGroupGuard,
}

impl Permit {
    /// Counts the connection as one that has sent no name for a while. Returns the
    /// oldest of these, if it must be closed to make room.
    pub fn count_unnamed(&self) -> Option<Arc<Connection>> {
        let mut connections = lock(&self.admission.connections);
        connections.unnamed.insert(self.id);
        connections.evict_oldest(self.admission.max_unnamed)
    }

    /// Marks the connection as named, so that it cannot be evicted. Returns `false`
    /// if it has been [`evicted`] already.
    pub fn protect_from_eviction(&self) -> bool {
        let mut connections = lock(&self.admission.connections);
        connections.unnamed.remove(&self.id);
        !connections.evicted.contains(&self.id)
    }

    /// Takes a second place, for the file that the connection carries. Returns `false` if
    /// none is left.
    pub fn count_transfer(&self) -> bool {
        let mut connections = lock(&self.admission.connections);
        let has_place = connections.places() < self.admission.max_clients;
        if has_place {
            connections.transfers.insert(self.id);
        }
        has_place
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut connections = lock(&self.admission.connections);
        connections.open.remove(&self.id);
        connections.unnamed.remove(&self.id);
        connections.evicted.remove(&self.id);
        connections.transfers.remove(&self.id);
        if let Some(count) = connections.per_address.get_mut(&self.host) {
            *count -= 1;
            if *count == 0 {
                connections.per_address.remove(&self.host);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, TcpListener, TcpStream};

    use super::*;
    use crate::connection::WriterThreads;
    use crate::connection::open::ConnectionFactory;

    /// A connection that claims to come from `address`.
    fn connection(id: u64, address: &str) -> Arc<Connection> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let address = (address.parse::<IpAddr>().unwrap(), 1).into();
        let limits = Arc::new(Limits::default());
        let (writers, _) = WriterThreads::start(1, limits.stall_timeout).unwrap();
        let factory = ConnectionFactory { limits, writers };
        let id = ConnectionId(id);
        factory.open_tcp(id, stream, address).unwrap().connection
    }

    #[test]
    fn too_many_from_one_address_are_refused_and_others_are_admitted() {
        let per_address = 2;
        let (admission, _) = AdmissionControl::new(&Limits {
            max_per_address: per_address,
            ..Limits::default()
        });
        let admit = |id, address| {
            let permit = admission.admit(&connection(id, address));
            permit.map_err(|close| close.message)
        };
        let first = admit(1, "10.0.0.7").unwrap();
        let _second = admit(2, "::ffff:10.0.0.7").unwrap();
        let message = "Too many connections from your address, 2 are open.";
        assert_eq!(admit(3, "10.0.0.7").err().unwrap(), message);
        let _other = admit(4, "10.0.0.8").unwrap();
        drop(first);
        let _again = admit(5, "10.0.0.7").unwrap();
        assert_eq!(admit(6, "10.0.0.7").err().unwrap(), message);
        let network = ["2001:db8::1", "2001:db8::2"].map(|address| admit(7, address).unwrap());
        assert_eq!(admit(8, "2001:db8::3").err().unwrap(), message);
        drop(network);
        let local = [9, 10, 11].map(|id| admit(id, "127.0.0.1").unwrap());
        drop(local);
    }

    #[test]
    fn the_oldest_without_a_name_makes_room() {
        let unnamed = 2;
        let (admission, _) = AdmissionControl::new(&Limits {
            max_unnamed: unnamed,
            ..Limits::default()
        });
        let connections: Vec<Arc<Connection>> = (0..5).map(|id| connection(id, "::1")).collect();
        let admit = |connection| admission.admit(connection).ok().unwrap();
        let permits: Vec<Permit> = connections.iter().map(admit).collect();
        let count = |id: usize| {
            permits[id]
                .count_unnamed()
                .map(|connection| connection.id.0)
        };
        assert_eq!([count(0), count(1)], [None, None]);
        assert_eq!([count(2), count(3)], [Some(0), Some(1)]);
        assert!(!permits[0].protect_from_eviction(), "it came too late");
        assert!(permits[2].protect_from_eviction() && permits[3].protect_from_eviction());
        assert_eq!(count(4), None);
    }

    #[test]
    fn a_closed_admission_lists_the_open_connections_and_ends_with_the_last_permit() {
        let (admission, all_closed) = AdmissionControl::new(&Limits::default());
        let open = connection(1, "::1");
        let permit = admission.admit(&open).ok().unwrap();
        let ids: Vec<ConnectionId> = admission
            .close()
            .iter()
            .map(|connection| connection.id)
            .collect();
        assert_eq!(ids, [ConnectionId(1)]);
        assert!(admission.admit(&connection(2, "::1")).is_err());
        assert!(!all_closed.is_done());
        drop(permit);
        assert!(all_closed.is_done());
    }
}
