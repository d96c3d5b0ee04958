//! Fuzzes with the text of a profile, and a value in one.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &str| jdredis::fuzzing::profile(input));
