//! Tells the linker what a Node addon needs; nothing at all for plain Rust.

fn main() {
    #[cfg(feature = "node")]
    {
        napi_build::setup();
        // A worker thread that ends must never unmap code that other threads still run.
        if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
            println!("cargo:rustc-link-arg-cdylib=-Wl,-z,nodelete");
        }
    }
}
