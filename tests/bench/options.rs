//! The benchmark's command line.

use std::ffi::OsString;

use anyhow::{Context, bail, ensure};

use crate::scenarios;

const BENCH: &str = "--bench";

/// The scenarios to run, and how often.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// The number of rounds, where it is not each scenario's own.
    pub(crate) rounds: Option<usize>,
    names: Vec<String>,
}

impl Options {
    /// `None` if `cargo test --all-targets` starts it, which leaves out the argument that `cargo bench`
    /// adds.
    pub(crate) fn parse(arguments: Vec<OsString>) -> anyhow::Result<Option<Self>> {
        if !arguments.iter().any(|argument| argument == BENCH) {
            return Ok(None);
        }
        let mut options = Self::default();
        let mut arguments = arguments
            .iter()
            .filter(|argument| *argument != BENCH)
            .map(|argument| argument.to_string_lossy().into_owned());
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--rounds" => options.rounds = Some(rounds(arguments.next())?),
                option if option.starts_with('-') => bail!("{option} is none of the options: --rounds N"),
                name => options.names.push(known(name)?),
            }
        }
        Ok(Some(options))
    }

    /// Whether the scenario is to run: it is named, or none is.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|wanted| wanted == name)
    }
}

fn rounds(value: Option<String>) -> anyhow::Result<usize> {
    let value = value.context("--rounds needs a number")?;
    let rounds = value.parse().with_context(|| format!("--rounds {value}"))?;
    ensure!(rounds > 0, "no figure comes out of no rounds");
    Ok(rounds)
}

fn known(name: &str) -> anyhow::Result<String> {
    let names = scenarios::ALL.map(|scenario| scenario.name);
    ensure!(
        names.contains(&name),
        "{name} is none of the scenarios: {}",
        names.join(", ")
    );
    Ok(name.to_owned())
}
