//! Context: what all sessions share.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use crate::broadcaster::post::PostSender;
use crate::connection::close::Close;
use crate::files::Files;
use crate::limits::Limits;
use crate::moderation::reaper::Reaper;
use crate::moderation::rules::Moderation;
use crate::rate_limit::hosts::HostAllowances;
use crate::registry::Registry;
use crate::resume::ResumeTable;
use crate::shutdown::Shutdown;

/// The parts of the server that every session uses.
#[derive(Clone)]
pub struct ServerContext {
    /// The queue of the broadcaster.
    pub posts: PostSender,
    /// The members by name.
    pub registry: Arc<Registry>,
    /// The tokens with which members resume.
    pub resume: Arc<ResumeTable>,
    /// The allowances of connections that have left.
    pub allowances: Arc<HostAllowances>,
    /// Closes connections that must make room for others.
    pub reaper: Reaper,
    /// The decisions of the operator.
    pub moderation: Arc<Moderation>,
    /// The shared files; `None` if sharing is off.
    pub files: Option<Arc<Files>>,
    /// The start of the server, for `/uptime`.
    pub started: Instant,
    /// The limits that apply to each session.
    pub limits: Arc<Limits>,
    /// Triggered when the server stops and every member was notified.
    pub shutdown: Shutdown,
}

/// The result of a loop that runs until the connection closes. It is always `Err`,
/// because [`Infallible`] has no value. So `let Err(close) = ...` needs no other arm.
pub type UntilClosed = Result<Infallible, Close>;
