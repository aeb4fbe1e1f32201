//! `videossr score`: JSON lines in, the same lines with reward and breakdown out.

use anyhow::Result;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use shared::reward::{RewardMode, score_text};
use shared::task::{TaskKind, Truth};
use std::fmt::{self, Formatter};
use std::io::{BufRead, Write};

/// Scores answers: reads `{"task", "answer", "truth"}` per line from standard input.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// smooth, strict or tolerant
    #[arg(long, default_value_t = RewardMode::Smooth)]
    reward: RewardMode,
}

/// One line out for each line in; a line that cannot be scored comes back with an `error`.
pub fn run(args: Args) -> Result<()> {
    score_all(args.reward, std::io::stdin().lock(), std::io::stdout().lock())
}

fn score_all(mode: RewardMode, input: impl BufRead, mut output: impl Write) -> Result<()> {
    for line in input.split(b'\n') {
        let line = line?;
        let text = String::from_utf8_lossy(&line);
        writeln!(output, "{}", serde_json::to_string(&score_line(mode, &text)?)?)?;
    }
    output.flush()?;
    Ok(())
}

/// A JSON object as it was written: every value keeps its text, so that no digit is lost.
#[derive(Default)]
struct Line(Vec<(String, Box<RawValue>)>);

impl Line {
    fn get(&self, key: &str) -> Option<Value> {
        let (_, value) = self.0.iter().rfind(|(name, _)| name == key)?;
        serde_json::from_str(value.get()).ok()
    }

    /// Replaces a field, or adds it.
    fn set(&mut self, key: &str, value: &impl Serialize) -> Result<()> {
        let value = to_raw_value(value)?;
        match self.0.iter_mut().rfind(|(name, _)| name == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key.into(), value)),
        }
        Ok(())
    }
}

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Line;

            fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Line, A::Error> {
                let mut line = Line::default();
                while let Some(field) = map.next_entry()? {
                    line.0.push(field);
                }
                Ok(line)
            }
        }
        from.deserialize_map(Fields)
    }
}

/// The line with its reward, or with what is wrong with it.
fn score_line(mode: RewardMode, text: &str) -> Result<Line> {
    if text.trim().is_empty() {
        return complain(Line::default(), "", "the line is empty");
    }
    let mut line: Line = match serde_json::from_str(text) {
        Ok(line) => line,
        Err(error) if error.is_data() => {
            return complain(Line::default(), text, "the line is no JSON object");
        }
        Err(error) => {
            return complain(Line::default(), text, &format!("the line is no JSON: {error}"));
        }
    };
    let scored = read(&line).map(|(kind, answer, truth)| score_text(mode, kind, &truth, &answer));
    match scored {
        Ok(breakdown) => {
            line.set("reward", &breakdown.total)?;
            line.set("breakdown", &breakdown)?;
            Ok(line)
        }
        Err(message) => complain(line, "", &message),
    }
}

fn complain(mut line: Line, text: &str, message: &str) -> Result<Line> {
    if !text.is_empty() {
        line.set("line", &text)?;
    }
    line.set("error", &message)?;
    Ok(line)
}

/// Task, answer and truth of a line. The truth may be text or the object of `sample.json`.
fn read(line: &Line) -> Result<(TaskKind, String, String), String> {
    let text = |key: &str| match line.get(key) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(format!("`{key}` is no text")),
        None => Err(format!("`{key}` is missing")),
    };
    let kind = text("task")?.parse()?;
    let truth = match line.get("truth") {
        Some(truth @ Value::Object(_)) => {
            let truth: Truth = serde_json::from_value(truth)
                .map_err(|_| "`truth` is no truth of a known task".to_owned())?;
            truth.answer()
        }
        _ => text("truth")?,
    };
    Ok((kind, text("answer")?, truth))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_answered_in_its_place() {
        let good = r#"{"task":"jigsaw","answer":"12","truth":"12"}"#;
        let input = format!("{good}\n\n \t\r\nnonsense\n\u{fffd}\n{good}");
        let mut output = Vec::new();
        score_all(RewardMode::Strict, input.as_bytes(), &mut output).expect("answers");
        let text = String::from_utf8(output).expect("text");
        let lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let scored: Vec<bool> = lines.iter().map(|line| line.get("reward").is_some()).collect();
        assert_eq!(scored, [true, false, false, false, false, true]);
        assert!(lines[1..5].iter().all(|line| line["error"].is_string()), "{text}");
    }

    fn scored(text: &str) -> Value {
        let line = score_line(RewardMode::Smooth, text).expect("a line");
        serde_json::to_value(&line).expect("JSON")
    }

    #[test]
    fn lines_keep_their_fields_and_bad_lines_say_why() {
        let good = scored(r#"{"id":7,"task":"grounding","answer":"10-20","truth":"15-25"}"#);
        assert_eq!(good["id"], 7);
        assert!((good["reward"].as_f64().expect("a number") - 1.0 / 3.0).abs() < 1e-12);
        let object = scored(
            r#"{"task":"counting","answer":"4,1,4","truth":{"circles":3,"squares":1,"triangles":4}}"#,
        );
        assert!((object["reward"].as_f64().expect("a number") - 8.0 / 9.0).abs() < 1e-6);
        for (bad, word) in [
            ("nonsense", "no JSON:"),
            ("[1]", "no JSON object"),
            ("{}", "missing"),
            (r#"{"task":"chess","answer":"1","truth":"1"}"#, "chess"),
            (r#"{"task":"jigsaw","answer":12,"truth":"12"}"#, "no text"),
        ] {
            let got = scored(bad);
            let why = got["error"].as_str().expect("a reason");
            assert!(why.contains(word) && got.get("reward").is_none(), "{bad}: {why}");
        }
    }

    #[test]
    fn what_was_in_a_line_comes_back_as_it_was_written() {
        let kept =
            r#""id":12345678901234567890123,"p":0.10000000000000000001,"e":1E5,"s":"\u00e4""#;
        let rest = r#""task":"jigsaw","answer":"12","truth":"12""#;
        let line = format!(r#"{{{kept},{rest},"reward":0.0}}"#);
        let line = score_line(RewardMode::Strict, &line).expect("a line");
        let text = serde_json::to_string(&line).expect("JSON");
        assert!(
            text.starts_with(&format!(r#"{{{kept},{rest},"reward":1.0,"breakdown":"#)),
            "{text}"
        );
    }
}
