//! What went wrong, and where.

use std::any::Any;
use std::io;

use driftcore::baseline::BaselineError;
use driftcore::digest::VerifyError;
use driftcore::engine::EngineError;
use driftcore::sensor::SensorError;

use crate::guard::message_of;
use crate::guard::quiet;
use crate::handle;
use crate::status::driftcore_status;
use crate::text::driftcore_text;

/// What went wrong. Whoever gets one owns it, and frees it with `driftcore_error_free`. It belongs
/// to no object and no thread. Since 0.1.0.
#[derive(Debug)]
pub struct driftcore_error {
    failure: Failure,
}

/// Why a body could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: driftcore_status,
    message: String,
    file: Option<String>,
    line: u32,
    column: u32,
}

impl Failure {
    pub(crate) fn new(status: driftcore_status, message: impl Into<String>) -> Self {
        Self { status, message: one_line(message.into()), file: None, line: 0, column: 0 }
    }

    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self::new(driftcore_status::DRIFTCORE_STATUS_INVALID_ARGUMENT, message)
    }

    pub(crate) fn unknown_name(message: impl Into<String>) -> Self {
        Self::new(driftcore_status::DRIFTCORE_STATUS_UNKNOWN_NAME, message)
    }

    pub(crate) fn wrong_type(message: impl Into<String>) -> Self {
        Self::new(driftcore_status::DRIFTCORE_STATUS_WRONG_TYPE, message)
    }

    pub(crate) fn busy(message: &'static str) -> Self {
        Self::new(driftcore_status::DRIFTCORE_STATUS_BUSY, message)
    }

    pub(crate) fn failed() -> Self {
        let message = "an earlier call ran into a bug of the library: free the object";
        Self::new(driftcore_status::DRIFTCORE_STATUS_FAILED, message)
    }

    pub(crate) fn panic(payload: &(dyn Any + Send)) -> Self {
        let message = format!("a bug in driftcore: {}", message_of(payload));
        Self::new(driftcore_status::DRIFTCORE_STATUS_PANIC, message)
    }

    /// Adds the place in a file that it is about.
    #[must_use]
    pub(crate) fn at(mut self, file: impl Into<String>, line: u32, column: u32) -> Self {
        self.file = Some(file.into());
        self.line = line;
        self.column = column;
        self
    }
}

/// What is quoted of an argument may hold anything; a message is one line.
fn one_line(message: String) -> String {
    if !message.contains(char::is_control) {
        return message;
    }
    let mut line = String::with_capacity(message.len() + 8);
    for letter in message.chars() {
        if letter.is_control() {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
    line
}

pub(crate) fn status_of_io(error: &io::Error) -> driftcore_status {
    match error.kind() {
        io::ErrorKind::NotFound => driftcore_status::DRIFTCORE_STATUS_NOT_FOUND,
        io::ErrorKind::PermissionDenied => driftcore_status::DRIFTCORE_STATUS_PERMISSION,
        _ => driftcore_status::DRIFTCORE_STATUS_IO,
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        match &error {
            VerifyError::Io { path, error: source } => {
                let file = path.display().to_string();
                Self::new(status_of_io(source), error.to_string()).at(file, 0, 0)
            }
            _ => Self::wrong_type(error.to_string()),
        }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let status = match &error {
            EngineError::Blind(_) => driftcore_status::DRIFTCORE_STATUS_BLIND,
            EngineError::Config(_) => driftcore_status::DRIFTCORE_STATUS_INVALID_ARGUMENT,
            EngineError::Io { source, .. } => status_of_io(source),
            EngineError::Sensor(error) if error.is_permission_denied() => {
                driftcore_status::DRIFTCORE_STATUS_PERMISSION
            }
            EngineError::Sensor(SensorError::Io { source, .. }) => status_of_io(source),
            _ => driftcore_status::DRIFTCORE_STATUS_UNSUPPORTED,
        };
        Self::new(status, error.to_string())
    }
}

impl From<BaselineError> for Failure {
    fn from(error: BaselineError) -> Self {
        let message = error.to_string();
        match error {
            BaselineError::Io { path, error } => {
                Self::new(status_of_io(&error), message).at(path.display().to_string(), 0, 0)
            }
            BaselineError::Content { path, line, column, message } => {
                let number = |of: usize| u32::try_from(of).unwrap_or(u32::MAX);
                Self::argument(message).at(path.display().to_string(), number(line), number(column))
            }
            _ => Self::argument(message),
        }
    }
}

impl driftcore_error {
    pub(crate) fn into_raw(failure: Failure) -> *mut Self {
        handle::give(Self { failure })
    }
}

/// The status that the call returned. NULL: `DRIFTCORE_STATUS_OK`. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_error_status(error: *const driftcore_error) -> driftcore_status {
    quiet(driftcore_status::DRIFTCORE_STATUS_OK, || Some(handle::lend!(error)?.failure.status))
}

/// What went wrong, in one line of UTF-8. Borrowed from the error. NULL: absent. Any thread.
/// Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_error_message(error: *const driftcore_error) -> driftcore_text {
    quiet(driftcore_text::ABSENT, || Some((&*handle::lend!(error)?.failure.message).into()))
}

/// The file that it is about; absent when it is about none. Borrowed from the error. NULL: absent.
/// Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_error_file(error: *const driftcore_error) -> driftcore_text {
    quiet(driftcore_text::ABSENT, || Some(handle::lend!(error)?.failure.file.as_deref().into()))
}

/// The line in that file, from 1; 0 when it is about no line. NULL: 0. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_error_line(error: *const driftcore_error) -> u32 {
    quiet(0, || Some(handle::lend!(error)?.failure.line))
}

/// The column in that line, in characters from 1; 0 when it is about no line. NULL: 0. Any thread.
/// Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_error_column(error: *const driftcore_error) -> u32 {
    quiet(0, || Some(handle::lend!(error)?.failure.column))
}

/// Frees an error and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any
/// thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_error_free(error: *mut *mut driftcore_error) {
    handle::free!(error);
}

#[cfg(test)]
mod tests {
    use driftcore::config::ConfigError;

    use super::*;

    #[test]
    fn pods_that_cannot_be_read_are_an_argument_with_its_place() {
        let error = ConfigError::Content("pods.json:2:11: not what it should be".to_owned());
        let failure = Failure::from(EngineError::Config(error));
        assert_eq!(failure.status, driftcore_status::DRIFTCORE_STATUS_INVALID_ARGUMENT);
        assert_eq!(failure.message, "pods.json:2:11: not what it should be");
    }
}
