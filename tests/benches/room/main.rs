//! Bench: measures the chat server against a copying epoll loop, and prints a Markdown
//! table of medians and ratios.
//!
//! ```text
//! cargo build --release
//! cargo bench -p tests --bench room [-- --case 100x1 --rounds 3 --seconds 2]
//! ```
//!
//! The server and the loop, or another build of the server instead of the loop, run in
//! turns, A B A B. Each run has a child process of its own, and the same generator
//! serves both. All runs on the loopback, so the generator shares the machine with the
//! subject. Therefore the ratios mean more than the absolute figures, and the table
//! shows the load of the generator. The bench reads `/proc`, so it needs Linux.
//!
//! In reading order: options, case, subject, generator, the kinds of case, report.

// The bench receives no untrusted input and prints to a terminal. A wrong index is a
// bug that should stop it.
#![allow(clippy::indexing_slicing, clippy::print_stderr, clippy::print_stdout)]

mod options;

mod case;
mod subject;

mod baseline;

mod frames;
mod generator;

mod attacks;
mod crowd;
mod delay;
mod files;
mod idle_memory;
mod rooms;
mod slow;
mod storm;
mod tagged;
mod throughput;

mod proc;
mod report;

use std::process::ExitCode;

use options::{Plan, Task};
use report::Report;

fn main() -> ExitCode {
    let task = match options::parse(std::env::args().skip(1)) {
        Ok(task) => task,
        Err(why) => {
            eprintln!("room: {why}\n\n{}", options::HELP);
            return ExitCode::from(2);
        }
    };
    match task {
        Task::Help => println!("{}", options::HELP),
        // `cargo test --all-targets` starts benches too, as a smoke test.
        Task::Nothing => println!("run as: cargo bench -p tests --bench room"),
        Task::Loop => {
            if let Err(why) = baseline::run() {
                eprintln!("copying loop: {why}");
                return ExitCode::FAILURE;
            }
        }
        Task::Bench(plan) => {
            let report = measure(&plan);
            print!("{report}");
            if !report.is_complete() {
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

/// Measures all cases of the plan, the two sides of each in turns. A failed case is
/// reported, and the next one is measured.
fn measure(plan: &Plan) -> Report {
    let mut report = Report::against(plan.rival());
    for case in &plan.cases {
        for round in 0..plan.rounds {
            for side in case.sides(plan.rival()) {
                eprint!("{case}, round {}, {side}: ", round + 1);
                let run = case.measure(side, plan);
                match &run {
                    Ok(figures) => eprintln!("{}", report::one_line(figures)),
                    Err(why) => eprintln!("FAILED: {why}"),
                }
                report.add(*case, side, run);
            }
        }
    }
    report
}
