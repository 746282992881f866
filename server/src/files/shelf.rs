//! What is known of all files: which there are, which are on their way, and who
//! has leave for what. It knows no disk and no connection, and is told the time.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::time::Instant;

use common::transfer::{Direction, TICKET_LIFETIME, TicketGrant, TransferRequest, format_size};
use common::{Name, Token};

use super::about::About;
use super::job::Failure;
use super::store::Found;
use super::{Asker, Settings};
use crate::link::Id;

/// What is known.
pub struct Shelf {
    settings: Settings,
    next: u64,
    files: BTreeMap<u64, About>,
    parts: BTreeMap<u64, Part>,
    grants: HashMap<Token, Grant>,
    /// How many transfers each member has. Who has left is not in it, which ends
    /// those that still run.
    running: HashMap<Id, usize>,
}

/// What somebody has leave for.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Who.
    pub asker: Asker,
    /// For what.
    pub what: What,
    until: Instant,
}

/// What is transferred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A new file.
    New {
        /// What it is called.
        name: String,
        /// In bytes.
        size: u64,
    },
    /// The file of this number.
    Existing(u64),
}

/// An upload that is not complete.
struct Part {
    who: Name,
    name: String,
    size: u64,
    state: PartState,
}

#[derive(PartialEq, Eq)]
enum PartState {
    /// Bytes are coming.
    Running,
    /// It broke, then.
    Broken(Instant),
}

/// What has become too old.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Files.
    pub files: Vec<u64>,
    /// Uploads that broke.
    pub parts: Vec<u64>,
}

impl Shelf {
    /// A shelf with what was found on disk.
    pub fn new(found: Found, settings: Settings) -> Shelf {
        Shelf {
            settings,
            next: found.next,
            files: found
                .files
                .into_iter()
                .map(|about| (about.id, about))
                .collect(),
            parts: BTreeMap::new(),
            grants: HashMap::new(),
            running: HashMap::new(),
        }
    }

    /// What is there, the oldest first.
    pub fn list(&self) -> Vec<About> {
        self.files.values().cloned().collect()
    }

    /// File `id`.
    pub fn file(&self, id: u64) -> Result<&About, String> {
        let file = self.files.get(&id);
        file.ok_or_else(|| format!("There is no file {id}. /files lists them."))
    }

    /// Notes that `asker` has leave for `what`, by `ticket`.
    pub fn grant(
        &mut self,
        asker: Asker,
        what: What,
        ticket: Token,
        now: Instant,
    ) -> Result<TicketGrant, String> {
        self.grants.retain(|_, grant| grant.until > now);
        let own = self
            .grants
            .values()
            .filter(|grant| grant.asker.id == asker.id);
        let running = self.running.get(&asker.id).copied().unwrap_or_default();
        let most = self.settings.transfers;
        if own.count() + running >= most {
            return Err(format!(
                "You have {most} transfers already, which is the most at once."
            ));
        }
        let (id, name, size) = match &what {
            What::New { name, size } => {
                self.check_size(name, *size)?;
                (None, name.clone(), *size)
            }
            What::Existing(id) => {
                let file = self.file(*id)?;
                (Some(*id), file.name.clone(), file.size)
            }
        };
        // From now on it may have transfers; see `leave`.
        self.running.entry(asker.id).or_default();
        let until = now + TICKET_LIFETIME;
        self.grants.insert(ticket, Grant { asker, what, until });
        Ok(TicketGrant {
            ticket,
            size,
            name,
            id,
        })
    }

    fn check_size(&self, name: &str, bytes: u64) -> Result<(), String> {
        let (one, all) = (self.settings.most_bytes, self.settings.all_bytes);
        if bytes == 0 {
            return Err(format!("There is nothing in {name}."));
        }
        if bytes > one {
            let most = format_size(one);
            return Err(format!("{name} is too large, a file may have {most} here."));
        }
        let held = self.held();
        match held.checked_add(bytes) {
            Some(sum) if sum <= all => Ok(()),
            _ => {
                let left = format_size(all.saturating_sub(held));
                Err(format!(
                    "There is no room for {name}, {left} are left here."
                ))
            }
        }
    }

    /// What all files take, those on their way with their whole size.
    fn held(&self) -> u64 {
        let files = self.files.values().map(|file| file.size);
        let parts = self.parts.values().map(|part| part.size);
        files.chain(parts).fold(0, u64::saturating_add)
    }

