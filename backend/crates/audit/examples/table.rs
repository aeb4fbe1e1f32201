//! Prints the audit table of some videos: table SAMPLES SHORT_SIDE VIDEO...

use audit::AuditConfig;
use media::StripCache;
use rayon::prelude::*;
use shared::video::{FrameSize, SamplePlan};
use std::path::Path;
use std::process::ExitCode;
use tasks::Shelf;

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [samples, side, videos @ ..] = arguments.as_slice() else {
        return Err("table SAMPLES SHORT_SIDE VIDEO...".into());
    };
    let plan = SamplePlan::strip(FrameSize::ShortSide(side.parse()?));
    let strips = |count: u32| {
        let plan = SamplePlan { count, ..plan };
        let strip = |video: &String| media::strip(Path::new(video), &plan, &StripCache::disabled());
        videos.par_iter().filter_map(|video| strip(video).ok()).collect()
    };
    let shelf = Shelf { strips: strips(48), dense: strips(128) };
    let config = AuditConfig { samples: samples.parse()?, ..AuditConfig::default() };
    let report = audit::run(&shelf, &config, |_, _| {})?;
    print!("{}", report.table());
    Ok(ExitCode::from(u8::from(!report.is_fair())))
}
