//! A laboratory for container drift: private container runtimes, images made for the purpose,
//! a program that does what attackers do, and `driftd` watching.
//!
//! The end-to-end tests (`e2e/`), `cargo xtask demo` and `cargo xtask bench` share it. Nothing
//! outside the laboratory's own directory is used or left behind: [`Scratch`] ends the daemons
//! by process id, unmounts and removes everything on every way out, and the next laboratory
//! clears up after one that was killed.

pub mod deeds;
mod lab;
pub mod privileges;

pub use lab::Containerd;
pub use lab::Docker;
pub use lab::DockerContainer;
pub use lab::Driftd;
pub use lab::DriftdOptions;
pub use lab::Ended;
pub use lab::Image;
pub use lab::Lab;
pub use lab::Languages;
pub use lab::Scratch;
pub use lab::TOOLS;
pub use lab::bind;
pub use lab::build_deb;
pub use lab::build_image_in;
pub use lab::driftd_binary;
pub use lab::poll;
pub use lab::workspace_root;
