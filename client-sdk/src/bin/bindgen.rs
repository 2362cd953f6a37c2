//! Writes the Kotlin and Swift sides of the library for phones, from a library that was built with the feature `ffi`:
//! `entwine-bindgen generate --language kotlin --no-format --out-dir FOLDER LIBRARY`.

fn main() {
    entwine_sdk::ffi::bindgen();
}
