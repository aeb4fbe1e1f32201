//! Times a short run: `bench POLICY_DIR STEPS VIDEO...`.

use shared::config::RunConfig;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    policy::tune_process();
    let mut args = std::env::args().skip(1);
    let policy_dir = PathBuf::from(args.next().ok_or("POLICY_DIR is missing")?);
    let steps = args.next().ok_or("STEPS is missing")?.parse()?;
    let cache = std::env::temp_dir().join("videossr-strips");
    let videos: Vec<PathBuf> = args.map(PathBuf::from).collect();
    let report = train::bench::time(RunConfig::default(), &policy_dir, &videos, &cache, steps)?;
    println!("{report}");
    Ok(())
}