    /// Takes the grant that `demand` shows the ticket of. It is gone then.
    pub fn redeem(
        &mut self,
        demand: TransferRequest,
        ip: IpAddr,
        now: Instant,
    ) -> Result<Grant, Failure> {
        let ticket = demand.ticket.ok_or(Failure::Ticket)?;
        let grant = self.grants.remove(&ticket).ok_or(Failure::Ticket)?;
        let direction = match grant.what {
            What::New { .. } => Direction::Put,
            What::Existing(_) => Direction::Get,
        };
        let here = grant.asker.ip.to_canonical() == ip.to_canonical();
        let good = grant.until > now && direction == demand.direction && here;
        let running = self.running.get_mut(&grant.asker.id).filter(|_| good);
        *running.ok_or(Failure::Ticket)? += 1;
        Ok(grant)
    }

    /// The number under which an upload runs, and whether that has begun before.
    pub fn begin(&mut self, who: &Name, name: &str, size: u64) -> Result<Begun, Failure> {
        let same = |part: &Part| part.who == *who && part.name == name && part.size == size;
        let broken = |part: &Part| part.state != PartState::Running;
        let before = self
            .parts
            .iter_mut()
            .find(|(_, part)| same(part) && broken(part));
        if let Some((id, part)) = before {
            part.state = PartState::Running;
            return Ok(Begun::Again(*id));
        }
        // The room may have been taken since the ticket was given.
        self.check_size(name, size).map_err(Failure::Refused)?;
        let id = self.next;
        self.next += 1;
        let part = Part {
            who: who.clone(),
            name: name.to_string(),
            size,
            state: PartState::Running,
        };
        self.parts.insert(id, part);
        Ok(Begun::Anew(id))
    }

    /// Notes that an upload broke; the rest may still come.
    pub fn break_off(&mut self, id: u64, now: Instant) {
        if let Some(part) = self.parts.get_mut(&id) {
            part.state = PartState::Broken(now);
        }
    }

    /// Notes that nothing is left of an upload.
    pub fn give_up(&mut self, id: u64) {
        self.parts.remove(&id);
    }

    /// Lists an upload that is complete.
    pub fn complete(&mut self, about: About) {
        self.parts.remove(&about.id);
        self.files.insert(about.id, about);
    }

    /// Takes a file off the list.
    pub fn forget(&mut self, who: Option<&Name>, id: u64) -> Result<About, String> {
        let file = self.file(id)?;
        if who.is_some_and(|who| *who != file.who) {
            return Err(format!("Only {} can remove {}.", file.who, file.name));
        }
        let none = || format!("There is no file {id}.");
        self.files.remove(&id).ok_or_else(none)
    }

    /// Ends what a member has under way.
    pub fn leave(&mut self, member: Id) {
        self.grants.retain(|_, grant| grant.asker.id != member);
        self.running.remove(&member);
    }

    /// Whether a member is still there.
    pub fn is_there(&self, member: Id) -> bool {
        self.running.contains_key(&member)
    }

    /// Notes that a transfer of a member has ended.
    pub fn end(&mut self, member: Id) {
        if let Some(count) = self.running.get_mut(&member) {
            *count = count.saturating_sub(1);
        }
    }

    /// Takes off what has become too old, by both clocks.
    pub fn sweep(&mut self, now: Instant, unix_now: u64) -> Swept {
        self.grants.retain(|_, grant| grant.until > now);
        let kept = self.settings.kept.as_secs();
        let old = |about: &About| unix_now.saturating_sub(about.when) > kept;
        let files = self.files.values().filter(|about| old(about));
        let partial = self.settings.partial;
        let stale = |part: &Part| match part.state {
            PartState::Running => false,
            PartState::Broken(since) => now.saturating_duration_since(since) > partial,
        };
        let parts = self.parts.iter().filter(|(_, part)| stale(part));
        let swept = Swept {
            files: files.map(|about| about.id).collect(),
            parts: parts.map(|(id, _)| *id).collect(),
        };
        swept
            .files
            .iter()
            .for_each(|id| drop(self.files.remove(id)));
        swept
            .parts
            .iter()
            .for_each(|id| drop(self.parts.remove(id)));
        swept
    }
}

/// How an upload begins.
pub enum Begun {
    /// Under this new number.
    Anew(u64),
    /// Under this one, of which some has come.
    Again(u64),
}
