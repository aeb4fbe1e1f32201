//! How a file is sent in parts.

/// How many files are sent at the same time.
pub const AT_ONCE: usize = 2;
/// Bytes of a part: what is sent again at most where a connection breaks.
const PART: u64 = 8 << 20;

/// Start and end of the next part of a file of `bytes`, of which `received` have come. An empty
/// one where all have: the server takes it as the end.
pub fn next_part(received: u64, bytes: u64) -> (u64, u64) {
    (received, (received + PART).min(bytes))
}

/// How long the rest takes, seconds, at the pace of the bytes so far; none until it can be told.
pub fn secs_left(sent: f64, bytes: f64, secs: f64) -> Option<f64> {
    (sent > 0.0 && secs >= 1.0).then(|| (bytes - sent).max(0.0) * secs / sent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_each_other_to_the_end() {
        let bytes = 2 * PART + 5;
        let mut parts = Vec::new();
        let mut at = 0;
        while at < bytes {
            let part = next_part(at, bytes);
            assert_eq!(part.0, at);
            at = part.1;
            parts.push(part.1 - part.0);
        }
        assert_eq!(parts, [PART, PART, 5]);
        assert_eq!(next_part(0, 0), (0, 0));
        assert_eq!(next_part(bytes, bytes), (bytes, bytes));
    }

    #[test]
    fn the_rest_takes_as_long_as_the_pace_says() {
        assert_eq!(secs_left(0.0, 100.0, 9.0), None);
        assert_eq!(secs_left(50.0, 100.0, 0.2), None);
        assert_eq!(secs_left(25.0, 100.0, 5.0), Some(15.0));
    }
}
