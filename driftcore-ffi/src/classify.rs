//! Events of the caller's own, field by field.
