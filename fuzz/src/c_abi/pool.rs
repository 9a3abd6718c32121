//! The pointers that a C program would hold.

use std::cell::Cell;
use std::cell::RefCell;
use std::ptr::null_mut;

use super::op::Slot;

/// How many objects of a kind there are at most.
const PLACES: usize = 4;

/// The function that frees objects of a kind.
pub(super) type Free<T> = unsafe extern "C" fn(*mut *mut T);

/// Objects of one kind, freed at the end.
pub(super) struct Pool<T> {
    places: [Cell<*mut T>; PLACES],
    /// Those that a callback must leave alone.
    kept: RefCell<Vec<*mut T>>,
    free: Free<T>,
}

impl<T> Pool<T> {
    pub(super) fn new(free: Free<T>) -> Self {
        let places = [const { Cell::new(null_mut()) }; PLACES];
        Self { places, kept: RefCell::default(), free }
    }

    /// The object in a place, or NULL.
    pub(super) fn get(&self, slot: Slot) -> *mut T {
        slot.index(PLACES).map_or(null_mut(), |index| self.places[index].get())
    }

    /// Puts an object in a place, and frees the one that was there. Where it must stay, or there is
    /// no place, the new one is freed.
    pub(super) fn put(&self, slot: Slot, object: *mut T) {
        let new = Cell::new(object);
        if let Some(index) = slot.index(PLACES)
            && !self.is_kept(self.places[index].get())
        {
            self.places[index].swap(&new);
        }
        self.free_at(&new);
    }

    /// Frees the object in a place; without a place, frees nothing in the two ways that there are.
    pub(super) fn free(&self, slot: Slot) {
        match slot.index(PLACES) {
            Some(index) if self.is_kept(self.places[index].get()) => {}
            Some(index) => self.free_at(&self.places[index]),
            None => {
                // SAFETY: NULL is nothing to free.
                unsafe { (self.free)(null_mut()) };
                self.free_at(&Cell::new(null_mut()));
            }
        }
    }

    /// Keeps an object in its place until the end of `act`.
    pub(super) fn keep<R>(&self, object: *mut T, act: impl FnOnce() -> R) -> R {
        self.kept.borrow_mut().push(object);
        let result = act();
        self.kept.borrow_mut().pop();
        result
    }

    fn is_kept(&self, object: *mut T) -> bool {
        !object.is_null() && self.kept.borrow().contains(&object)
    }

    /// Frees twice through the same pointer.
    fn free_at(&self, place: &Cell<*mut T>) {
        for _ in 0..2 {
            // SAFETY: the pointer came from the library and is in no other place; after the first
            // time it is NULL.
            unsafe { (self.free)(place.as_ptr()) };
            assert!(place.get().is_null(), "a freed pointer is NULL");
        }
    }
}

impl<T> Drop for Pool<T> {
    fn drop(&mut self) {
        for place in &self.places {
            self.free_at(place);
        }
    }
}
