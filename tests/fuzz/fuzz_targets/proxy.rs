//! Fuzzes with the text of a proxy variable, a list of exceptions and an answer to CONNECT.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &str| jdredis::fuzzing::proxy(input));
