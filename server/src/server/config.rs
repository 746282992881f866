//! Configuration: what a server is started with.

use std::io::{self, Read, Write};

use crate::files::config::FilesConfig;
use crate::limits::Limits;
use crate::record::log::LogScope;
use crate::record::transcript::TranscriptConfig;

/// With what a server runs.
pub struct ServerConfig {
    /// Its limits.
    pub limits: Limits,
    /// Where all that rooms hear is kept, if anywhere.
    pub transcript: Option<TranscriptConfig>,
    /// Where the files lie that people share, if they may.
    pub files: Option<FilesConfig>,
    /// What everybody is told who comes in, line by line.
    pub motd: Vec<String>,
    /// The lines for the operator at the start.
    pub banner: String,
    /// What is logged.
    pub log_scope: LogScope,
    /// Where the log goes.
    pub output: Box<dyn Write + Send>,
    /// Where it goes as well, with the time before each line.
    pub log_file: Option<Box<dyn Write + Send>>,
    /// What the operator types; none for a server without a console.
    pub console: Option<Box<dyn Read + Send>>,
}

impl ServerConfig {
    /// A server within `limits` that has no operator: it logs to nowhere, keeps no
    /// file and reads no keyboard. A start for whoever needs some of that.
    pub fn minimal(limits: Limits) -> ServerConfig {
        ServerConfig {
            limits,
            transcript: None,
            files: None,
            motd: Vec::new(),
            banner: String::new(),
            log_scope: LogScope::Everything,
            output: Box::new(io::sink()),
            log_file: None,
            console: None,
        }
    }
}
