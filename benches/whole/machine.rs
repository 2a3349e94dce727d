//! What is measured on, and how measurements are summed up.

use std::fs::{self, File};
use std::io::Write;
use std::time::{Duration, Instant};

use crate::place;

/// A line of the table.
pub struct Row {
    /// What is done.
    pub work: String,
    /// What others take, each with its name.
    pub others: Vec<String>,
    /// What we take.
    pub ours: String,
    /// What we want to take at most.
    pub target: &'static str,
}

/// Many measurements of one thing, ascending.
pub struct Times(Vec<Duration>);

impl Times {
    /// Sums up at least one measurement.
    pub fn of(mut times: Vec<Duration>) -> Times {
        times.sort_unstable();
        Times(times)
    }

    /// The measurement that `share` of all, 0 to 1, do not exceed, in milliseconds.
    pub fn ms(&self, share: f64) -> f64 {
        let index = ((self.0.len() as f64 * share) as usize).min(self.0.len() - 1);
        self.0[index].as_secs_f64() * 1e3
    }

    /// The median and the 99th percentile.
    pub fn p50_p99(&self) -> String {
        format!("p50 {:.2} ms, p99 {:.2} ms", self.ms(0.5), self.ms(0.99))
    }

    /// The median, and what the middle half lies between: the noise.
    pub fn median(&self) -> String {
        format!("{:.2} ms ({:.2}–{:.2})", self.ms(0.5), self.ms(0.25), self.ms(0.75))
    }
}

/// The processor, its load, and how long the disk takes to make 8 KiB durable.
pub fn describe() -> anyhow::Result<String> {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
    let cores = std::thread::available_parallelism()?;
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    Ok(format!(
        "{}, {cores} cores, load {load} at the end; 8 KiB made durable (fdatasync): {}",
        model.trim_start_matches(['\t', ':', ' ']),
        durable()?.p50_p99()
    ))
}

fn durable() -> anyhow::Result<Times> {
    let folder = place::folder()?;
    let mut file = File::create(folder.path().join("file"))?;
    let times: Result<Vec<Duration>, std::io::Error> = (0..500)
        .map(|_| {
            file.write_all(&[7; 8192])?;
            let begun = Instant::now();
            file.sync_data()?;
            Ok(begun.elapsed())
        })
        .collect();
    Ok(Times::of(times?))
}
