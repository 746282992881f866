//! Measures the chat server against a copying epoll loop: a command line in,
//! a Markdown table of medians and ratios out.
//!
//! ```text
//! cargo build --release
//! cargo bench -p tests --bench room [-- --case 100x1 --rounds 3 --seconds 2]
//! ```
//!
//! The server and the loop, or an earlier server instead of it, run one after the other, A B A B, each in a child
//! process of its own, and the same generator talks to both. Everything stays
//! on the loopback, so the generator shares the machine with the subject: the
//! ratios mean more than the absolute figures, and the table says how busy the
//! generator was. The bench reads `/proc`, so it runs on Linux only.
//!
//! In reading order: options, case (what is measured), subject (who is
//! measured), generator (how), the kinds of case, report.

// This is test code: it feeds itself, it talks to a terminal, and a broken
// index in it is a bug of the bench that should stop it.
#![allow(clippy::indexing_slicing, clippy::print_stderr, clippy::print_stdout)]

mod options;

mod case;
mod subject;

mod baseline;

mod frames;
mod generator;

mod crowd;
mod delay;
mod files;
mod rooms;
mod slow;
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

/// All cases of the plan, the two sides of each in turns. A case that fails is
/// reported as failed, and the next one is measured.
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
