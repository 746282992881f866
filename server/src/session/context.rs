//! Context: what all sessions share.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use crate::broadcaster::post::PostSender;
use crate::connection::close::Close;
use crate::files::Files;
use crate::limits::Limits;
use crate::moderation::rules::Moderation;
use crate::registry::Registry;
use crate::shutdown::Shutdown;

/// What all sessions share.
#[derive(Clone)]
pub struct ServerContext {
    /// The way to the broadcaster.
    pub posts: PostSender,
    /// Who is here.
    pub registry: Arc<Registry>,
    /// What the operator has decided.
    pub moderation: Arc<Moderation>,
    /// What people share, if they may.
    pub files: Option<Arc<Files>>,
    /// When the server started.
    pub started: Instant,
    /// What may be asked of the room.
    pub limits: Arc<Limits>,
    /// Raised when the server ends and everybody has been told so.
    pub shutdown: Shutdown,
}

/// What goes on until the conversation is over has no other result.
pub type UntilClosed = Result<Infallible, Close>;
