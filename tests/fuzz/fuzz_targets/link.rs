//! Fuzzes with a text that may be a link.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &str| jdredis::fuzzing::link(input));
