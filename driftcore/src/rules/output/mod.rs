//! Output formats: from what `output` holds to what the matcher prints.

mod format;
mod scan;
mod suggested;
#[cfg(test)]
mod tests;

pub use format::compile_output;
pub use suggested::SUGGESTED_FIELDS;
pub use suggested::append_suggested;
