//! `videossr score`: JSON lines in, the same lines with reward and breakdown out.

use anyhow::Result;
use serde_json::{Map, Value, json};
use shared::reward::{RewardMode, score_text};
use shared::task::{TaskKind, Truth};
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
        writeln!(output, "{}", Value::Object(score_line(mode, &text)))?;
    }
    output.flush()?;
    Ok(())
}

/// The line with its reward, or with what is wrong with it.
fn score_line(mode: RewardMode, text: &str) -> Map<String, Value> {
    if text.trim().is_empty() {
        return complain(Map::new(), "", "the line is empty");
    }
    let mut line = match serde_json::from_str(text) {
        Ok(Value::Object(line)) => line,
        Ok(_) => return complain(Map::new(), text, "the line is no JSON object"),
        Err(error) => return complain(Map::new(), text, &format!("the line is no JSON: {error}")),
    };
    let scored = read(&line).map(|(kind, answer, truth)| score_text(mode, kind, &truth, &answer));
    match scored {
        Ok(breakdown) => {
            line.insert("reward".into(), json!(breakdown.total));
            line.insert("breakdown".into(), json!(breakdown));
            line
        }
        Err(message) => complain(line, "", &message),
    }
}

fn complain(mut line: Map<String, Value>, text: &str, message: &str) -> Map<String, Value> {
    if !text.is_empty() {
        line.insert("line".into(), json!(text));
    }
    line.insert("error".into(), json!(message));
    line
}

/// Task, answer and truth of a line. The truth may be text or the object of `sample.json`.
fn read(line: &Map<String, Value>) -> Result<(TaskKind, String, String), String> {
    let text = |key: &str| match line.get(key) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(format!("`{key}` is no text")),
        None => Err(format!("`{key}` is missing")),
    };
    let kind = text("task")?.parse()?;
    let truth = match line.get("truth") {
        Some(Value::Object(truth)) => {
            let truth: Truth = serde_json::from_value(Value::Object(truth.clone()))
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

    #[test]
    fn lines_keep_their_fields_and_bad_lines_say_why() {
        let good = score_line(
            RewardMode::Smooth,
            r#"{"id":7,"task":"grounding","answer":"10-20","truth":"15-25"}"#,
        );
        assert_eq!(good["id"], 7);
        assert!((good["reward"].as_f64().expect("a number") - 1.0 / 3.0).abs() < 1e-12);
        let object = score_line(
            RewardMode::Smooth,
            r#"{"task":"counting","answer":"4,1,4","truth":{"circles":3,"squares":1,"triangles":4}}"#,
        );
        assert!((object["reward"].as_f64().expect("a number") - 8.0 / 9.0).abs() < 1e-6);
        for bad in [
            "nonsense",
            "[1]",
            "{}",
            r#"{"task":"chess","answer":"1","truth":"1"}"#,
            r#"{"task":"jigsaw","answer":12,"truth":"12"}"#,
        ] {
            let got = score_line(RewardMode::Smooth, bad);
            assert!(got.contains_key("error") && !got.contains_key("reward"), "{bad}");
        }
    }
}
