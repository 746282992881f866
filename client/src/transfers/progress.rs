//! Progress: from the bytes that were moved to a bar and to lines.
//!
//! Thread: a worker sets the counter, the manager reads it; all else is pure.

use std::collections::VecDeque;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use common::transfer::format_size;

/// The time over which the rate is measured: long enough to be steady, short enough to
/// follow the network.
const RATE_WINDOW: Duration = Duration::from_secs(5);

/// The number of characters in the bar: each is 5 %.
const BAR_WIDTH: u64 = 20;

/// The progress of a transfer.
#[derive(Default)]
pub struct Progress {
    /// The file's name and its size in bytes, once they are known.
    pub file: OnceLock<(String, u64)>,
    done: AtomicU64,
}

impl Progress {
    /// Sets the number of bytes that were moved.
    pub fn set(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
    }

    /// Returns the number of bytes that were moved.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }
}

/// An estimator of the current rate.
pub struct RateEstimator(VecDeque<(Instant, u64)>);

impl RateEstimator {
    /// Makes the estimator of a transfer that starts now.
    pub fn new(now: Instant) -> RateEstimator {
        RateEstimator(VecDeque::from([(now, 0)]))
    }

    /// Records that `done` bytes have been moved, and returns the bytes per second.
    pub fn update(&mut self, now: Instant, done: u64) -> u64 {
        self.0.push_back((now, done));
        while self.0.len() > 2 && self.0.front().is_some_and(|it| now - it.0 > RATE_WINDOW) {
            self.0.pop_front();
        }
        let Some(&(since, before)) = self.0.front() else {
            return 0;
        };
        let millis = now.saturating_duration_since(since).as_millis().max(1);
        // A download starts again at 0 if its bytes cannot be kept.
        let moved = u128::from(done.saturating_sub(before)) * 1000;
        u64::try_from(moved / millis).unwrap_or(u64::MAX)
    }
}

/// An adaptive number of bytes between two updates: small on a slow line, so that the
/// progress is visible, large on a fast line, where updates would cost more than bytes.
pub struct AdaptiveChunk {
    bytes: u64,
    since: Instant,
}

impl AdaptiveChunk {
    /// Any line moves this in the time of an update.
    const MIN_BYTES: u64 = 16 * 1024;
    /// The kernel moves this in less than a millisecond; more does not make it faster.
    const MAX_BYTES: u64 = 1024 * 1024;
    /// A few updates per second are enough for a person.
    const FAST: Duration = Duration::from_millis(100);

    /// Starts with a small chunk, because the rate is not known yet.
    pub fn new() -> AdaptiveChunk {
        AdaptiveChunk {
            bytes: AdaptiveChunk::MIN_BYTES,
            since: Instant::now(),
        }
    }

    /// Returns the size of the next chunk in bytes. Call it when the previous chunk has
    /// been moved.
    pub fn next_size(&mut self) -> u64 {
        let bytes = if self.since.elapsed() < AdaptiveChunk::FAST {
            self.bytes * 2
        } else {
            self.bytes / 2
        };
        self.bytes = bytes.clamp(AdaptiveChunk::MIN_BYTES, AdaptiveChunk::MAX_BYTES);
        self.since = Instant::now();
        self.bytes
    }
}

/// The status of a transfer, or of several together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The title: `get notes.pdf`.
    pub what: String,
    /// In bytes.
    pub done: u64,
    /// In bytes; `None` if it is not known yet.
    pub size: Option<u64>,
    /// In bytes per second.
    pub rate: u64,
}

impl Status {
    /// Returns the percentage, rounded down: 100 means all.
    pub fn percent(&self) -> u64 {
        match self.size {
            None => 0,
            Some(0) => 100,
            Some(size) => {
                let percent = u128::from(self.done) * 100 / u128::from(size);
                u64::try_from(percent).unwrap_or(100).min(100)
            }
        }
    }

