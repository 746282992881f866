//! File commands: from typed words to what the manager should do.
//!
//! Only the client's own commands are parsed here. `/files`, `/forget` and `/put` go to
//! the server as they were typed.

/// A command for the manager.
#[derive(Debug, PartialEq, Eq)]
pub enum FileCommand {
    /// Sends the file at this path, as it was typed.
    Send(String),
    /// Fetches a file.
    Get {
        /// Its number at the server.
        id: u64,
        /// Its destination, as it was typed.
        to: Option<String>,
    },
    /// Lists the transfers.
    List,
    /// Cancels the transfer of this number.
    Cancel(u32),
    /// Shows how an incomplete command is typed.
    Usage(&'static str),
}

/// Parses a command. Returns `None` if it is a command for the server.
pub fn parse(word: &str, rest: &str) -> Option<FileCommand> {
    let rest = rest.trim();
    Some(match word.to_ascii_lowercase().as_str() {
        "send" if rest.is_empty() => {
            FileCommand::Usage("usage: /send PATH, as in /send ~/notes.pdf")
        }
        "send" => FileCommand::Send(rest.to_string()),
        "get" => parse_get(rest).unwrap_or(FileCommand::Usage(
            "usage: /get ID [TO]; /files lists the files with their IDs",
        )),
        "transfers" => FileCommand::List,
        "cancel" => rest
            .parse()
            .map(FileCommand::Cancel)
            .unwrap_or(FileCommand::Usage(
                "usage: /cancel N; /transfers lists the transfers with their numbers",
            )),
        _ => return None,
    })
}

fn parse_get(rest: &str) -> Option<FileCommand> {
    let (id, to) = match rest.split_once(char::is_whitespace) {
        Some((id, to)) => (id, Some(to.trim().to_string())),
        None => (rest, None),
    };
    let id = parse_id(id)?;
    Some(FileCommand::Get { id, to })
}

/// Parses a file's number. Like the server, it accepts `#3` too.
pub fn parse_id(id: &str) -> Option<u64> {
    id.strip_prefix('#').unwrap_or(id).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_parsed_with_their_arguments() {
        let to = |to: &str| Some(to.to_string());
        for (word, rest, expected) in [
            (
                "send",
                " my notes.pdf ",
                FileCommand::Send("my notes.pdf".into()),
            ),
            ("GET", "3", FileCommand::Get { id: 3, to: None }),
            (
                "get",
                "#3  ~/my docs",
                FileCommand::Get {
                    id: 3,
                    to: to("~/my docs"),
                },
            ),
            ("transfers", "", FileCommand::List),
            ("cancel", "2", FileCommand::Cancel(2)),
        ] {
            assert_eq!(parse(word, rest), Some(expected), "/{word} {rest}");
        }
    }

    #[test]
    fn an_incomplete_command_shows_its_usage_and_others_go_to_the_server() {
        for (word, rest) in [("send", ""), ("get", ""), ("get", "x"), ("cancel", "-1")] {
            let command = parse(word, rest);
            assert!(
                matches!(command, Some(FileCommand::Usage(_))),
                "/{word} {rest}"
            );
        }
        for word in ["files", "forget", "put", "who"] {
            assert_eq!(parse(word, "1"), None);
        }
    }
}
