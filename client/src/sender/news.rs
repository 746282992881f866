//! What the sender does about what the receiver has heard.

use std::io::Write;

use super::{Sender, Stop};
use crate::receiver::News;

impl<W: Write> Sender<W> {
    pub(super) fn heard(&mut self, news: News) -> Result<(), Stop> {
        match news {
            News::Over(over) => return Err(Stop::Over(over)),
            News::Answer if self.pace.answered() => self.sources.files.requests.answered(),
            News::Answer => return self.answer(),
            News::Renamed(name) => self.name = name,
            News::Leave(leave) => self.granted(leave),
            News::Refusal(why) => self.sources.files.requests.refused(&why),
        }
        Ok(())
    }
}
