//! What a rule prints: an output format, compiled, and its values as text and as JSON.

mod evaluate;
mod print;
mod render;
#[cfg(test)]
mod tests;

pub use render::Format;
pub use render::Piece;
