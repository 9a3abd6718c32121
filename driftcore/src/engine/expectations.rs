//! What is expected of containers' sockets, while an engine runs.

use std::sync::Arc;

use crate::matcher::Loaded;
use crate::matcher::Shared;
use crate::network::Expectations;

/// What a running engine expects of containers' sockets: replaced from any thread, without a lost
/// event. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ExpectationsHandle(Arc<Shared<Expectations>>);

impl ExpectationsHandle {
    pub(super) fn new(expectations: Expectations) -> Self {
        Self(Arc::new(Shared::new(expectations)))
    }

    /// From the next event on, this is expected. What was judged before stays as it was judged.
    pub fn replace(&self, expectations: Expectations) {
        self.0.replace(expectations);
    }

    /// What is expected now.
    pub(super) fn load(&self) -> Loaded<Expectations> {
        self.0.load()
    }
}
