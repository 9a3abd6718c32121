//! From files to the definitions of rules.

mod files;
mod loader;
#[cfg(test)]
mod tests;

pub use files::load_paths;
pub use files::read_paths;
pub use loader::Loaded;
pub use loader::NotApplicable;
pub use loader::load;
