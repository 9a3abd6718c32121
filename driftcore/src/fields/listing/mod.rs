//! The catalogue for people and for programs.

mod json;
mod markdown;
mod text;
mod words;

pub use json::catalogue_json;
pub use markdown::catalogue_markdown;
pub use text::catalogue_text;
