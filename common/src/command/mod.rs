//! Turns a word and what follows it into a [`Command`].
//!
//! The [`TABLE`] is the one list of commands: the parser, `/help` and the check
//! of the user's manual all go by it.

mod suggest;
mod table;

pub use table::{CommandSpec, HelpRow, TABLE, entries, find};

use crate::Name;
use suggest::suggest;
use table::words;

/// What a member can ask for beside talking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// The list of commands, or one of them in detail.
    Help(Option<&'static CommandSpec>),
    /// Who is here, each with a line.
    Who,
    /// Who is here, only the names.
    Names,
    /// All there is to say about one member.
    Whois(Name),
    /// Something for these alone.
    Msg {
        /// At least one, each once.
        to: Vec<Name>,
        /// What.
        text: &'a str,
    },
    /// Something for whoever wrote last in private.
    Reply(&'a str),
    /// What one does, told like a stage direction.
    Me(&'a str),
    /// Another name.
    Nick(Name),
    /// Another room.
    Join(Name),
    /// Back to the lobby.
    Leave,
    /// Which rooms there are.
    Rooms,
    /// The room's topic, to be seen or changed.
    Topic(Option<&'a str>),
    /// Not reading for a while, and perhaps why.
    Away(Option<&'a str>),
    /// Reading again.
    Back,
    /// The last lines of the room, so many if that is said.
    History(Option<usize>),
    /// The room's lines that hold this.
    Search(&'a str),
    /// Nothing more from this member; or the list of those.
    Ignore(Option<Name>),
    /// That member again.
    Unignore(Name),
    /// No notices of who comes and goes, or them again.
    Quiet,
    /// The files of this server.
    Files,
    /// Leave to send a file.
    Put {
        /// What it is called; not cleaned yet.
        name: &'a str,
        /// In bytes.
        size: u64,
    },
    /// Leave to fetch the file of this number.
    Get(u64),
    /// To remove that file.
    Forget(u64),
    /// An answer.
    Ping,
    /// Which server this is.
    Version,
    /// Since when it runs.
    Uptime,
    /// To leave, and perhaps why.
    Quit(Option<&'a str>),
}

/// How many members one private message may go to: enough for a team, and their
/// names fit into the line before it.
pub const MAX_RECIPIENTS: usize = 20;

impl<'a> Command<'a> {
    /// Reads a command from its `word`, without the slash, and the `rest`.
    ///
    /// # Errors
    ///
    /// A sentence for whoever typed it: what is missing, wrong or meant.
    pub fn parse(word: &str, rest: &'a str) -> Result<Command<'a>, String> {
        let entry = find(word).ok_or_else(|| unknown(word))?;
        let usage = || format!("That needs more. Type {}.", entry.usage());
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
    text.parse()
        .map_err(|why| format!("That name will not do, {why}."))
}

/// A room is named as a member is; the `#` is a habit from IRC.
pub fn parse_room(text: &str) -> Result<Name, String> {
    let text = text.strip_prefix('#').unwrap_or(text);
    text.parse()
        .map_err(|why| format!("That room will not do, {why}."))
}

/// `NAME[,NAME...] TEXT`; nothing if a part is missing.
fn parse_message(rest: &str) -> Option<Result<Command<'_>, String>> {
    let (names, text) = rest.split_once(char::is_whitespace)?;
    let names = names.split(',').filter(|part| !part.is_empty());
    let mut to: Vec<Name> = Vec::new();
    for part in names {
        match parse_name(part) {
            Ok(one) if to.contains(&one) => {}
            Ok(_) if to.len() == MAX_RECIPIENTS => {
                let most = format!("A private message goes to at most {MAX_RECIPIENTS} names.");
                return Some(Err(most));
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
    number.ok_or_else(|| "How many lines? Type /history and a number from 1 on.".to_string())
}

/// `NAME SIZE`, where the name may hold blanks; nothing if a part is missing.
fn parse_put(rest: &str) -> Option<Result<Command<'_>, String>> {
    let (name, size) = rest.rsplit_once(char::is_whitespace)?;
    let size = size.parse();
    let size = size.map_err(|_| "The size is a number of bytes.".to_string());
    let name = name.trim_end();
    Some(size.map(|size| Command::Put { name, size }))
}

fn parse_file_id(text: &str) -> Result<u64, String> {
    let number = text.strip_prefix('#').unwrap_or(text).parse();
    number.map_err(|_| "Which file? /files lists them with their numbers.".to_string())
}

fn parse_entry(word: &str) -> Result<&'static CommandSpec, String> {
    let word = word.strip_prefix('/').unwrap_or(word);
    find(word).ok_or_else(|| unknown(word))
}

/// The answer to a word that is none of ours.
fn unknown(word: &str) -> String {
    // Only a word that could be a command is repeated, as it may hold anything.
    let sayable = word.len() <= 16 && word.chars().all(|c| c.is_ascii_alphanumeric());
    let what = match word {
        "" => return "A slash begins a command. Type /help for the list.".to_string(),
        word if sayable => format!("There is no command /{word}."),
        _ => "There is no such command.".to_string(),
    };
    match suggest(word, words()).filter(|_| sayable) {
        Some(near) => format!("{what} Did you mean /{near}? /help lists all, // begins a text."),
        None => format!("{what} /help lists all, // begins a text."),
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
    fn every_word_and_alias_is_read() {
        for entry in entries() {
            for word in [entry.word].iter().chain(entry.aliases) {
                assert_eq!(find(word), Some(entry));
                // With every argument there could be, none is unknown.
                let full =
                    ["", "ann", "ann x", "7", "ann 7"].map(|rest| Command::parse(word, rest));
                assert!(full.iter().any(Result::is_ok), "{word}");
            }
        }
        assert_eq!(entries().count(), 27);
    }

    #[test]
    fn commands_and_what_follows_them() {
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
    fn what_is_missing_or_wrong_is_said_without_a_colon() {
        #[track_caller]
        fn check(line: &str, part: &str) {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let why = Command::parse(word, rest).unwrap_err();
            assert!(why.contains(part) && !why.contains(':'), "{line}: {why}");
        }
        check("msg", "Type /msg NAME[,NAME...] TEXT.");
        check("msg bob", "Type /msg");
        check("msg , hi", "Type /msg");
        check("w a/b hi", "That name will not do");
        let many: Vec<String> = (0..21).map(|n| format!("n{n}")).collect();
        check(&format!("msg {} hi", many.join(",")), "at most 20");
        check("join ../x", "That room will not do");
        check("join server", "That room will not do");
        check("history -1", "a number from 1 on");
        check("history 0", "a number from 1 on");
        check("put notes.pdf", "Type /put NAME SIZE.");
        check("put notes.pdf -1", "a number of bytes");
        check("put notes.pdf 18446744073709551616", "a number of bytes");
        check("get notes.pdf", "Which file?");
        check("help xyzzy", "no command /xyzzy");
        check("", "Type /help");
        check("whoi", "Did you mean /whois?");
        check("whi", "Did you mean /who?");
        check("WHOM", "Did you mean /who?");
        check("jion", "Did you mean /join?");
        check("msgs", "Did you mean /msg?");
        check("dance", "There is no command /dance. /help");
        check("a:b", "There is no such command.");
        check(&"x".repeat(4000), "There is no such command.");
    }
}
