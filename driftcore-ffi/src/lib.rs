//! The C ABI of Driftcore. What a caller has to know stands in the header, `driftcore.h`, which is
//! made from the comments here; `docs/embedding.md` tells the whole.
//!
//! ```text
//! C ─→ guard (panics, statuses) ─→ handle, text, sized (pointers) ─→ driftcore
//! ```
//! - [`status`], [`error`]: how a call says that it failed.
//! - [`options`], [`rules`]: what an engine or a matcher is made of.
//! - [`engine`]: live detection. [`event`], [`alert`]: what it reports.
//! - [`flat`], [`matcher`]: events of the caller's own against rules.
//! - [`classify`]: where a file came from. [`scan`]: what a container has become. [`posture`]: what would
//!   have made drift impossible. [`behaviour`]: what would have allowed what a container did.
//! - [`learner`]: what containers normally do. [`judge`]: what departs from that. [`suggester`]: which exceptions
//!   would silence it.
//! - [`configuration`]: how a container was declared to be set up, and how it is. [`verifier`]: whether its image was
//!   approved.
//! - [`log`]: what else the library has to say.
//!
//! # The pattern for more
//!
//! A part of the library joins the ABI in a module of its own:
//!
//! - Objects are opaque, named `driftcore_NAME`, made by `driftcore_NAME_new` or a verb, freed by
//!   `driftcore_NAME_free(&pointer)`, which sets the pointer to NULL.
//! - What may fail returns [`driftcore_status`](status::driftcore_status) and takes an error
//!   out-parameter last; the body runs in `guard::guard`. What cannot fail runs in
//!   `guard::quiet` and has a value for NULL.
//! - Records that cross begin with their `size` and grow at their end (`sized`).
//! - Text that goes out is a [`driftcore_text`](text::driftcore_text) borrowed from an object; what
//!   comes in is a C string for names and paths, a pointer with a length for the rest.
//! - Each function says who owns what, which thread may call it, what NULL does, and since when.
// The types have the names that they have in C, and the contract of each function is its text in
// the header.
#![allow(non_camel_case_types, clippy::missing_safety_doc)]

pub mod alert;
pub mod behaviour;
pub mod classify;
pub mod configuration;
pub mod engine;
pub mod error;
pub mod event;
pub mod flat;
mod guard;
mod handle;
pub mod judge;
pub mod learner;
pub mod log;
pub mod matcher;
pub mod options;
pub mod posture;
pub mod rules;
pub mod scan;
mod sized;
pub mod status;
pub mod suggester;
pub mod text;
pub mod verifier;
pub mod version;
