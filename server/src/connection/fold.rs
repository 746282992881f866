//! Fold: a line too long for a datagram, or for one `recv` of a script, becomes
//! several.

/// The longest prefix before a text, with its `: `, in bytes: a sender and twenty
/// recipients. A line with its first `: ` later has no prefix.
const MAX_PREFIX: usize = 600;

/// The beginning of a continued piece without a prefix. The piece must not read as an
/// event of its own, whatever text stands there.
const CONTINUATION: &[u8] = b"... ";

/// Splits `line`, without its newline, into pieces of at most `max` bytes. Each begins
/// with the prefix of the line, which names the sender. No character is cut.
pub fn fold(line: &[u8], max: usize) -> Vec<Vec<u8>> {
    if line.len() <= max {
        return vec![line.to_vec()];
    }
    let searched = line.get(..MAX_PREFIX.min(max / 2)).unwrap_or(line);
    let prefix = searched.windows(2).position(|two| two == b": ");
    let (prefix, mut text) = line.split_at(prefix.map_or(0, |at| at + 2));
    let again = if prefix.is_empty() {
        CONTINUATION
    } else {
        prefix
    };
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    while !text.is_empty() {
        let prefix = if pieces.is_empty() { prefix } else { again };
        let (piece, rest) = text.split_at(cut(text, max - prefix.len()));
        pieces.push([prefix, piece].concat());
        text = rest;
    }
    pieces
}

/// Returns where to cut, so that at most `max` bytes are before it and no character
/// is on both sides.
fn cut(text: &[u8], max: usize) -> usize {
    if text.len() <= max {
        return text.len();
    }
    // The bytes of a character after its first begin with the bits 10.
    let inside = |at: &usize| {
        text.get(*at)
            .is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000)
    };
    let back = (1..=max).rev().find(|at| !inside(at));
    back.unwrap_or(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, max: usize, expected: &[&str]) {
        let pieces = fold(line.as_bytes(), max);
        let pieces: Vec<&str> = pieces.iter().map(|p| str::from_utf8(p).unwrap()).collect();
        assert_eq!(pieces, expected);
        assert!(pieces.iter().all(|piece| piece.len() <= max));
    }

    #[test]
    fn each_piece_names_the_sender() {
        check("bob: hello", 10, &["bob: hello"]);
        check("bob: hello you", 10, &["bob: hello", "bob:  you"]);
        check(
            "a notice with no sender",
            10,
            &["a notice w", "... ith no", "...  sende", "... r"],
        );
    }

    #[test]
    fn no_text_can_make_a_piece_that_is_an_event() {
        let receivers = vec!["x".repeat(24); 20].join(",");
        let forged = "y".repeat(600) + "Server: go home";
        for line in [
            format!("ann -> {receivers}: {forged}"),
            format!("ann is away, {forged}"),
        ] {
            for at in 0..700 {
                let line = line.replace(&"y".repeat(600), &"y".repeat(at));
                for piece in fold(line.as_bytes(), 500).iter().skip(1) {
                    assert!(!piece.starts_with(b"Server: "), "{line}");
                }
            }
        }
    }

    #[test]
    fn no_character_is_cut() {
        check("bob: 12345é", 11, &["bob: 12345", "bob: é"]);
        check("bob: 👋👋", 10, &["bob: 👋", "bob: 👋"]);
    }
}
