//! Diagnostics for people, as rustc prints them, and for programs.

mod lines;
mod record;
mod renderer;
mod snippet;
#[cfg(test)]
mod tests;
mod visible;

pub use record::DiagnosticRecord;
pub use record::PlaceRecord;
pub use renderer::Renderer;
