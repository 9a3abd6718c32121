//! A program, or whatever belongs with it, that is replaced while others use it.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use arc_swap::ArcSwap;
use arc_swap::Guard;

use super::program::Program;

/// A value that many threads read without a lock and one may replace at any time.
///
/// Who loads it keeps what was loaded until it lets go: a reload never changes the program in the
/// middle of an event. Put what belongs to the program (rule names, outputs) into the same value.
pub struct Shared<T>(ArcSwap<T>);

/// The program that is matched now.
pub type SharedProgram = Shared<Program>;

/// What [`Shared::load`] found: hold it for an event or a batch, not for good.
pub struct Loaded<T>(Guard<Arc<T>>);

impl<T> Shared<T> {
    /// Begins with this value.
    pub fn new(value: T) -> Self {
        Self(ArcSwap::from_pointee(value))
    }

    /// The value as it is now.
    pub fn load(&self) -> Loaded<T> {
        Loaded(self.0.load())
    }

    /// Replaces the value for all loads from now on, and gives the one before.
    pub fn replace(&self, value: T) -> Arc<T> {
        self.0.swap(Arc::new(value))
    }
}

impl<T> Deref for Loaded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shared").field(&*self.load()).finish()
    }
}

impl<T: fmt::Debug> fmt::Debug for Loaded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}
