//! Whether a socket is what was declared: by the image, by whoever publishes ports, by Kubernetes, or in
//! blocks of expectations.
//!
//! Only where something is declared can something depart from it: a container that nobody declares
//! ports of may listen anywhere without drift, one whose image exposes port 80 may not listen on port
//! 81. Of connections only blocks of expectations say anything. What stays on the loopback interface of
//! the container's own network namespace is no drift, nor is a UDP port that the kernel chose.

mod contact;
mod expected;
mod remote;

pub use contact::Contact;
pub use expected::Expectations;
pub use expected::Expected;
pub(crate) use expected::speaks_of;
pub use remote::Remote;
