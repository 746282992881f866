//! Options: parses the command line.

use std::path::PathBuf;

use crate::case::{Case, Side};

pub const HELP: &str = "\
usage: cargo bench -p tests --bench room [-- OPTIONS]

  --case NAME      only this case, may be repeated: MEMBERSxSENDERS (100x1),
                   rooms, delay, slow, crowd, storm, files, transfers, tagged,
                   idle-memory or attacks; all of the table when absent
  --rounds N       how often each side of a case is run (3); medians are shown
  --seconds S      how long a run is measured, after a warm-up (2)
  --subject PATH   measure this chat-server instead of the one in target/release
  --against PATH   measure the chat-server at PATH instead of the loop, as
                   \"before\"
  --help           this text";

/// A task of a process of this program.
pub enum Task {
    Bench(Plan),
    /// Run the copying loop. The bench starts a process of itself with this task.
    Loop,
    Help,
    Nothing,
}

/// A plan of the cases to measure.
pub struct Plan {
    pub cases: Vec<Case>,
    pub rounds: usize,
    /// The length of the measured phase of a run.
    pub seconds: f64,
    /// The path of the chat server, if not the one beside the bench.
    pub subject: Option<PathBuf>,
    /// The path of another chat server, to compare with instead of the loop.
    pub against: Option<PathBuf>,
}

impl Plan {
    /// Returns the side that the server is compared with.
    pub fn rival(&self) -> Side {
        match self.against {
            Some(_) => Side::Before,
            None => Side::Loop,
        }
    }
}

/// Parses the arguments, without the program's name.
///
/// # Errors
///
/// Returns a sentence that names the wrong argument.
pub fn parse(mut args: impl Iterator<Item = String>) -> Result<Task, String> {
    let mut is_bench = false;
    let mut plan = Plan {
        cases: Vec::new(),
        rounds: 3,
        seconds: 2.0,
        subject: None,
        against: None,
    };
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            // Cargo adds this one to every bench it runs.
            "--bench" => is_bench = true,
            "--help" | "-h" => return Ok(Task::Help),
            "--role" => return role(&value()?),
            "--case" => {
                let name = value()?;
                let cases = Case::parse(&name).ok_or(format!("no such case: {name}"))?;
                plan.cases.extend(cases);
            }
            "--rounds" => plan.rounds = within(&value()?, 1, 100)?,
            "--seconds" => plan.seconds = within(&value()?, 0.1, 600.0)?,
            "--against" => plan.against = Some(PathBuf::from(value()?)),
            "--subject" => plan.subject = Some(PathBuf::from(value()?)),
            _ => return Err(format!("unknown argument: {arg}")),
        }
    }
    if plan.cases.is_empty() {
        plan.cases = Case::ALL.to_vec();
    }
    Ok(if is_bench {
        Task::Bench(plan)
    } else {
        Task::Nothing
    })
}

fn role(name: &str) -> Result<Task, String> {
    match name {
        "loop" => Ok(Task::Loop),
        _ => Err(format!("no such role: {name}")),
    }
}

fn within<T>(text: &str, min: T, max: T) -> Result<T, String>
where
    T: std::str::FromStr + PartialOrd + std::fmt::Display,
{
    text.parse()
        .ok()
        .filter(|value| (&min..=&max).contains(&value))
        .ok_or(format!("{text} is not between {min} and {max}"))
}
