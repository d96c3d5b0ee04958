//! The `jdredis` program: hands the process to [`jdredis::run`] and exits with its code.

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        // Only the place: what a panic has to say may quote a secret.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(
            std::io::stderr(),
            "error: jdredis has a defect and stopped at {place}\n  hint: please report this line and the command, \
             without keys and links"
        );
        std::process::exit(1);
    }));
    jdredis::run(&jdredis::World::of_this_process())
}
