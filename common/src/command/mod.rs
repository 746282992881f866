//! Commands: parses a word and its arguments into a [`Command`].
//!
//! The [`TABLE`] is the one list of commands. The parser, `/help` and the check of
//! the user's manual use it.
//!
//! Writes: nothing.
//! Locks: nothing.
//! Blocks: no.

mod suggest;
mod table;

pub use table::{CommandSpec, HelpRow, TABLE, entries, find};

use crate::Name;
use suggest::suggest;
use table::words;

/// A command of a member, with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// Show all commands, or one in detail.
    Help(Option<&'static CommandSpec>),
    /// List the members, each with details.
    Who,
    /// List the names of the members.
    Names,
    /// Show the details of one member.
    Whois(Name),
    /// Send a private message.
    Msg {
        /// The recipients: at least one, without duplicates.
        to: Vec<Name>,
        /// The message.
        text: &'a str,
    },
    /// Send a private message to the sender of the last one received.
    Reply(&'a str),
    /// Send an action, such as "waves".
    Me(&'a str),
    /// Take a new name.
    Nick(Name),
    /// Move to a room.
    Join(Name),
    /// Move to the lobby.
    Leave,
    /// List the rooms.
    Rooms,
    /// Show the topic of the room, or set it.
    Topic(Option<&'a str>),
    /// Become away, with an optional reason.
    Away(Option<&'a str>),
    /// Stop being away.
    Back,
    /// Show the last lines of the room, with their optional number.
    History(Option<usize>),
    /// Show the lines of the room that contain a text.
    Search(&'a str),
    /// Ignore a member, or list the ignored ones.
    Ignore(Option<Name>),
    /// Stop ignoring a member.
    Unignore(Name),
    /// Hide the notices of joining and leaving, or show them again.
    Quiet,
    /// List the shared files.
    Files,
    /// Request a ticket for an upload.
    Put {
        /// The name of the file, not sanitized yet.
        name: &'a str,
        /// The size in bytes.
        size: u64,
    },
    /// Request a ticket for the download of a file, by its number.
    Get(u64),
    /// Remove a file, by its number.
    Forget(u64),
    /// Request a reply.
    Ping,
    /// Show the version of the server.
    Version,
    /// Show how long the server has been running.
    Uptime,
    /// Leave the chat, with an optional reason.
    Quit(Option<&'a str>),
}

/// The maximum number of recipients of a private message: enough for a team, and
/// their names fit into the message's line.
pub const MAX_RECIPIENTS: usize = 20;

impl<'a> Command<'a> {
    /// Parses a command from its `word`, without the slash, and its arguments.
    ///
    /// # Errors
    ///
    /// Returns a sentence for the member that typed the command.
    pub fn parse(word: &str, rest: &'a str) -> Result<Command<'a>, String> {
        let entry = find(word).ok_or_else(|| unknown(word))?;
        let usage = || format!("Usage, {}", entry.usage());
        let text = || Some(rest).filter(|rest| !rest.is_empty());
        let needed = || text().ok_or_else(usage);
        Ok(match entry.word {
            "help" => Command::Help(text().map(parse_entry).transpose()?),
            "who" => Command::Who,
            "names" => Command::Names,
            "whois" => Command::Whois(parse_name(needed()?)?),
            "msg" => parse_message(rest).ok_or_else(usage)??,
            "reply" => Command::Reply(needed()?),
            "me" => Command::Me(needed()?),
            "nick" => Command::Nick(parse_name(needed()?)?),
            "join" => Command::Join(parse_room(needed()?)?),
            "leave" => Command::Leave,
            "rooms" => Command::Rooms,
            "topic" => Command::Topic(text()),
            "away" => Command::Away(text()),
            "back" => Command::Back,
            "history" => Command::History(text().map(parse_count).transpose()?),
            "search" => Command::Search(needed()?),
            "ignore" => Command::Ignore(text().map(parse_name).transpose()?),
            "unignore" => Command::Unignore(parse_name(needed()?)?),
            "quiet" => Command::Quiet,
            "files" => Command::Files,
            "put" => parse_put(rest).ok_or_else(usage)??,
            "get" => Command::Get(parse_file_id(needed()?)?),
            "forget" => Command::Forget(parse_file_id(needed()?)?),
            "ping" => Command::Ping,
            "version" => Command::Version,
            "uptime" => Command::Uptime,
            "quit" => Command::Quit(text()),
            _ => return Err(unknown(word)),
        })
    }
}

fn parse_name(text: &str) -> Result<Name, String> {
    text.parse().map_err(|why| format!("Invalid name, {why}."))
}

/// Parses the name of a recipient. A client whose build knows fewer scripts than the
/// server must know it too, so this is less strict than a new name.
fn parse_recipient(text: &str) -> Result<Name, String> {
    parse_name(text).or_else(|why| Name::from_server(text).ok_or(why))
}

/// Parses the name of a room. The optional `#` is a habit from IRC.
pub fn parse_room(text: &str) -> Result<Name, String> {
    let text = text.strip_prefix('#').unwrap_or(text);
    Name::parse_room(text).map_err(|why| format!("Invalid room name, {why}."))
}

/// Parses `NAME[,NAME...] TEXT`. Returns `None` if a part is missing.
fn parse_message(rest: &str) -> Option<Result<Command<'_>, String>> {
    let (names, text) = rest.split_once(char::is_whitespace)?;
    let names = names.split(',').filter(|part| !part.is_empty());
    let mut to: Vec<Name> = Vec::new();
    for part in names {
        match parse_recipient(part) {
            Ok(one) if to.contains(&one) => {}
            Ok(_) if to.len() == MAX_RECIPIENTS => {
                let why = format!("A message has at most {MAX_RECIPIENTS} recipients.");
                return Some(Err(why));
            }
            Ok(one) => to.push(one),
            Err(why) => return Some(Err(why)),
        }
    }
    let text = text.trim_start();
    (!to.is_empty()).then_some(Ok(Command::Msg { to, text }))
}

fn parse_count(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|&number| number > 0);
    number.ok_or_else(|| "Invalid number of lines. Usage, /history [N]".to_string())
}

/// Parses `NAME SIZE`, where the name may contain blanks. Returns `None` if a part is
/// missing.
fn parse_put(rest: &str) -> Option<Result<Command<'_>, String>> {
    let (name, size) = rest.rsplit_once(char::is_whitespace)?;
    let size = size.parse();
    let size = size.map_err(|_| "Invalid size, not a number of bytes.".to_string());
    let name = name.trim_end();
    Some(size.map(|size| Command::Put { name, size }))
}

fn parse_file_id(text: &str) -> Result<u64, String> {
    let number = text.strip_prefix('#').unwrap_or(text).parse();
    number.map_err(|_| "Invalid file number. Type /files for a list.".to_string())
}

fn parse_entry(word: &str) -> Result<&'static CommandSpec, String> {
    let word = word.strip_prefix('/').unwrap_or(word);
    find(word).ok_or_else(|| unknown(word))
}

/// Returns the answer to an unknown command.
fn unknown(word: &str) -> String {
    // Only a word that could be a command is repeated, because others may be unsafe.
    let is_plain = word.len() <= 16 && word.chars().all(|c| c.is_ascii_alphanumeric());
    let answer = match word {
        "" => return "No command given. Type /help for a list.".to_string(),
        word if is_plain => format!("Unknown command /{word}."),
        _ => "Unknown command.".to_string(),
    };
    match suggest(word, words()).filter(|_| is_plain) {
        Some(near) => format!("{answer} Did you mean /{near}?"),
        None => format!("{answer} Type /help for a list, or // to begin a text with a slash."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check(line: &str, expected: Command<'_>) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        assert_eq!(Command::parse(word, rest).as_ref(), Ok(&expected), "{line}");
        let upper = word.to_uppercase();
        assert_eq!(Command::parse(&upper, rest), Ok(expected), "{upper}");
    }

    #[test]
    fn every_word_and_alias_is_parsed() {
        for entry in entries() {
            for word in [entry.word].iter().chain(entry.aliases) {
                assert_eq!(find(word), Some(entry));
                // Each accepts one of these arguments, so none is unknown.
                let full =
                    ["", "ann", "ann x", "7", "ann 7"].map(|rest| Command::parse(word, rest));
                assert!(full.iter().any(Result::is_ok), "{word}");
            }
        }
        assert_eq!(entries().count(), 27);
    }

    #[test]
    fn commands_with_their_arguments() {
        check("?", Command::Help(None));
        check("help /W", Command::Help(find("msg")));
        check("users", Command::Who);
        check("whois bob", Command::Whois(name("bob")));
        check("tell bob hi  there", msg(&["bob"], "hi  there"));
        check("msg bob,Carl,BOB hi", msg(&["bob", "carl"], "hi"));
        check("r yes", Command::Reply("yes"));
        check("join #Games", Command::Join(name("games")));
        check("part", Command::Leave);
        check("topic", Command::Topic(None));
        check("topic a: b", Command::Topic(Some("a: b")));
        check("log 7", Command::History(Some(7)));
        check("ignore", Command::Ignore(None));
        let (name, size) = ("my notes.pdf", 12);
        check("put my notes.pdf 12", Command::Put { name, size });
        check("get 3", Command::Get(3));
        check("forget #3", Command::Forget(3));
        check("quit so long", Command::Quit(Some("so long")));
    }

    fn msg<'a>(to: &[&str], text: &'a str) -> Command<'a> {
        let to = to.iter().map(|to| name(to)).collect();
        Command::Msg { to, text }
    }

    #[test]
    fn errors_contain_no_colon() {
        #[track_caller]
        fn check(line: &str, part: &str) {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let why = Command::parse(word, rest).unwrap_err();
            assert!(why.contains(part) && !why.contains(':'), "{line}: {why}");
        }
        check("msg", "Usage, /msg NAME[,NAME...] TEXT");
        check("msg bob", "Usage, /msg");
        check("msg , hi", "Usage, /msg");
        check("w a/b hi", "Invalid name, ");
        let many: Vec<String> = (0..21).map(|n| format!("n{n}")).collect();
        check(&format!("msg {} hi", many.join(",")), "at most 20");
        check("join ../x", "Invalid room name, ");
        check("join server", "Invalid room name, ");
        check("history -1", "Usage, /history [N]");
        check("history 0", "Usage, /history [N]");
        check("put notes.pdf", "Usage, /put NAME SIZE");
        check("put notes.pdf -1", "Invalid size, ");
        check("put notes.pdf 18446744073709551616", "Invalid size, ");
        check("get notes.pdf", "Invalid file number.");
        check("help xyzzy", "Unknown command /xyzzy");
        check("", "Type /help");
        check("whoi", "Did you mean /whois?");
        check("whi", "Did you mean /who?");
        check("WHOM", "Did you mean /who?");
        check("jion", "Did you mean /join?");
        check("msgs", "Did you mean /msg?");
        check("dance", "Unknown command /dance. Type /help");
        check("a:b", "Unknown command. Type");
        check(&"x".repeat(4000), "Unknown command. Type");
    }
}
