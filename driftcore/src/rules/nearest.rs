//! The known name that is nearest to an unknown one.

/// Names longer than this are not compared: the time is quadratic in their length.
const LONGEST: usize = 64;

/// The nearest of the names, if one is near enough to be what was meant. Allocates two rows of
/// the longest name's length.
pub(super) fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    if length > LONGEST {
        return None;
    }
    let near = (length / 3).clamp(1, 4);
    let mut best: Option<(usize, &str)> = None;
    for candidate in names {
        let other = candidate.chars().count();
        if candidate == name || other > LONGEST || other.abs_diff(length) > near {
            continue;
        }
        let distance = distance(name, candidate);
        if distance <= near && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, name)| name)
}

/// How many characters have to be put in, taken out or replaced. Another case counts for nothing.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().map(|c| c.to_ascii_lowercase()).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().map(|c| c.to_ascii_lowercase()).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, &to) in row.iter_mut().skip(1).zip(&b) {
            let replaced = diagonal + usize::from(from != to);
            diagonal = *cell;
            left = replaced.min(*cell + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_counted() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("same", "SAME"), 0);
        assert_eq!(distance("abc", ""), 3);
    }

    #[test]
    fn only_a_near_name_is_named() {
        let names = ["spawned_process", "container", "open_write"];
        assert_eq!(nearest("spawn_process", names), Some("spawned_process"));
        assert_eq!(nearest("Container", names), Some("container"));
        assert_eq!(nearest("kubernetes", names), None);
        assert_eq!(nearest(&"x".repeat(100), names), None);
    }
}
