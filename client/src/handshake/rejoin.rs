//! Rejoining: from a new connection back to the previous member, or to its name.
//!
//! ```text
//! ask for capabilities -> /resume TOKEN ID -> resumed
//!                             | refused
//!                             +-> NAME -> joined as a new member
//! ```

use common::{Address, Capabilities, Capability, Name, Tags, notice};
use crossbeam_channel::never;

use super::pending::{Joined, NameReply, PendingConnection};
use crate::connection::{self, Transport};
use crate::exit::Exit;
use crate::screen::Screen;

/// A plan to come back.
#[derive(Clone)]
pub struct Rejoin {
    /// The server's address.
    pub address: Address,
    /// The way to the server.
    pub transport: Transport,
    /// The capabilities to ask for.
    pub wanted: Capabilities,
    /// The name of the member.
    pub name: Name,
    /// The request to resume, if the server has sent a token.
    pub resume: Option<String>,
    /// Shows why a name was refused.
    pub screen: Screen,
}

impl Rejoin {
    /// Connects, and comes back as the previous member or, if the server does not know the
    /// token any more, by name.
    ///
    /// # Errors
    ///
    /// The exit if nobody tried again.
    pub fn run(&self) -> Result<Joined, Exit> {
        let connection =
            connection::connect(&self.address, self.transport).map_err(Exit::Unreachable)?;
        let no_requests = never();
        let mut pending = PendingConnection::new(connection, &self.address, &no_requests);
        pending.negotiate(self.wanted)?;
        if let Some(request) = &self.resume
            // A server that is only slow knows the member. Offered the name, it would
            // refuse that, or take us for a new member.
            && pending.may_grant(Capability::Resume)
        {
            // A refused token is no news for the user.
            match pending.offer(request, drop)? {
                NameReply::Welcome(first) => {
                    let name = first.as_deref().and_then(welcomed_name);
                    let name = name.unwrap_or_else(|| self.name.clone());
                    return Ok(pending.joined(name, true, first));
                }
                NameReply::Refused(_) => {}
                NameReply::Ended(why) => return Err(Exit::Removed(why)),
                NameReply::Disconnected(how) => return Err(how.into()),
            }
        }
        match pending.offer(self.name.as_str(), |line| self.screen.show_received(line))? {
            NameReply::Welcome(first) => Ok(pending.joined(self.name.clone(), false, first)),
            NameReply::Refused(why) => Err(Exit::NameRefused(why)),
            NameReply::Ended(why) => Err(Exit::Removed(why)),
            NameReply::Disconnected(how) => Err(how.into()),
        }
    }
}

fn welcomed_name(line: &str) -> Option<Name> {
    let (_, text) = Tags::split(line);
    notice::parse_welcome(text)
}
