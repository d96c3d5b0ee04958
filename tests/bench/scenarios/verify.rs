//! Files in the page cache, with values of three sizes: how long `backup verify` takes for one, beside
//! redis-check-rdb where it is installed, and how many bytes it reads in a second.
//!
//! The files have no checksum, as with `rdbchecksum no`: both programs compute it all the same.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Result;

use super::{Scenario, Setup, on_path};
use crate::contestant::Contestant;
use crate::race::{MEMORY_TARGET, Race, WARM_UPS};
use crate::report::{Report, Target, Unit};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "verify",
    rounds: 15,
    run,
};

const OTHER: &str = "redis-check-rdb";
/// For files of large values, in bytes a second on one core.
const SPEED_TARGET: f64 = 5e9;

/// A file of strings, all with the same value.
struct Sample {
    name: &'static str,
    keys: u32,
    /// In bytes.
    value: u16,
    /// The largest permitted ratio of jdredis's time to that of redis-check-rdb.
    target: Option<f64>,
}

const SAMPLES: [Sample; 3] = [
    Sample {
        name: "8 bytes",
        keys: 3_000_000,
        value: 8,
        target: Some(0.35),
    },
    Sample {
        name: "1 KiB",
        keys: 300_000,
        value: 1024,
        target: Some(0.6),
    },
    Sample {
        name: "16 KiB",
        keys: 60_000,
        value: 16 * 1024,
        target: None,
    },
];

fn run(setup: &Setup, rounds: usize, report: &mut Report<'_>) -> Result<()> {
    let path = setup.folder.path().join("verify.rdb");
    for sample in &SAMPLES {
        sample.write(&path)?;
        sample.measure(setup, &path, rounds, report)?;
        fs::remove_file(&path)?;
    }
    Ok(())
}

impl Sample {
    /// Writes the file: each key has eight characters, and no value is one that a server would compress.
    fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        file.write_all(b"REDIS0010\xfe\0")?;
        let mut state = 1_u64;
        let value: Vec<u8> = (0..self.value)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                state.to_be_bytes()[0]
            })
            .collect();
        for key in 0..self.keys {
            write!(file, "\0\x08k{key:07}")?;
            match self.value.to_be_bytes() {
                [0, length @ 0..64] => file.write_all(&[length])?,
                [high, low] if high < 64 => file.write_all(&[0x40 | high, low])?,
                [high, low] => file.write_all(&[0x80, 0, 0, high, low])?,
            }
            file.write_all(&value)?;
        }
        file.write_all(b"\xff\0\0\0\0\0\0\0\0")?;
        file.flush()
    }

    fn measure(&self, setup: &Setup, path: &Path, rounds: usize, report: &mut Report<'_>) -> Result<()> {
        let bytes = fs::metadata(path)?.len();
        let mut contestants = vec![setup.jdredis().args(["backup", "verify", "-q"]).args([path])];
        if let (Some(program), Some(_)) = (on_path(OTHER), self.target) {
            contestants.push(Contestant::new(OTHER, program).args([path]));
        }
        for contestant in &mut contestants {
            contestant.output()?;
        }
        report.section(&format!(
            "`backup verify` of {} keys with values of {}, {} MiB in the page cache, median of {rounds} rounds",
            self.keys,
            self.name,
            bytes / 1024 / 1024
        ))?;
        let race = Race {
            name: self.name,
            rounds,
            time_target: None,
            fetched: None,
            warm_ups: WARM_UPS,
            targets: &self
                .target
                .map(|target| (OTHER, target))
                .into_iter()
                .collect::<Vec<_>>(),
            memory_target: MEMORY_TARGET,
        };
        let median = race.run_for_time(&mut contestants, report)?;
        let label = format!("{}: jdredis, speed", self.name);
        #[allow(
            clippy::cast_precision_loss,
            reason = "a file has fewer bytes than a double has exact integers"
        )]
        let speed = bytes as f64 / median;
        match self.target {
            Some(_) => report.figure(&label, Unit::BytesPerSecond, speed, ""),
            None => report.held_to(&label, Unit::BytesPerSecond, speed, Target::AtLeast(SPEED_TARGET)),
        }?;
        Ok(())
    }
}
