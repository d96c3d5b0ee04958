//! Fuzzes with names of files, a line each.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &str| jdredis::fuzzing::file_names(&input.split('\n').collect::<Vec<_>>()));
