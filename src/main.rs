//! The `jdredis` program: hands the process to [`jdredis::run`] and exits with its code.

use std::process::ExitCode;

fn main() -> ExitCode {
    jdredis::share_one_arena();
    jdredis::exit_on_panic();
    jdredis::run(&jdredis::World::of_this_process())
}
