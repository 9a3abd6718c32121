//! Text that crosses.

use std::cell::Cell;
use std::ffi::CStr;
use std::ffi::OsStr;
use std::ffi::c_char;
use std::fmt;
use std::io;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use driftcore::event::Text;

use crate::error::Failure;

/// Text that is borrowed from an object, for as long as that object is there and unchanged: no NUL
/// at its end. Usually UTF-8; names and paths that come from a container may be any bytes. Absent
/// text has no data; empty text has data and the length 0. This record never grows. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct driftcore_text {
    /// The first byte, or NULL.
    pub data: *const c_char,
    /// How many bytes there are.
    pub length: usize,
}

impl driftcore_text {
    pub(crate) const ABSENT: Self = Self { data: std::ptr::null(), length: 0 };

    /// The text, for tests and for Rust callers of this crate; what is not UTF-8 is empty.
    pub fn as_str(&self) -> &str {
        if self.data.is_null() {
            return "";
        }
        // SAFETY: a text points to that many bytes of an object that outlives it.
        let bytes = unsafe { std::slice::from_raw_parts(self.data.cast::<u8>(), self.length) };
        std::str::from_utf8(bytes).unwrap_or("")
    }
}

impl fmt::Debug for driftcore_text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl From<&[u8]> for driftcore_text {
    fn from(bytes: &[u8]) -> Self {
        // Rust's pointer to no bytes is a small number (1), no address: Go's runtime ends the
        // program that keeps one on its stack.
        if bytes.is_empty() {
            return Self { data: c"".as_ptr(), length: 0 };
        }
        Self { data: bytes.as_ptr().cast(), length: bytes.len() }
    }
}

impl From<&str> for driftcore_text {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

impl From<&Text> for driftcore_text {
    fn from(text: &Text) -> Self {
        text.as_bytes().into()
    }
}

impl From<Option<&str>> for driftcore_text {
    fn from(text: Option<&str>) -> Self {
        text.map_or(Self::ABSENT, Into::into)
    }
}

impl From<Option<&Text>> for driftcore_text {
    fn from(text: Option<&Text>) -> Self {
        text.map_or(Self::ABSENT, Into::into)
    }
}

/// A name that the caller gave as a C string.
pub(crate) fn name<'a>(argument: &'static str, text: *const c_char) -> Result<&'a str, Failure> {
    c_string(argument, text)?
        .to_str()
        .map_err(|_| Failure::argument(format!("`{argument}` is not UTF-8")))
}

/// A path that the caller gave as a C string.
pub(crate) fn path<'a>(argument: &'static str, text: *const c_char) -> Result<&'a Path, Failure> {
    Ok(Path::new(OsStr::from_bytes(c_string(argument, text)?.to_bytes())))
}

fn c_string<'a>(argument: &'static str, text: *const c_char) -> Result<&'a CStr, Failure> {
    if text.is_null() {
        return Err(Failure::argument(format!("`{argument}` is NULL")));
    }
    // SAFETY: not NULL, and the caller promises a NUL at the end; it is used within the call only.
    Ok(unsafe { CStr::from_ptr(text) })
}

/// Bytes that the caller gave with their length. Of no bytes the pointer is not looked at.
pub(crate) fn bytes<'a, T>(
    argument: &'static str,
    data: *const T,
    length: usize,
) -> Result<&'a [T], Failure> {
    if length == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(Failure::argument(format!("`{argument}` is NULL, and its length is not 0")));
    }
    if length.checked_mul(size_of::<T>()).is_none_or(|size| isize::try_from(size).is_err()) {
        return Err(Failure::argument(format!("the length {length} of `{argument}` cannot be")));
    }
    // SAFETY: not NULL, a length that memory can have, and the caller promises that many elements;
    // they are used within the call only.
    Ok(unsafe { std::slice::from_raw_parts(data, length) })
}

/// Bytes that end early once nobody wants more.
pub(crate) struct Until<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) stopped: &'a Cell<bool>,
}

impl Read for Until<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stopped.get() {
            return Err(io::ErrorKind::Other.into());
        }
        self.bytes.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_text_has_an_address() {
        for empty in [driftcore_text::from(&[][..]), String::new().as_str().into(), Some("").into()]
        {
            assert_eq!(empty.length, 0);
            assert!(empty.data.addr() > 4096, "{:?} is no address", empty.data);
        }
        assert!(driftcore_text::from(None::<&str>).data.is_null());
    }
}
