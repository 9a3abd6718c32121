//! Memory as a C program would have it: of exactly the size that it says.

use std::alloc::Layout;
use std::alloc::alloc;
use std::alloc::dealloc;
use std::alloc::handle_alloc_error;
use std::ffi::c_char;
use std::marker::PhantomData;
use std::ptr::null_mut;

use driftcore_ffi::text::driftcore_text;

use super::op::Size;
use super::op::Words;

/// What memory holds before the library writes to it.
const UNWRITTEN: u8 = 0xa5;

/// A record of the caller's, with its size in its first member; or NULL.
pub(super) struct Record<T> {
    memory: *mut u8,
    layout: Layout,
    size: usize,
    kind: PhantomData<T>,
}

impl<T: Copy> Record<T> {
    pub(super) fn new(size: Size) -> Self {
        let header = size_of::<T>();
        let size = match size {
            Size::Near(more) => Some(header.wrapping_add_signed(isize::from(more))),
            Size::Any(size) => Some(usize::from(size) % 8192),
            Size::Huge(less) => Some(usize::MAX - less as usize),
            Size::Null => None,
        };
        // The size itself is always there.
        let there = size.filter(|size| *size < 8192).unwrap_or(0).max(size_of::<usize>());
        let layout = Layout::from_size_align(there, align_of::<usize>()).expect("a small layout");
        let memory = if size.is_some() { filled(layout) } else { null_mut() };
        let record = Self { memory, layout, size: size.unwrap_or(0), kind: PhantomData };
        if !memory.is_null() {
            record.set(0, &record.size.to_ne_bytes());
        }
        record
    }

    pub(super) fn exact() -> Self {
        Self::new(Size::Near(0))
    }

    pub(super) fn pointer(&self) -> *mut T {
        self.memory.cast()
    }

    /// Writes bytes, as far as there is memory for them.
    pub(super) fn set(&self, at: usize, bytes: &[u8]) {
        let length = bytes.len().min(self.layout.size().saturating_sub(at));
        if !self.memory.is_null() && length > 0 {
            // SAFETY: within the allocation, which nobody else uses.
            unsafe { self.memory.add(at).copy_from_nonoverlapping(bytes.as_ptr(), length) };
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        if self.memory.is_null() {
            return &[];
        }
        // SAFETY: the allocation, which was filled.
        unsafe { std::slice::from_raw_parts(self.memory, self.layout.size()) }
    }

    /// The record, of which the library filled all.
    pub(super) fn read(&self) -> T {
        assert_eq!(self.layout.size(), size_of::<T>());
        // SAFETY: as large as a `T`; all of it was written, by the library or with `UNWRITTEN`.
        unsafe { self.pointer().read() }
    }

    /// Checks what the library wrote: what it writes to a record of the header's size, as far as
    /// this one has it, and zeros behind; the size stays.
    pub(super) fn is_as(&self, exact: &Self) {
        let (bytes, exact) = (self.bytes(), exact.bytes());
        let head = size_of::<usize>();
        let both = bytes.len().min(exact.len());
        assert_eq!(bytes[..head], self.size.to_ne_bytes(), "the size is the caller's");
        assert_eq!(bytes[head..both], exact[head..both], "records differ only in their length");
        assert!(bytes[both..].iter().all(|byte| *byte == 0), "what is not known is zero");
    }
}

impl<T> Drop for Record<T> {
    fn drop(&mut self) {
        if !self.memory.is_null() {
            // SAFETY: allocated with this layout.
            unsafe { dealloc(self.memory, self.layout) };
        }
    }
}

fn filled(layout: Layout) -> *mut u8 {
    // SAFETY: the layout is not of size 0.
    let memory = unsafe { alloc(layout) };
    if memory.is_null() {
        handle_alloc_error(layout);
    }
    // SAFETY: just allocated with that size.
    unsafe { memory.write_bytes(UNWRITTEN, layout.size()) };
    memory
}

impl Words {
    /// The bytes; `None` for NULL.
    pub(super) fn bytes(&self, known: &[&[u8]]) -> Option<Box<[u8]>> {
        let one = |index: u8| known[usize::from(index) % known.len()];
        Some(match self {
            Self::Known(index) => one(*index).into(),
            Self::Spliced { known: index, at, with, length } => {
                let (text, other) = (one(*index), one(*with));
                let at = usize::from(*at) % (text.len() + 1);
                let end = usize::from(*length).min(other.len());
                [&text[..at], &other[..end], &text[at..]].concat().into()
            }
            Self::Changed { known: index, at, to } => {
                let mut text = one(*index).to_vec();
                let at = usize::from(*at) % (text.len() + 1);
                let end = (at + to.len()).min(text.len());
                text.splice(at..end, *to);
                text.into()
            }
            Self::Cut(index, length) => {
                let text = one(*index);
                text[..usize::from(*length) % (text.len() + 1)].into()
            }
            Self::Any(bytes) => bytes.as_slice().into(),
            Self::Null(_) => return None,
        })
    }

    /// The length that an argument of these bytes says it has.
    pub(super) fn length(&self, bytes: Option<&[u8]>) -> usize {
        match (self, bytes) {
            (Self::Null(length), _) => usize::from(*length),
            (_, bytes) => bytes.map_or(0, <[u8]>::len),
        }
    }

    /// A C string in memory of exactly its length; `None` for NULL.
    pub(super) fn c_string(&self, known: &[&[u8]]) -> Option<Box<[u8]>> {
        let bytes = self.bytes(known)?;
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        Some(bytes[..end].iter().copied().chain([0]).collect())
    }
}

/// A pointer to bytes, or NULL.
pub(super) fn pointer<T>(bytes: Option<&[u8]>) -> *const T {
    bytes.map_or(std::ptr::null(), |bytes| bytes.as_ptr().cast())
}

/// A pointer to a C string, or NULL.
pub(super) fn string(bytes: &Option<Box<[u8]>>) -> *const c_char {
    pointer(bytes.as_deref())
}

/// All bytes of a text; `None` for an absent one.
pub(super) fn text(text: driftcore_text) -> Option<Vec<u8>> {
    if text.data.is_null() {
        assert_eq!(text.length, 0, "an absent text has no length");
        return None;
    }
    // SAFETY: a text of an object that is there; whether it is that long is what is tested.
    Some(unsafe { std::slice::from_raw_parts(text.data.cast::<u8>(), text.length) }.to_vec())
}

/// A text that must be there and be UTF-8.
pub(super) fn utf8(of: driftcore_text) -> String {
    let bytes = text(of).expect("the text is there");
    String::from_utf8(bytes).expect("the text is UTF-8")
}
