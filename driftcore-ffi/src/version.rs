//! Which version this is.

use std::ffi::CStr;
use std::ffi::c_char;

/// The major version of the header.
pub const DRIFTCORE_VERSION_MAJOR: u32 = 0;
/// The minor version of the header. While the major version is 0, a library of another minor
/// version has another SONAME.
pub const DRIFTCORE_VERSION_MINOR: u32 = 1;
/// The patch version of the header.
pub const DRIFTCORE_VERSION_PATCH: u32 = 0;

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");

/// The version of the library that runs, as `MAJOR.MINOR.PATCH`: a C string that is always there.
/// Any thread, signal handlers too. Since 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn driftcore_version() -> *const c_char {
    CStr::from_bytes_with_nul(VERSION.as_bytes()).unwrap_or_default().as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_macros_say_what_the_package_says() {
        let numbers = [DRIFTCORE_VERSION_MAJOR, DRIFTCORE_VERSION_MINOR, DRIFTCORE_VERSION_PATCH];
        let macros = numbers.map(|number| number.to_string()).join(".");
        assert_eq!(macros, env!("CARGO_PKG_VERSION"));
        // SAFETY: a constant that ends with NUL.
        let said = unsafe { CStr::from_ptr(driftcore_version()) };
        assert_eq!(said.to_str(), Ok(&*macros));
    }
}
