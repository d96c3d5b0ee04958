//! Fuzzes with the bytes of a file.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| jdredis::fuzzing::rdb(input));
