//! The one place where numbers and times become text: thin spaces between thousands, a true
//! minus sign, three significant digits, units apart from the figure.

/// Narrow no-break space, between thousands.
const THIN: char = '\u{202f}';
/// No-break space, before a unit.
const GAP: char = '\u{a0}';
/// The minus sign of typography.
const MINUS: char = '\u{2212}';

/// `1284` -> `1 284`.
pub fn whole(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() * 2);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(THIN);
        }
        out.push(digit);
    }
    out
}

/// A number with a fixed number of decimals, grouped, with a true minus; `–` if not finite.
pub fn fixed(x: f64, decimals: usize) -> String {
    if !x.is_finite() {
        return "–".into();
    }
    let text = format!("{:.decimals$}", x.abs());
    let (int, rest) = match text.split_once('.') {
        Some((int, frac)) => (int, format!(".{frac}")),
        None => (text.as_str(), String::new()),
    };
    let grouped = int.parse().map_or_else(|_| int.to_owned(), whole);
    let is_zero = text.bytes().all(|b| b == b'0' || b == b'.');
    let sign = if x < 0.0 && !is_zero { MINUS.to_string() } else { String::new() };
    format!("{sign}{grouped}{rest}")
}

/// Three significant digits, zeros at the end left out: `0.0412`, `1.32`, `4 812`.
pub fn short(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return if x == 0.0 { "0".into() } else { "–".into() };
    }
    let magnitude = x.abs().log10().floor() as i32;
    if !(-4..15).contains(&magnitude) {
        return scientific(x);
    }
    let decimals = (2 - magnitude).clamp(0, 6) as usize;
    let text = fixed(x, decimals);
    match text.split_once('.') {
        Some(_) => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        None => text,
    }
}

/// `0.00002` -> `2e−5`.
fn scientific(x: f64) -> String {
    format!("{x:.1e}").replace(".0e", "e").replace('-', &MINUS.to_string())
}

/// With its sign always shown: `+0.214`, `−0.4`, `0` without one.
pub fn signed(x: f64, decimals: usize) -> String {
    let text = fixed(x, decimals);
    let is_zero = text.bytes().all(|b| b == b'0' || b == b'.');
    if x > 0.0 && !is_zero { format!("+{text}") } else { text }
}

/// A share in 0..=1 as `12 %`.
pub fn percent(share: f64) -> String {
    let decimals = usize::from(share != 0.0 && share.abs() < 0.0995);
    format!("{}{GAP}%", fixed(share * 100.0, decimals).trim_end_matches(".0"))
}

/// A difference of shares, `−23 points`.
pub fn points(difference: f64) -> String {
    let text = signed(difference * 100.0, 0);
    let one = text.ends_with('1') && text.chars().count() == 2;
    format!("{text} {}", if one { "point" } else { "points" })
}

/// `34.7 s`.
pub fn secs(x: f64, decimals: usize) -> String {
    format!("{}{GAP}s", fixed(x, decimals))
}

/// A length of time in words: `45 s`, `38 min`, `1 h 5 min`, `3 d 4 h`.
pub fn span_of_time(secs: f64) -> String {
    if !secs.is_finite() || secs < 0.0 {
        return "–".into();
    }
    let s = secs.round() as u64;
    match s {
        0..=9 => format!("{}{GAP}s", short((secs * 10.0).round() / 10.0)),
        10..=99 => format!("{s}{GAP}s"),
        100..=5_399 => format!("{}{GAP}min", (s + 30) / 60),
        5_400..=172_799 => with_rest(s / 3600, "h", s % 3600 / 60, "min"),
        _ => with_rest(s / 86_400, "d", s % 86_400 / 3600, "h"),
    }
}

fn with_rest(big: u64, big_unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 {
        format!("{big}{GAP}{big_unit}")
    } else {
        format!("{big}{GAP}{big_unit} {small}{GAP}{small_unit}")
    }
}

/// `mm:ss` or `h:mm:ss`, for the length of a video.
pub fn clock_length(secs: f64) -> String {
    let s = secs.max(0.0).round() as u64;
    let (h, m, s) = (s / 3600, s / 60 % 60, s % 60);
    if h > 0 { format!("{h}:{m:02}:{s:02}") } else { format!("{m}:{s:02}") }
}

