//! UDP statistics: from counted lines to two sentences.

use common::udp::sequence::ReceiveTracker;

/// The counts of a connection over UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UdpStats {
    /// The lines that we have sent, heartbeats included.
    pub sent: u64,
    /// The lines of these that the server reported as received.
    pub delivered: u64,
    /// The lines that we have received.
    pub tracker: ReceiveTracker,
}

/// The answer to `/stats` over TCP.
pub const NO_STATS: &str = "nothing to count over TCP, which loses no line; see --udp";

impl UdpStats {
    /// Returns a line about what was sent, and a line about what was received.
    pub fn lines(&self) -> [String; 2] {
        let UdpStats {
            sent,
            delivered,
            tracker,
        } = self;
        let (received, missing) = (tracker.arrived(), tracker.missing());
        let percent = percent(missing, received.saturating_add(missing));
        let duplicates = tracker.duplicates();
        [
            format!("sent {sent}, of which the server has reported {delivered} as received"),
            format!(
                "received {received}, missing {missing} ({percent:.1} %), duplicates {duplicates}"
            ),
        ]
    }
}

/// Counts above 2^53 lose their last digits here, which a percentage does not show.
#[expect(clippy::cast_precision_loss)]
fn percent(part: u64, whole: u64) -> f64 {
    match whole {
        0 => 0.0,
        whole => 100.0 * part as f64 / whole as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(numbers: &[u64], expected: &str) {
        let mut tally = ReceiveTracker::default();
        for &number in numbers {
            tally.record(number);
        }
        let [sent, got] = UdpStats {
            sent: 3,
            delivered: 2,
            tracker: tally,
        }
        .lines();
        assert_eq!(
            sent,
            "sent 3, of which the server has reported 2 as received"
        );
        assert_eq!(got, expected);
    }

    #[test]
    fn loss_is_a_share_of_what_was_sent() {
        check(&[], "received 0, missing 0 (0.0 %), duplicates 0");
        check(&[1, 2, 2], "received 2, missing 0 (0.0 %), duplicates 1");
        check(
            &[1, 2, 3, 5, 8],
            "received 5, missing 3 (37.5 %), duplicates 0",
        );
    }
}
