//! The status line: from name, room, address and progress to the rule of the divided
//! screen.

use super::wrap::max_width;

/// The contents of the rule between messages and input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusLine {
    /// Our name.
    pub name: String,
    /// Our room.
    pub room: String,
    /// The server's address.
    pub address: String,
    /// `true` while the connection is broken.
    pub offline: bool,
    /// Texts about the progress of the transfers, the longest first.
    pub progress: Vec<String>,
}

impl StatusLine {
    /// Returns the longest text that surely fits into `columns`, so that it never wraps.
    pub fn render(&self, columns: u16) -> String {
        let StatusLine {
            name,
            room,
            address,
            offline,
            progress,
        } = self;
        let broken = [
            format!("--- {name} in {room} - reconnecting - /quit leaves ---"),
            "--- reconnecting - /quit leaves ---".to_string(),
            "--- reconnecting ---".to_string(),
        ];
        let broken = broken.into_iter().filter(|_| *offline);
        // During a transfer the progress is of more interest than the name.
        let busy = progress.iter().flat_map(|progress| {
            [
                format!("--- {name} in {room} - {progress} ---"),
                format!("--- {progress} ---"),
            ]
        });
        let idle = [
            format!("--- {name} in {room} at {address} - /quit leaves ---"),
            format!("--- {name} in {room} - /quit leaves ---"),
            format!("--- {name} - /quit leaves ---"),
            format!("--- {name} ---"),
        ];
        let mut all = broken.chain(busy).chain(idle);
        let fitting = all.find(|rule| max_width(rule) <= columns.into());
        fitting.unwrap_or_else(|| "---".to_string())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn status(name: &str) -> StatusLine {
        StatusLine {
            name: name.to_string(),
            room: "lobby".to_string(),
            address: "127.0.0.1:4000".to_string(),
            offline: false,
            progress: Vec::new(),
        }
    }

    #[test]
    fn the_rule_contains_what_fits_and_never_wraps() {
        #[track_caller]
        fn check(name: &str, columns: u16, expected: &str) {
            assert_eq!(status(name).render(columns), expected);
        }
        let full = "--- ann in lobby at 127.0.0.1:4000 - /quit leaves ---";
        check("ann", 80, full);
        check("ann", 53, full);
        check("ann", 52, "--- ann in lobby - /quit leaves ---");
        check("ann", 34, "--- ann - /quit leaves ---");
        check("ann", 20, "--- ann ---");
        check("李雷", 12, "--- 李雷 ---");
        check("李雷", 11, "---");
    }

    #[test]
    fn the_rule_says_that_the_connection_is_broken() {
        let mut status = status("ann");
        status.offline = true;
        status.progress = vec!["43 %".to_string()];
        let check = |columns, expected: &str| assert_eq!(status.render(columns), expected);
        check(80, "--- ann in lobby - reconnecting - /quit leaves ---");
        check(40, "--- reconnecting - /quit leaves ---");
        check(20, "--- reconnecting ---");
    }

    #[test]
    fn the_rule_contains_the_progress() {
        let mut status = status("ann");
        status.progress = ["get x [##--] 43 %", "get x, 43 %", "43 %"]
            .map(str::to_string)
            .to_vec();
        let check = |columns, expected: &str| assert_eq!(status.render(columns), expected);
        check(80, "--- ann in lobby - get x [##--] 43 % ---");
        check(39, "--- get x [##--] 43 % ---");
        check(24, "--- get x, 43 % ---");
        check(12, "--- 43 % ---");
        check(11, "--- ann ---");
    }
}