/// How long ago, in words, for a list.
pub fn ago(now: f64, then: f64) -> String {
    let s = now - then;
    if s < 5.0 {
        "just now".into()
    } else if s >= 172_800.0 {
        // Nobody counts the hours of last month.
        format!("{}{GAP}d ago", (s / 86_400.0).floor())
    } else {
        format!("{} ago", span_of_time(if s < 60.0 { (s / 5.0).floor() * 5.0 } else { s }))
    }
}

/// Time of day in the reader's zone: `minutes_west` is what `Date.getTimezoneOffset` gives.
pub fn time_of_day(unix_secs: f64, minutes_west: f64) -> String {
    let local = (unix_secs - minutes_west * 60.0).rem_euclid(86_400.0) as u64;
    format!("{:02}:{:02}:{:02}", local / 3600, local / 60 % 60, local % 60)
}

/// `3.4 MB`.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut x = n as f64;
    let mut unit = 0;
    while x >= 999.5 && unit + 1 < UNITS.len() {
        x /= 1000.0;
        unit += 1;
    }
    format!("{}{GAP}{}", short(x), UNITS[unit])
}

/// A large count with a letter: `2.1 M`.
pub fn count(n: u64) -> String {
    match n {
        0..=9_999 => whole(n),
        10_000..=999_999 => format!("{}{GAP}k", short(n as f64 / 1e3)),
        1_000_000..=999_999_999 => format!("{}{GAP}M", short(n as f64 / 1e6)),
        _ => format!("{}{GAP}B", short(n as f64 / 1e9)),
    }
}

/// `1 answer`, `8 answers`.
pub fn plural(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", whole(n), if n == 1 { one } else { many })
}

/// First letter large, and a full stop at the end: a message as a sentence.
pub fn sentence(message: &str) -> String {
    let text = message.trim();
    let mut letters = text.chars();
    let mut out: String = letters.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    out.push_str(letters.as_str());
    if !out.is_empty() && !out.ends_with(['.', '?', '!']) {
        out.push('.');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        text.replace(['\u{202f}', '\u{a0}'], " ").replace('\u{2212}', "-")
    }

    #[test]
    fn numbers_read_well() {
        for (got, want) in [
            (whole(26368), "26 368"),
            (whole(7), "7"),
            (short(0.58312), "0.583"),
            (short(0.041), "0.041"),
            (short(4812.4), "4 812"),
            (short(0.0), "0"),
            (short(0.00002), "2e-5"),
            (short(-1.2), "-1.2"),
            (short(f64::NAN), "–"),
            (fixed(-0.001, 2), "0.00"),
            (fixed(-1234.5, 1), "-1 234.5"),
            (signed(0.214, 3), "+0.214"),
            (signed(-0.4, 1), "-0.4"),
            (signed(0.0, 1), "0.0"),
            (percent(0.12), "12 %"),
            (percent(0.034), "3.4 %"),
            (percent(0.0), "0 %"),
            (percent(1.0), "100 %"),
            (points(-0.23), "-23 points"),
            (points(-0.01), "-1 point"),
            (bytes(3_400_000), "3.4 MB"),
            (bytes(12), "12 B"),
            (count(2_100_000), "2.1 M"),
        ] {
            assert_eq!(plain(&got), want);
        }
    }

    #[test]
    fn times_read_well() {
        for (secs, want) in [
            (2.31, "2.3 s"),
            (45.0, "45 s"),
            (2280.0, "38 min"),
            (3900.0, "65 min"),
            (7500.0, "2 h 5 min"),
            (200_000.0, "2 d 7 h"),
        ] {
            assert_eq!(plain(&span_of_time(secs)), want);
        }
        assert_eq!(clock_length(65.4), "1:05");
        assert_eq!(time_of_day(3661.0, -60.0), "02:01:01");
        assert_eq!(plain(&ago(100.0, 98.0)), "just now");
        assert_eq!(plain(&ago(100.0, 63.0)), "35 s ago");
    }

    #[test]
    fn messages_become_sentences() {
        assert_eq!(sentence("3 is above 1"), "3 is above 1.");
        assert_eq!(sentence("is empty"), "Is empty.");
        assert_eq!(sentence(""), "");
    }
}
