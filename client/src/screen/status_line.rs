//! Turns who and where we are, and how far the files, into the rule of the divided
//! screen.

/// What the rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusLine {
    /// Who we are.
    pub name: String,
    /// In which room.
    pub room: String,
    /// Where we are.
    pub address: String,
    /// How far the files are, the longest first.
    pub progress: Vec<String>,
}

impl StatusLine {
    /// The longest rule that surely fits into `columns`, so that it never wraps.
    pub fn render(&self, columns: u16) -> String {
        let StatusLine {
            name,
            room,
            address,
            progress,
        } = self;
        // Who sends or fetches a file looks for that; who they are they know.
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
        let mut all = busy.chain(idle);
        let fitting = all.find(|rule| max_width(rule) <= columns.into());
        fitting.unwrap_or_else(|| "---".to_string())
    }
}

/// The most columns that `text` can take. Only ASCII is known to be narrow; all
/// else counts double, as Chinese characters do.
fn max_width(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title(name: &str) -> StatusLine {
        StatusLine {
            name: name.to_string(),
            room: "lobby".to_string(),
            address: "127.0.0.1:4000".to_string(),
            progress: Vec::new(),
        }
    }

    #[test]
    fn the_rule_says_what_fits_and_never_wraps() {
        #[track_caller]
        fn check(name: &str, columns: u16, expected: &str) {
            assert_eq!(title(name).render(columns), expected);
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
    fn the_rule_says_how_far_the_files_are() {
        let mut title = title("ann");
        title.progress = ["get x [##--] 43 %", "get x, 43 %", "43 %"]
            .map(str::to_string)
            .to_vec();
        let check = |columns, expected: &str| assert_eq!(title.render(columns), expected);
        check(80, "--- ann in lobby - get x [##--] 43 % ---");
        check(39, "--- get x [##--] 43 % ---");
        check(24, "--- get x, 43 % ---");
        check(12, "--- 43 % ---");
        check(11, "--- ann ---");
    }
}
