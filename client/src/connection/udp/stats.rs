//! Turns the counts of a conversation over UDP into words.

use common::udp::sequence::ReceiveTracker;

/// What has come and gone by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UdpStats {
    /// How many lines we have sent, heartbeats included.
    pub sent: u64,
    /// How many of them the server has got, as it said last.
    pub delivered: u64,
    /// What we have got.
    pub tracker: ReceiveTracker,
}

/// What there is to say where nothing is counted.
pub const NO_STATS: &str = "there is nothing to count over TCP: it loses no line; see --udp";

impl UdpStats {
    /// What was sent, and what came, each in a line.
    pub fn lines(&self) -> [String; 2] {
        let UdpStats {
            sent,
            delivered,
            tracker: tally,
        } = self;
        let (got, missing) = (tally.arrived(), tally.missing());
        let percent = percent(missing, got.saturating_add(missing));
        let doubles = tally.duplicates();
        [
            format!("sent {sent}, of which {delivered} had arrived when the server spoke last"),
            format!("got {got}, missing {missing} ({percent:.1} %), doubled {doubles}"),
        ]
    }
}

/// Figures above 2^53 lose their last digits here, and nobody minds.
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
            "sent 3, of which 2 had arrived when the server spoke last"
        );
        assert_eq!(got, expected);
    }

    #[test]
    fn loss_is_a_share_of_what_was_sent() {
        check(&[], "got 0, missing 0 (0.0 %), doubled 0");
        check(&[1, 2, 2], "got 2, missing 0 (0.0 %), doubled 1");
        check(&[1, 2, 3, 5, 8], "got 5, missing 3 (37.5 %), doubled 0");
    }
}
