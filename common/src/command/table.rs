//! Table: the list of all commands, with their arguments and descriptions.

/// A command of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct CommandSpec {
    /// The word without the slash.
    pub word: &'static str,
    /// Other words for the same.
    pub aliases: &'static [&'static str],
    /// The arguments, the optional ones in brackets.
    pub arguments: &'static str,
    /// A description in a few sentences, for `/help COMMAND`.
    pub detail: &'static str,
}

/// A row of `/help`, with commands that belong together.
pub struct HelpRow {
    /// A description in a few words.
    pub summary: &'static str,
    /// The commands of the row.
    pub entries: &'static [CommandSpec],
}

const fn entry(
    word: &'static str,
    aliases: &'static [&'static str],
    arguments: &'static str,
    detail: &'static str,
) -> CommandSpec {
    CommandSpec {
        word,
        aliases,
        arguments,
        detail,
    }
}

/// All commands, in the order in which people learn them.
#[rustfmt::skip]
pub static TABLE: [HelpRow; 18] = [
    HelpRow { summary: "this list, or one command in detail", entries: &[
        entry("help", &["?"], "[COMMAND]", "Lists all commands, or says more about one."),
    ] },
    HelpRow { summary: "who is here", entries: &[
        entry("who", &["list", "users"], "", "Lists the members, your own room first, each with its room, its idle time, and if it is away."),
        entry("names", &[], "", "Lists the names of the members, your own room first."),
    ] },
    HelpRow { summary: "about one member, also when last seen", entries: &[
        entry("whois", &[], "NAME", "Shows since when NAME is here, its room, its idle time, and if it is away. For a member that has left, shows when it was last seen."),
    ] },
    HelpRow { summary: "a private message to one or several", entries: &[
        entry("msg", &["tell", "dm", "w"], "NAME[,NAME...] TEXT", "Sends TEXT to these members alone, in any room. Reports which of them did not receive it, and which are away."),
    ] },
    HelpRow { summary: "reply to the last private message", entries: &[
        entry("reply", &["r"], "TEXT", "Sends TEXT to the sender of the last private message that you received."),
    ] },
    HelpRow { summary: "an action, as in \"* ann waves\"", entries: &[
        entry("me", &[], "TEXT", "Sends an action to the room. After /me waves the others see your name, then waves."),
    ] },
    HelpRow { summary: "take another name", entries: &[
        entry("nick", &[], "NAME", "Takes a new name, if it is not in use. Your room is notified."),
    ] },
    HelpRow { summary: "go to a room; back to the lobby", entries: &[
        entry("join", &[], "ROOM", "Moves to ROOM, which is created if it does not exist. You are in one room at a time. Both rooms are notified."),
        entry("leave", &["part"], "", "Moves back to the lobby, where every member starts."),
    ] },
    HelpRow { summary: "the rooms and how many are in each", entries: &[
        entry("rooms", &[], "", "Lists the rooms and how many are in each."),
    ] },
    HelpRow { summary: "see or set the room's topic", entries: &[
        entry("topic", &[], "[TEXT]", "Shows the topic of the room, or sets it to TEXT. Members that join see it."),
    ] },
    HelpRow { summary: "say that you are away, or back", entries: &[
        entry("away", &[], "[TEXT]", "Notifies the room, and the senders of private messages to you, that you are away, with TEXT as the reason. Writing a message does not end it."),
        entry("back", &[], "", "Ends /away."),
    ] },
    HelpRow { summary: "the last lines of this room", entries: &[
        entry("history", &["log"], "[N]", "Shows the last N lines of this room, 20 if no number is given."),
    ] },
    HelpRow { summary: "lines of this room that contain TEXT", entries: &[
        entry("search", &[], "TEXT", "Shows the lines of this room that contain TEXT, in any case, the newest last, at most 50."),
    ] },
    HelpRow { summary: "hide messages or notices", entries: &[
        entry("ignore", &[], "[NAME]", "Hides the messages of NAME, also private ones and those under a later name. Without NAME, lists the members that you ignore."),
        entry("unignore", &[], "NAME", "Ends /ignore for NAME."),
        entry("quiet", &[], "", "Hides the notices of joining and leaving, or shows them again."),
    ] },
    HelpRow { summary: "the files that are shared here", entries: &[
        entry("files", &[], "", "Lists the shared files, each with its number, size, owner and time. In chat-client, /send PATH shares a file and /get ID fetches it."),
    ] },
    HelpRow { summary: "share a file; fetch, remove one", entries: &[
        entry("put", &[], "NAME SIZE", "Requests a ticket to share a file of SIZE bytes. The first line of another connection is then /put TICKET, and the bytes follow. /send of chat-client does all this."),
        entry("get", &[], "ID", "Requests a ticket to fetch file ID. The first line of another connection is then /get TICKET, and the bytes follow. In chat-client it does all this."),
        entry("forget", &[], "ID", "Removes file ID, if you shared it."),
    ] },
    HelpRow { summary: "about the server", entries: &[
        entry("ping", &[], "", "Replies pong."),
        entry("version", &[], "", "Shows the version of the server."),
        entry("uptime", &[], "", "Shows how long the server has been running."),
    ] },
    HelpRow { summary: "leave, and say why", entries: &[
        entry("quit", &[], "[REASON]", "Leaves the chat room. The others see the REASON."),
    ] },
];

/// Returns all commands of the [`TABLE`], in its order.
pub fn entries() -> impl Iterator<Item = &'static CommandSpec> {
    TABLE.iter().flat_map(|row| row.entries)
}

/// Returns all words and aliases, in the same order.
pub(super) fn words() -> impl Iterator<Item = &'static str> + Clone {
    TABLE.iter().flat_map(|row| row.entries).flat_map(|entry| {
        let word = std::iter::once(&entry.word);
        word.chain(entry.aliases).copied()
    })
}

/// Returns the command of a word or an alias, in any case.
pub fn find(word: &str) -> Option<&'static CommandSpec> {
    let same = |other: &str| other.eq_ignore_ascii_case(word);
    entries().find(|entry| same(entry.word) || entry.aliases.iter().any(|alias| same(alias)))
}

impl CommandSpec {
    /// Returns the form to type: `/msg NAME[,NAME...] TEXT`.
    pub fn usage(&self) -> String {
        match self.arguments {
            "" => format!("/{}", self.word),
            arguments => format!("/{} {arguments}", self.word),
        }
    }
}
