#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lightship_image::fuzz::oci(bytes));
