//! Report: turns the figures of all runs into medians, ratios and Markdown.

use std::fmt;
use std::fs;
use std::io;
use std::thread;

use crate::case::{Case, Side};
use crate::proc::Load;

/// A measured value of a run.
pub struct Figure {
    pub name: String,
    pub unit: Unit,
    pub value: f64,
    /// The load meanwhile, if it matters for the value.
    pub load: Option<Load>,
}

#[derive(Clone, Copy)]
pub enum Unit {
    PerSecond,
    MebibytesPerSecond,
    Milliseconds,
    Seconds,
    Kibibytes,
    Mebibytes,
    Count,
}

/// A collection of runs. Its `Display` is the tables.
pub struct Report {
    /// The side that the server is compared with.
    rival: Side,
    runs: Vec<(Case, Side, Vec<Figure>)>,
    failures: Vec<String>,
}

/// A median over the rounds, of one figure on one side.
struct Median {
    value: f64,
    unit: Unit,
    /// The load of the subject, the generator and others; 1.0 is one core.
    cpu: [Option<f64>; 3],
}

impl Report {
    /// Returns a report without runs.
    pub fn against(rival: Side) -> Report {
        Report {
            rival,
            runs: Vec::new(),
            failures: Vec::new(),
        }
    }

    pub fn add(&mut self, case: Case, side: Side, run: io::Result<Vec<Figure>>) {
        match run {
            Ok(figures) => self.runs.push((case, side, figures)),
            Err(why) => self.failures.push(format!("{case}, {side}: {why}")),
        }
    }

    /// Returns `true` if no run has failed.
    pub fn is_complete(&self) -> bool {
        self.failures.is_empty()
    }

    /// Returns the names of all figures with these sides, in the order of their cases.
    fn rows(&self, sides: [Side; 2]) -> Vec<(Case, &str)> {
        let mut rows = Vec::new();
        for (case, side, figures) in &self.runs {
            let here = case.sides(self.rival) == sides && sides.contains(side);
            for figure in figures.iter().filter(|_| here) {
                let row = (*case, figure.name.as_str());
                if !rows.contains(&row) {
                    rows.push(row);
                }
            }
        }
        rows
    }

    fn median(&self, row: (Case, &str), side: Side) -> Option<Median> {
        let runs = self
            .runs
            .iter()
            .filter(|run| (run.0, run.1) == (row.0, side));
        let figures: Vec<&Figure> = runs
            .flat_map(|run| &run.2)
            .filter(|figure| figure.name == row.1)
            .collect();
        let load = |of: fn(&Load) -> f64| {
            let loads = figures.iter().filter_map(|figure| figure.load.as_ref());
            middle(loads.map(of).collect())
        };
        Some(Median {
            value: middle(figures.iter().map(|figure| figure.value).collect())?,
            unit: figures.first()?.unit,
            cpu: [
                load(|load| load.subject),
                load(|load| load.generator),
                load(|load| load.others),
            ],
        })
    }

    fn table(&self, f: &mut fmt::Formatter, sides: [Side; 2]) -> fmt::Result {
        let rows = self.rows(sides);
        if rows.is_empty() {
            return Ok(());
        }
        let [left, right] = sides;
        writeln!(
            f,
            "\n| | {left} | {right} | ratio | CPU: subject | generator | others |\n\
             |---|---|---|---|---|---|---|"
        )?;
        for row in rows {
            let medians = [self.median(row, left), self.median(row, right)];
            let [left, right] = &medians;
            let ratio = match (left, right) {
                (Some(left), Some(right)) if right.value > 0.0 => {
                    format!("{:.2}", left.value / right.value)
                }
                _ => "-".into(),
            };
            let value = |side: &Option<Median>| match side {
                Some(median) => median.unit.show(median.value),
                None => "failed".into(),
            };
            writeln!(
                f,
                "| {} | {} | {} | {ratio} | {} | {} | {} |",
                row.1,
                value(left),
                value(right),
                cpu(&medians, 0),
                cpu(&medians, 1),
                cpu(&medians, 2),
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let cores = thread::available_parallelism().map_or(0, usize::from);
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        writeln!(
            f,
            "{cores} cores, Linux {}, loopback; MEMBERS x SENDERS and rooms are deliveries per second.",
            kernel.trim()
        )?;
        self.table(f, [Side::Server, self.rival])?;
        self.table(f, [Side::WithStalled, Side::WithoutStalled])?;
        self.table(f, [Side::Server, Side::Netcat])?;
        self.table(f, [Side::WithTransfers, Side::WithoutTransfers])?;
        self.table(f, [Side::WithCapabilities, Side::WithoutCapabilities])?;
        self.table(f, [Side::WithAttackers, Side::WithoutAttackers])?;
        for failure in &self.failures {
            writeln!(f, "\nFailed: {failure}")?;
        }
        Ok(())
    }
}

/// Returns `101 % / 99 %`, left and right; 100 % is one core.
fn cpu(medians: &[Option<Median>; 2], index: usize) -> String {
    let share = |median: &Option<Median>| {
        let share = median.as_ref().and_then(|median| median.cpu[index]);
        share.map_or("-".into(), |share| format!("{:.0} %", share * 100.0))
    };
    let [left, right] = medians;
    match (share(left), share(right)) {
        (left, right) if left == right && left == "-" => left,
        (left, right) => format!("{left} / {right}"),
    }
}

/// Returns the figures of a run in one line, as progress.
pub fn one_line(figures: &[Figure]) -> String {
    let show = |figure: &Figure| {
        let load = figure.load.map_or(String::new(), |load| {
            let [subject, generator, others] =
                [load.subject, load.generator, load.others].map(|share| share * 100.0);
            format!(" (CPU: {subject:.0} %, generator {generator:.0} %, others {others:.0} %)")
        });
        format!("{} {}{load}", figure.name, figure.unit.show(figure.value))
    };
    figures.iter().map(show).collect::<Vec<_>>().join("; ")
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Unit::PerSecond => format!("{:.2} M", value / 1e6),
            Unit::MebibytesPerSecond => format!("{value:.0}"),
            Unit::Milliseconds => format!("{value:.2} ms"),
            Unit::Seconds => format!("{value:.1}"),
            Unit::Kibibytes => format!("{value:.2}"),
            Unit::Mebibytes => format!("{value:.1}"),
            Unit::Count => format!("{value:.0}"),
        }
    }
}

/// Returns the median, the mean of the two in the middle for an even number.
fn middle(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = values.get(values.len() / 2)?;
    let lower = values.get((values.len() - 1) / 2)?;
    Some((lower + upper) / 2.0)
}
