//! The help text, from the table of options.

use super::table::{OptionSpec, TABLE};

/// The column in which the meanings begin.
const COLUMN: usize = 27;

/// The width of the text.
const WIDTH: usize = 80;

const HEAD: &str = "\
Talk in a chat room.

Usage: chat-client [OPTIONS] [HOST [PORT]]
       chat-client [OPTIONS] HOST:PORT | [IPV6]:PORT | PORT

The default address is 127.0.0.1, port 4000.

Options:
";

const TAIL: &str = "
Type a line and press Enter to send it. /quit, q, exit, bye, Ctrl-D and Ctrl-C
leave. A line that begins with / is a command to the server; // begins a text
with a slash. From a pipe each line is sent. At its end the client leaves, after
the transfers of /send and /get.

Exit codes: 0 left, or the file is there; 1 failure, 2 usage, 3 cannot connect,
4 name refused, 5 removed by the server, or the file refused, 6 connection lost.
";

/// Returns the text that `--help` prints.
pub fn help() -> String {
    let options: String = TABLE.iter().map(entry).collect();
    format!("{HEAD}{options}{TAIL}")
}

/// Returns the lines about an option.
fn entry(option: &OptionSpec) -> String {
    let short = option
        .short
        .map_or("    ".to_string(), |it| format!("{it}, "));
    let default = option
        .default
        .map_or(String::new(), |it| format!(" (default {it})"));
    let mut text = format!("  {short}{}", option.usage());
    text += &" ".repeat((COLUMN - 1).saturating_sub(text.len()));
    let mut width = COLUMN - 1;
    for word in format!("{}{default}", option.help).split(' ') {
        if width + 1 + word.len() > WIDTH {
            text += "\n";
            text += &" ".repeat(COLUMN - 1);
            width = COLUMN - 1;
        }
        text += " ";
        text += word;
        width += 1 + word.len();
    }
    text + "\n"
}
