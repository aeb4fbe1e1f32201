//! `videossr devices`: what can train here, and why the rest cannot.

use anyhow::Result;

/// Lists devices.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints every device kind this program knows, found or missing.
pub fn run(args: Args) -> Result<()> {
    let devices = policy::devices();
    if args.json {
        println!("{}", serde_json::to_string_pretty(&devices)?);
        return Ok(());
    }
    for device in devices {
        let state = if device.available { "available" } else { "missing" };
        let detail = device.why.or(device.detail).unwrap_or_default();
        println!("{:<8} {state:<10} {detail}", device.name);
    }
    Ok(())
}
