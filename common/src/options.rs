//! Options: the words of a command line, parsed by a table.
//!
//! Each program has one table. From it come the parser, `--help` and the rows of the
//! manual, so an option stands in one place. The forms are those of GNU programs:
//! `--name value` and `--name=value`, options and operands in any order.

use std::ffi::OsString;

/// The column in which the meanings begin in `--help`.
const COLUMN: usize = 27;

/// The width of `--help`, in characters.
const WIDTH: usize = 80;

/// One option of a program. `D` is what the setters fill: the program's draft.
pub struct OptionSpec<D: 'static> {
    /// The short form, as `-n`.
    pub short: Option<&'static str>,
    /// The long form, as `--name`.
    pub name: &'static str,
    /// The placeholder of its value; in brackets if the value may be missing.
    pub value: Option<&'static str>,
    /// The value if the option is not given.
    pub default: Option<&'static str>,
    /// The meaning, in a few words.
    pub help: &'static str,
    /// Applies the option.
    pub set: Setter<D>,
}

impl<D> OptionSpec<D> {
    /// Makes an option without a short form, placeholder and default.
    pub const fn new(name: &'static str, set: Setter<D>, help: &'static str) -> OptionSpec<D> {
        OptionSpec {
            short: None,
            name,
            value: None,
            default: None,
            help,
            set,
        }
    }

    /// Adds the short form.
    pub const fn short(mut self, short: &'static str) -> OptionSpec<D> {
        self.short = Some(short);
        self
    }

    /// Adds the placeholder of the value.
    pub const fn value(mut self, placeholder: &'static str) -> OptionSpec<D> {
        self.value = Some(placeholder);
        self
    }

    /// Adds the default.
    pub const fn default(mut self, default: &'static str) -> OptionSpec<D> {
        self.default = Some(default);
        self
    }
}

/// The function that applies an option to the draft.
pub enum Setter<D> {
    /// For an option without a value.
    Flag(fn(&mut D) -> Result<(), EarlyExit>),
    /// For an option with a value. It receives the option's name, for errors.
    Value(fn(&mut D, &str, &str) -> Result<(), EarlyExit>),
    /// For an option with a value, and perhaps a number as the word after it.
    ValueAndNumber(fn(&mut D, &str, Option<&str>) -> Result<(), EarlyExit>),
    /// For an option with a number, if the word after it is one.
    OptionalNumber(fn(&mut D, Option<&str>) -> Result<(), EarlyExit>),
}

/// The reason why a program ends before it does anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EarlyExit {
    /// `--help` was given.
    Help,
    /// `--version` was given.
    Version,
    /// The command line is invalid, for this reason.
    Usage(String),
}

impl EarlyExit {
    /// Makes the error for a value that an option does not take. `expected` says what
    /// it takes.
    pub fn invalid(name: &str, value: &str, expected: &str) -> EarlyExit {
        EarlyExit::Usage(format!(
            "invalid value '{value}' for '{name}', expected {expected}"
        ))
    }
}

/// Applies all options among `words` to `draft`. Returns the operands: the words that
/// are not options.
///
/// # Errors
///
/// The reason why the program must end; see [`EarlyExit`].
pub fn parse<D>(
    table: &[OptionSpec<D>],
    words: impl IntoIterator<Item = OsString>,
    draft: &mut D,
) -> Result<Vec<String>, EarlyExit> {
    let words: Result<Vec<String>, EarlyExit> = words.into_iter().map(text).collect();
    let mut words = words?.into_iter().peekable();
    let mut operands = Vec::new();
    while let Some(word) = words.next() {
        if !word.starts_with('-') {
            operands.push(word);
            continue;
        }
        let (name, attached) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value.to_string())),
            _ => (word.as_str(), None),
        };
        let option = find(table, name)?;
        match (&option.set, attached) {
            (Setter::Flag(set), None) => set(draft)?,
            // A value would be taken for its opposite, as in `--plain=no`.
            (Setter::Flag(_), Some(_)) => {
                let why = format!("option '{name}' doesn't allow an argument");
                return Err(EarlyExit::Usage(why));
            }
            (Setter::Value(set), attached) => {
                set(draft, option.name, &required(name, attached, &mut words)?)?;
            }
            (Setter::ValueAndNumber(set), attached) => {
                let value = required(name, attached, &mut words)?;
                let number = words.next_if(|word| is_number(word));
                set(draft, &value, number.as_deref())?;
            }
            (Setter::OptionalNumber(set), attached) => {
                let number = attached.or_else(|| words.next_if(|word| is_number(word)));
                set(draft, number.as_deref())?;
            }
        }
    }
    Ok(operands)
}

/// Returns a word as text. The system permits any bytes.
fn text(word: OsString) -> Result<String, EarlyExit> {
    word.into_string()
        .map_err(|word| EarlyExit::Usage(format!("argument {word:?} is not valid UTF-8")))
}

fn find<'a, D>(table: &'a [OptionSpec<D>], name: &str) -> Result<&'a OptionSpec<D>, EarlyExit> {
    let is_named = |option: &&OptionSpec<D>| option.name == name || option.short == Some(name);
    let unknown = || EarlyExit::Usage(format!("unrecognized option '{name}'"));
    table.iter().find(is_named).ok_or_else(unknown)
}

