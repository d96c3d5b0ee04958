//! `jdredis completions SHELL`: the script that completes commands, options, known values and names.

use crate::completion::Shell;

pub(super) const EXAMPLES: &str = "\
Examples:
  jdredis completions bash > ~/.local/share/bash-completion/completions/jdredis
  eval \"$(jdredis completions bash)\"    # in ~/.bashrc, without bash-completion 2.2 or later
  jdredis completions zsh > ~/.zfunc/_jdredis        # with ~/.zfunc in $fpath
  jdredis completions fish > ~/.config/fish/completions/jdredis.fish
";

pub(super) fn render(shell: Shell) -> Vec<u8> {
    shell.script().as_bytes().to_vec()
}
