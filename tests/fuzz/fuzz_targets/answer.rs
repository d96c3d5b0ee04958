//! Fuzzes with an answer of the service.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| jdredis::fuzzing::answer(input));