/// Returns the attached value, or else the next word.
fn required(
    name: &str,
    attached: Option<String>,
    words: &mut impl Iterator<Item = String>,
) -> Result<String, EarlyExit> {
    let missing = || EarlyExit::Usage(format!("option '{name}' requires an argument"));
    attached.or_else(|| words.next()).ok_or_else(missing)
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the part of `--help` about the options.
pub fn help<D>(table: &[OptionSpec<D>]) -> String {
    table.iter().map(help_entry).collect()
}

fn help_entry<D>(option: &OptionSpec<D>) -> String {
    let short = option
        .short
        .map_or("    ".to_string(), |short| format!("{short}, "));
    let value = option
        .value
        .map_or(String::new(), |value| format!(" {value}"));
    let default = option
        .default
        .map_or(String::new(), |default| format!(" (default {default})"));
    let mut text = format!("  {short}{}{value}", option.name);
    text += &" ".repeat(COLUMN.saturating_sub(text.chars().count() + 1));
    let mut width = text.chars().count();
    for word in format!("{}{default}", option.help).split(' ') {
        if width + 1 + word.chars().count() > WIDTH {
            text += "\n";
            text += &" ".repeat(COLUMN - 1);
            width = COLUMN - 1;
        }
        text += " ";
        text += word;
        width += 1 + word.chars().count();
    }
    text + "\n"
}

/// Returns the rows of the manual's table, a line each.
pub fn manual_rows<D>(table: &[OptionSpec<D>]) -> String {
    table.iter().map(manual_row).collect()
}

fn manual_row<D>(option: &OptionSpec<D>) -> String {
    let short = option
        .short
        .map_or(String::new(), |short| format!("`{short}`, "));
    let value = option
        .value
        .map_or(String::new(), |value| format!(" {value}"));
    let default = option
        .default
        .map_or(String::new(), |default| format!("`{default}`"));
    let (name, help) = (option.name, option.help);
    format!("| {short}`{name}{value}` | {default} | {help} |\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values that were set, one after the other.
    type Draft = Vec<String>;

    const TABLE: &[OptionSpec<Draft>] = &[
        OptionSpec::<Draft>::new(
            "--name",
            Setter::Value(|draft, _, value| {
                draft.push(format!("name {value}"));
                Ok(())
            }),
            "be called NAME, whatever others say, think or write about it",
        )
        .short("-n")
        .value("NAME"),
        OptionSpec::<Draft>::new(
            "--plain",
            Setter::Flag(|draft| {
                draft.push("plain".to_string());
                Ok(())
            }),
            "plain lines",
        ),
        OptionSpec::<Draft>::new(
            "--listen",
            Setter::ValueAndNumber(|draft, value, number| {
                draft.push(format!("listen {value} {number:?}"));
                Ok(())
            }),
            "listen there",
        )
        .value("ADDRESS")
        .default("127.0.0.1"),
        OptionSpec::<Draft>::new(
            "--udp",
            Setter::OptionalNumber(|draft, number| {
                draft.push(format!("udp {number:?}"));
                Ok(())
            }),
            "use UDP",
        )
        .value("[PORT]"),
    ];

    fn read(line: &str) -> Result<(Vec<String>, Draft), EarlyExit> {
        let mut draft = Draft::new();
        let words = line.split_whitespace().map(OsString::from);
        Ok((parse(TABLE, words, &mut draft)?, draft))
    }

    #[test]
    fn options_and_operands_stand_in_any_order_and_values_may_be_attached() {
        #[track_caller]
        fn check(line: &str, operands: &[&str], set: &[&str]) {
            let (read_operands, draft) = read(line).unwrap();
            assert_eq!(read_operands, operands, "{line}");
            assert_eq!(draft, set, "{line}");
        }
        check("", &[], &[]);
        check("a --plain 1", &["a", "1"], &["plain"]);
        check("--name ann -n bob b", &["b"], &["name ann", "name bob"]);
        check("--name=a=b c", &["c"], &["name a=b"]);
        check("--name=", &[], &["name "]);
        check("--listen ::1 5 a", &["a"], &["listen ::1 Some(\"5\")"]);
        check("--listen=::1 a", &["a"], &["listen ::1 None"]);
        check("--udp 5 6", &["6"], &["udp Some(\"5\")"]);
        check("--udp=5 6", &["6"], &["udp Some(\"5\")"]);
        check("--udp a", &["a"], &["udp None"]);
    }

    #[test]
    fn an_invalid_word_is_named() {
        #[track_caller]
        fn check(line: &str, expected: &str) {
            let expected = EarlyExit::Usage(expected.to_string());
            assert_eq!(read(line), Err(expected), "{line}");
        }
        check("--what", "unrecognized option '--what'");
        check("-x=5", "unrecognized option '-x=5'");
        check("--name", "option '--name' requires an argument");
        check("--plain=no", "option '--plain' doesn't allow an argument");
    }

    #[test]
    fn help_and_manual_have_every_option_with_its_default() {
        let expected = [
            "  -n, --name NAME          be called NAME, whatever others say, think or write",
            "                           about it",
            "      --plain              plain lines",
            "      --listen ADDRESS     listen there (default 127.0.0.1)",
            "      --udp [PORT]         use UDP",
            "",
        ];
        assert_eq!(help(TABLE), expected.join("\n"));
        assert!(help(TABLE).lines().all(|line| line.len() <= WIDTH));
        let rows = manual_rows(TABLE);
        assert!(rows.contains("| `-n`, `--name NAME` |  | be called"));
        assert!(rows.contains("| `--listen ADDRESS` | `127.0.0.1` | listen there |\n"));
    }
}
