//! The one list of commands: how each is typed and what it does.

/// How one command is written.
#[derive(Debug, PartialEq, Eq)]
pub struct CommandSpec {
    /// Its word, without the slash.
    pub word: &'static str,
    /// Other words for the same.
    pub aliases: &'static [&'static str],
    /// What follows the word; in brackets what may be left out.
    pub arguments: &'static str,
    /// What it does, in a sentence or two, for `/help COMMAND`.
    pub detail: &'static str,
}

/// Commands that belong together, as they stand in one row of `/help`.
pub struct HelpRow {
    /// What they do, in a few words.
    pub summary: &'static str,
    /// The commands.
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

/// Every command, in the order in which people learn them.
#[rustfmt::skip]
pub static TABLE: [HelpRow; 18] = [
    HelpRow { summary: "this list, or one command in detail", entries: &[
        entry("help", &["?"], "[COMMAND]", "Lists all commands, or says more about one."),
    ] },
    HelpRow { summary: "who is here", entries: &[
        entry("who", &["list", "users"], "", "Who is here, your own room first. With each name its room, for how long it has said nothing, and whether it is away."),
        entry("names", &[], "", "Who is here, only the names, your own room first."),
    ] },
    HelpRow { summary: "more about one, also when last seen", entries: &[
        entry("whois", &[], "NAME", "Since when NAME is here, in which room, idle for how long and whether away. For somebody gone, when they were last seen."),
    ] },
    HelpRow { summary: "a private message to one or several", entries: &[
        entry("msg", &["tell", "dm", "w"], "NAME[,NAME...] TEXT", "Says TEXT to these members alone, in whatever room they are. You are told whom it did not reach, and who is away."),
    ] },
    HelpRow { summary: "to whoever wrote last in private", entries: &[
        entry("reply", &["r"], "TEXT", "Says TEXT in private to whoever last wrote to you in private."),
    ] },
    HelpRow { summary: "an action, as in \"* ann waves\"", entries: &[
        entry("me", &[], "TEXT", "Tells the room what you do. After /me waves others see your name and that it waves."),
    ] },
    HelpRow { summary: "take another name", entries: &[
        entry("nick", &[], "NAME", "Takes another name, if nobody has it. Your room is told."),
    ] },
    HelpRow { summary: "go to a room; back to the lobby", entries: &[
        entry("join", &[], "ROOM", "Goes to ROOM, which is made if there is none of that name. One is in one room at a time; both rooms are told."),
        entry("leave", &["part"], "", "Goes back to the lobby, where everybody starts."),
    ] },
    HelpRow { summary: "the rooms and how many are in each", entries: &[
        entry("rooms", &[], "", "Lists the rooms and how many are in each."),
    ] },
    HelpRow { summary: "see or set the room's topic", entries: &[
        entry("topic", &[], "[TEXT]", "Shows the room's topic, or sets it to TEXT. Whoever joins is shown it."),
    ] },
    HelpRow { summary: "say that you are away, or back", entries: &[
        entry("away", &[], "[TEXT]", "Tells the room, and whoever writes to you in private, that you are away, with TEXT as the reason. Speaking does not end it."),
        entry("back", &[], "", "Ends /away."),
    ] },
    HelpRow { summary: "the last lines of this room", entries: &[
        entry("history", &["log"], "[N]", "Shows the last N lines of this room, 20 if no number is given."),
    ] },
    HelpRow { summary: "lines of this room that hold TEXT", entries: &[
        entry("search", &[], "TEXT", "Shows the lines of this room that hold TEXT, in whatever case, the newest last, at most 50 of them."),
    ] },
    HelpRow { summary: "hear less", entries: &[
        entry("ignore", &[], "[NAME]", "Hides what NAME says, also in private and under a later name. Without a NAME, lists whom you ignore."),
        entry("unignore", &[], "NAME", "Ends /ignore for NAME."),
        entry("quiet", &[], "", "Hides who comes and goes, or shows it again."),
    ] },
    HelpRow { summary: "the files that are shared here", entries: &[
        entry("files", &[], "", "Lists the files that people have shared, with number, size, who and when. With chat-client, /send PATH shares one and /get ID fetches it."),
    ] },
    HelpRow { summary: "share a file; fetch, remove one", entries: &[
        entry("put", &[], "NAME SIZE", "Asks for a ticket to share a file of SIZE bytes. The first line of another connection is then /put TICKET, and the bytes follow. /send of chat-client does all this."),
        entry("get", &[], "ID", "Asks for a ticket to fetch file ID. The first line of another connection is then /get TICKET, and the bytes come. In chat-client it does all this."),
        entry("forget", &[], "ID", "Removes file ID, if you have shared it."),
    ] },
    HelpRow { summary: "about the server", entries: &[
        entry("ping", &[], "", "Is answered by pong."),
        entry("version", &[], "", "Says which server this is."),
        entry("uptime", &[], "", "Says for how long the server has been running."),
    ] },
    HelpRow { summary: "leave, and say why", entries: &[
        entry("quit", &[], "[REASON]", "Leaves the chat room; the others are told the REASON."),
    ] },
];

/// All entries of the [`TABLE`], in its order.
pub fn entries() -> impl Iterator<Item = &'static CommandSpec> {
    TABLE.iter().flat_map(|row| row.entries)
}

/// All words and aliases, in the same order.
pub(super) fn words() -> impl Iterator<Item = &'static str> + Clone {
    TABLE.iter().flat_map(|row| row.entries).flat_map(|entry| {
        let word = std::iter::once(&entry.word);
        word.chain(entry.aliases).copied()
    })
}

/// The entry of a word or an alias, in whatever case.
pub fn find(word: &str) -> Option<&'static CommandSpec> {
    let same = |other: &str| other.eq_ignore_ascii_case(word);
    entries().find(|entry| same(entry.word) || entry.aliases.iter().any(|alias| same(alias)))
}

impl CommandSpec {
    /// How it is typed: `/msg NAME[,NAME...] TEXT`.
    pub fn usage(&self) -> String {
        match self.arguments {
            "" => format!("/{}", self.word),
            arguments => format!("/{} {arguments}", self.word),
        }
    }
}