    /// Returns the status in one line.
    pub fn line(&self) -> String {
        match self.size {
            None => format!("{} waits", self.what),
            Some(_) => format!("{} {}", self.what, self.figures()),
        }
    }

    /// Returns the texts that may stand in the status line, the longest first.
    pub fn bars(&self) -> Vec<String> {
        if self.size.is_none() {
            return vec![self.line()];
        }
        let percent = self.percent();
        let repeat = |sign: &str, count: u64| sign.repeat(usize::try_from(count).unwrap_or(0));
        let full = percent * BAR_WIDTH / 100;
        let bar = repeat("#", full) + &repeat("-", BAR_WIDTH - full);
        vec![
            format!("{} [{bar}] {}", self.what, self.figures()),
            self.line(),
            format!("{}, {percent} %", self.what),
            format!("{percent} %{}", self.time_left()),
            format!("{percent} %"),
        ]
    }

    fn figures(&self) -> String {
        format!(
            "{} %, {}/s{}",
            self.percent(),
            format_size(self.rate),
            self.time_left()
        )
    }

    /// Returns the time left, or nothing while the rate is 0.
    fn time_left(&self) -> String {
        let rest = self.size.unwrap_or(0).saturating_sub(self.done);
        match rest.checked_div(self.rate) {
            None => String::new(),
            Some(seconds) => format!(", {} left", format_time(seconds)),
        }
    }
}

/// Formats a time for people: `12 s`, `3:05 min`, `1:02 h`, `3 days`.
pub fn format_time(seconds: u64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes}:{:02} min", seconds % 60),
        3600..172_800 => format!("{hours}:{:02} h", minutes % 60),
        _ => format!("{} days", hours / 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(done: u64, size: u64, rate: u64) -> Status {
        let what = "get notes.pdf".to_string();
        Status {
            what,
            done,
            size: Some(size),
            rate,
        }
    }

    #[test]
    fn a_line_contains_percent_rate_and_time_left() {
        let check = |status: Status, line: &str| assert_eq!(status.line(), line);
        check(
            status(430, 1000, 190),
            "get notes.pdf 43 %, 190 B/s, 3 s left",
        );
        check(status(999, 1000, 0), "get notes.pdf 99 %, 0 B/s");
        check(status(0, 0, 0), "get notes.pdf 100 %, 0 B/s");
        check(
            status(u64::MAX, u64::MAX, 1),
            "get notes.pdf 100 %, 1 B/s, 0 s left",
        );
        check(status(5, 1, 1), "get notes.pdf 100 %, 1 B/s, 0 s left");
        let unknown = Status {
            size: None,
            ..status(0, 0, 0)
        };
        check(unknown, "get notes.pdf waits");
    }

    #[test]
    fn the_bar_gets_shorter_until_it_fits_anywhere() {
        let bars = status(430, 1000, 190).bars();
        assert_eq!(
            bars[0],
            "get notes.pdf [########------------] 43 %, 190 B/s, 3 s left"
        );
        assert_eq!(bars[4], "43 %");
        assert!(
            bars.windows(2).all(|pair| pair[0].len() > pair[1].len()),
            "{bars:?}"
        );
        assert!(status(1, 1, 1).bars()[0].contains(&format!("[{}]", "#".repeat(20))));
    }

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let start = Instant::now();
        let mut estimator = RateEstimator::new(start);
        assert_eq!(estimator.update(start, 0), 0);
        assert_eq!(estimator.update(start + Duration::from_secs(2), 2000), 1000);
        for second in 3..20 {
            estimator.update(start + Duration::from_secs(second), 2000);
        }
        assert_eq!(estimator.update(start + Duration::from_secs(20), 2000), 0);
        assert_eq!(estimator.update(start + Duration::from_secs(21), 0), 0);
    }

    #[test]
    fn times_are_short() {
        for (seconds, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (185, "3:05 min"),
            (3720, "1:02 h"),
            (259_200, "3 days"),
        ] {
            assert_eq!(format_time(seconds), expected);
        }
    }
}
