//! Configuration: the limits, inputs and outputs of a server.

use std::io::{self, Read, Write};

use crate::files::config::FilesConfig;
use crate::limits::Limits;
use crate::record::log::LogScope;
use crate::record::log_file::LogFile;
use crate::record::transcript::TranscriptConfig;

/// The configuration of a server.
pub struct ServerConfig {
    /// The limits of the server.
    pub limits: Limits,
    /// The file of all that is said in the rooms; `None` for no transcript.
    pub transcript: Option<TranscriptConfig>,
    /// The shared files; `None` if sharing is off.
    pub files: Option<FilesConfig>,
    /// The message of the day, line by line.
    pub motd: Vec<String>,
    /// The first lines of the log, for the operator.
    pub banner: String,
    /// The events that are logged.
    pub log_scope: LogScope,
    /// The output of the log.
    pub output: Box<dyn Write + Send>,
    /// A second output, with the time before each line.
    pub log_file: Option<LogFile>,
    /// The input of the operator; `None` for a server without a console.
    pub console: Option<Box<dyn Read + Send>>,
}

impl ServerConfig {
    /// Makes the configuration of a server within `limits` that has no console, no
    /// files and no log. Callers add what they need.
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
