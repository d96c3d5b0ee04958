//! Measures how fast and how small the program is, beside curl and a minimal client.
//!
//! `cargo bench` prints medians, ratios and their targets. A missed target is printed and does not fail,
//! because the machine may be busy with something else. The exit code is non-zero only when a contestant
//! does not do its job.
//!
//! `cargo bench -- tls` runs the scenarios of that name only, `cargo bench -- --rounds 500` more
//! rounds than usual. A new scenario is a module in `scenarios` and its line in
//! [`scenarios::ALL`].

mod contestant;
mod machine;
mod memory;
mod options;
mod race;
mod raw;
mod report;
mod scenarios;

use std::env;
use std::io;

use anyhow::Context;

use options::Options;
use report::Report;
use scenarios::Setup;

fn main() -> anyhow::Result<()> {
    let mut arguments = env::args_os().skip(1).peekable();
    // The benchmark starts its own executable as a child in one of these roles.
    if arguments.next_if(|first| first == raw::ROLE).is_some() {
        return raw::run(arguments);
    }
    if arguments.next_if(|first| first == memory::ROLE).is_some() {
        return memory::probe(arguments);
    }
    let Some(options) = Options::parse(arguments.collect())? else {
        return Ok(());
    };
    let setup = Setup::new()?;
    let mut report = Report::new(io::stdout().lock());
    machine::describe(setup.curl(), &mut report)?;
    for scenario in scenarios::ALL.iter().filter(|scenario| options.wants(scenario.name)) {
        (scenario.run)(&setup, options.rounds.unwrap_or(scenario.rounds), &mut report)
            .with_context(|| format!("scenario {}", scenario.name))?;
    }
    Ok(())
}
