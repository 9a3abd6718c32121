//! Fields of a pod by their paths.

/// A container of a pod: `spec.containers[0]`.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub(super) list: &'static str,
    pub(super) index: usize,
}

impl At {
    /// A field of the container.
    pub(super) fn field(self, name: &str) -> String {
        format!("spec.{}[{}].{name}", self.list, self.index)
    }

    /// A field of its security context.
    pub(super) fn context(self, name: &str) -> String {
        format!("spec.{}[{}].securityContext.{name}", self.list, self.index)
    }
}

/// A field of the pod's security context.
pub(super) fn context(name: &str) -> String {
    format!("spec.securityContext.{name}")
}
