//! `jdredis completions SHELL`: a script that completes commands, options and known values.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;

pub(super) fn render(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "jdredis", &mut script);
    script
}
