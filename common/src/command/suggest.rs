//! Suggest: finds the word that a mistyped word stands for.

/// Returns the first of `known` that begins with `word`.
///
/// If there is none, returns the nearest word, if it differs by at most two letters
/// and by fewer than `word` has.
pub fn suggest<'a>(word: &str, known: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    let begun = known
        .clone()
        .find(|known| word.len() >= 2 && known.starts_with(&word));
    let near = known.map(|known| (distance(&word, known), known));
    let near = near.filter(|(distance, _)| *distance <= 2 && *distance < word.len());
    begun.or_else(|| Some(near.min_by_key(|(distance, _)| *distance)?.1))
}

/// Returns how many letters must be inserted, removed or changed (Levenshtein 1966).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, a) in one.bytes().enumerate() {
        let mut diagonal = above;
        let mut left = above + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(other.bytes()) {
            let change = diagonal + usize::from(a != b);
            diagonal = *cell;
            left = change.min(left + 1).min(diagonal + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = above + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_comes_before_a_similar_word() {
        let nearest = |word| suggest(word, ["who", "whois", "join"].into_iter());
        assert_eq!(nearest("whoi"), Some("whois"));
        assert_eq!(nearest("WHA"), Some("who"));
        assert_eq!(nearest("jion"), Some("join"));
        assert_eq!(nearest("x"), None);
        assert_eq!(nearest("dance"), None);
    }

    #[test]
    fn the_distance_counts_changed_letters() {
        let check = |a, b, expected| assert_eq!(distance(a, b), expected, "{a} {b}");
        check("", "", 0);
        check("", "abc", 3);
        check("abc", "", 3);
        check("who", "who", 0);
        check("kitten", "sitting", 3);
        check("jion", "join", 2);
    }
}
