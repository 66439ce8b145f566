#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| quilltap_store_fuzz::words(bytes));
