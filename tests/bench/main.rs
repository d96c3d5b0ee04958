//! How fast and how small the program is, next to curl and to the least a client can do.
//!
//! `cargo bench` prints medians, ratios and the targets they are held to. A missed target is
//! printed, not enforced: what a machine is busy with besides is no defect of the program. The exit
//! code is non-zero only when something that was measured did not work.
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
    // First of all: what the executable does when the benchmark starts it as a child.
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
