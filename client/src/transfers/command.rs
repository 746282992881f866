//! Turns typed words about files into an order for this client.
//!
//! Only what it does by itself is one: `/files`, `/forget` and `/put` go to the
//! server as they were typed.

/// What the person wants of the transfers.
#[derive(Debug, PartialEq, Eq)]
pub enum FileCommand {
    /// To send the file of this typed path.
    Send(String),
    /// To fetch a file.
    Get {
        /// Its number at the server.
        id: u64,
        /// Where it should land, as it was typed.
        to: Option<String>,
    },
    /// To see what is under way.
    List,
    /// To end one of them.
    Cancel(u32),
    /// Something that lacks a word; this says how it is typed.
    Usage(&'static str),
}

/// Reads a command; `None` if it is none of ours.
pub fn parse(word: &str, rest: &str) -> Option<FileCommand> {
    let rest = rest.trim();
    Some(match word.to_ascii_lowercase().as_str() {
        "send" if rest.is_empty() => FileCommand::Usage("type /send PATH, as in /send ~/notes.pdf"),
        "send" => FileCommand::Send(rest.to_string()),
        "get" => parse_get(rest).unwrap_or(FileCommand::Usage(
            "type /get ID or /get ID TO; /files lists the files with their numbers",
        )),
        "transfers" => FileCommand::List,
        "cancel" => rest
            .parse()
            .map(FileCommand::Cancel)
            .unwrap_or(FileCommand::Usage(
                "type /cancel N; /transfers lists them with their numbers",
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

/// A file's number; the server takes `#3` as well.
pub fn parse_id(id: &str) -> Option<u64> {
    id.strip_prefix('#').unwrap_or(id).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read_with_what_belongs_to_them() {
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
    fn what_lacks_a_word_is_explained_and_the_rest_is_the_servers() {
        for (word, rest) in [("send", ""), ("get", ""), ("get", "x"), ("cancel", "-1")] {
            let order = parse(word, rest);
            assert!(
                matches!(order, Some(FileCommand::Usage(_))),
                "/{word} {rest}"
            );
        }
        for word in ["files", "forget", "put", "who"] {
            assert_eq!(parse(word, "1"), None);
        }
    }
}
