//! The parts of the laboratory.

mod command;
mod containerd;
mod docker;
mod driftd;
mod image;
mod journal;
mod languages;
mod packages;
mod runtimes;
mod scratch;
mod tools;

pub use command::poll;
pub use containerd::Containerd;
pub use docker::Docker;
pub use docker::DockerContainer;
pub use docker::bind;
pub use driftd::Driftd;
pub use driftd::DriftdOptions;
pub use driftd::Ended;
pub use image::Image;
pub use languages::Languages;
pub use packages::build_deb;
pub use runtimes::Lab;
pub use runtimes::build_image_in;
pub use scratch::Scratch;
pub use tools::TOOLS;
pub use tools::driftd_binary;
pub use tools::workspace_root;
