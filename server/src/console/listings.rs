//! Listings: members, rooms, files and bans as tables for the operator.

use std::time::Instant;

use common::notice::format_duration;

use super::{Console, NO_FILES};
use crate::{files, limits};

impl Console {
    pub(super) fn who(&self) -> String {
        let (members, all) = self
            .registry
            .list_members(None, limits::MAX_LISTED_TO_OPERATOR);
        if members.is_empty() {
            return "Nobody is here.".to_string();
        }
        let mut table = row(["NAME", "ROOM", "ADDRESS", "IDLE"], "");
        for info in &members {
            let connection = &info.connection;
            let (name, room) = (info.name.as_str(), info.room.as_str());
            let (address, idle) = (
                connection.address.to_string(),
                format_duration(connection.activity.idle_time()),
            );
            let mut marks = String::new();
            for (mark, holds) in [
                ("  lagging", connection.is_lagging()),
                ("  muted", connection.flags.is_muted()),
                ("  away", info.away.is_some()),
            ] {
                marks.push_str(if holds { mark } else { "" });
            }
            table.push('\n');
            table.push_str(&row([name, room, &address, &idle], &marks));
        }
        match all - members.len() {
            0 => table,
            more => format!("{table}\nand {more} more."),
        }
    }

    pub(super) fn rooms(&self) -> String {
        let rooms = self.registry.rooms();
        if rooms.is_empty() {
            return "Nobody is in any room.".to_string();
        }
        let mut table = format!("{:<24}  {:>7}", "ROOM", "MEMBERS");
        for (name, count) in rooms {
            table.push_str(&format!("\n{name:<24}  {count:>7}"));
        }
        table
    }

    pub(super) fn list_files(&self) -> String {
        let Some(files) = &self.files else {
            return NO_FILES.to_string();
        };
        let all = files.list();
        let mut table = files::count_line(all.len());
        for metadata in all {
            table.push_str(&format!("\n{metadata}"));
        }
        table
    }

    pub(super) fn bans(&self) -> String {
        let bans = self.moderation.bans();
        if bans.is_empty() {
            return "Nobody is banned.".to_string();
        }
        let mut table = format!("{:<40}  {:>8}", "WHOM", "LEFT");
        for ban in bans {
            let left = ban
                .until
                .map(|until| until.saturating_duration_since(Instant::now()));
            let left = left.map_or_else(|| "forever".to_string(), format_duration);
            let target = ban.target.to_string();
            table.push_str(&format!("\n{target:<40}  {left:>8}"));
        }
        table
    }
}

fn row([name, room, address, idle]: [&str; 4], marks: &str) -> String {
    format!("{name:<24}  {room:<16}  {address:<21}  {idle:>6}{marks}")
}
