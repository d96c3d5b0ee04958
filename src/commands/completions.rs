//! `jdredis completions SHELL`: a script that completes commands, options and known values.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;

pub(super) const EXAMPLES: &str = "\
Examples:
  jdredis completions bash > ~/.local/share/bash-completion/completions/jdredis
  jdredis completions zsh > ~/.zfunc/_jdredis        # with ~/.zfunc in $fpath
  jdredis completions fish > ~/.config/fish/completions/jdredis.fish
";

pub(super) fn render(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "jdredis", &mut script);
    script
}
