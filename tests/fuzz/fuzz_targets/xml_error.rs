//! Fuzzes with an error of the object storage.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| jdredis::fuzzing::xml_error(input));
