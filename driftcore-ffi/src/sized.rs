//! Records that cross carry their size, so that they can grow: a caller that was built with an older
//! header has a shorter one, one with a newer header a longer one.

use std::ptr::copy_nonoverlapping;

use crate::error::Failure;

/// A record that begins with its size in bytes, as its owner knows it.
///
/// # Safety
///
/// The type is `repr(C)`, its first member is a `usize` for the size, it has no padding, and all of
/// its members may be zero.
pub(crate) unsafe trait Sized_: Copy {
    /// Its name in C.
    const NAME: &'static str;
    /// Its size in the first version that had it.
    const FIRST_SIZE: usize;
}

/// Reads a record of the caller's. What an older one does not have is zero; what a newer one has
/// beyond ours must be, or we would not do what it asks.
pub(crate) fn read<T: Sized_>(argument: &'static str, from: *const T) -> Result<T, Failure> {
    let size = size_of_callers::<T>(argument, from)?;
    // SAFETY: all members may be zero.
    let mut record = unsafe { std::mem::zeroed::<T>() };
    // SAFETY: the caller's record has `size` bytes, ours has its own size, and they are apart.
    unsafe {
        copy_nonoverlapping(
            from.cast::<u8>(),
            (&raw mut record).cast::<u8>(),
            size.min(size_of::<T>()),
        );
    }
    if size > size_of::<T>() {
        // SAFETY: within the caller's record.
        let more = unsafe {
            std::slice::from_raw_parts(from.cast::<u8>().add(size_of::<T>()), size - size_of::<T>())
        };
        if more.iter().any(|&byte| byte != 0) {
            return Err(Failure::argument(format!(
                "`{argument}` sets what this version of {} does not know",
                T::NAME
            )));
        }
    }
    Ok(record)
}

/// Fills a record of the caller's as far as both know it; the rest of a longer one becomes zero. Its
/// size stays.
pub(crate) fn write<T: Sized_>(
    argument: &'static str,
    to: *mut T,
    record: &T,
) -> Result<(), Failure> {
    let size = size_of_callers::<T>(argument, to)?;
    let head = size_of::<usize>();
    let ours = size.min(size_of::<T>()) - head;
    // SAFETY: both records have more than `head` bytes, are apart, and are written within the size
    // that each has; ours has no padding.
    unsafe {
        let to = to.cast::<u8>();
        copy_nonoverlapping((&raw const *record).cast::<u8>().add(head), to.add(head), ours);
        to.add(head + ours).write_bytes(0, size - head - ours);
    }
    Ok(())
}

/// Fills a record of the caller's and says so (1), or sets it to zero when there is nothing (0). One
/// with a wrong size is left alone.
pub(crate) fn fill<T: Sized_>(to: *mut T, record: Option<T>) -> u32 {
    let found = record.is_some();
    // SAFETY: all members may be zero.
    let record = record.unwrap_or_else(|| unsafe { std::mem::zeroed() });
    u32::from(write("record", to, &record).is_ok() && found)
}

/// The largest record that a newer header is believed to have.
const LARGEST: usize = 4096;

fn size_of_callers<T: Sized_>(argument: &'static str, record: *const T) -> Result<usize, Failure> {
    if record.is_null() {
        return Err(Failure::argument(format!("`{argument}` is NULL")));
    }
    // SAFETY: not NULL, and the caller promises that it begins with its size.
    let size = unsafe { record.cast::<usize>().read_unaligned() };
    if !(T::FIRST_SIZE..=LARGEST).contains(&size) {
        return Err(Failure::argument(format!(
            "`{argument}` says that it has {size} bytes: set its size to sizeof({})",
            T::NAME
        )));
    }
    Ok(size)
}

/// Declares that a record is one of those, and checks that it has no padding: its size is that of
/// its members.
macro_rules! sized {
    ($name:ident { $($member:ident: $kind:ty),* $(,)? } first: $first:expr) => {
        // SAFETY: `repr(C)`; begins with `size`; no padding, as is asserted below; integers, texts
        // and optional functions may be zero.
        unsafe impl $crate::sized::Sized_ for $name {
            const NAME: &'static str = stringify!($name);
            const FIRST_SIZE: usize = $first;
        }
        const _: () = {
            assert!(size_of::<usize>() $(+ size_of::<$kind>())* == size_of::<$name>());
            assert!($first <= size_of::<$name>());
            assert!(std::mem::offset_of!($name, size) == 0);
            // Every member is in the list.
            let _ = |record: $name| {
                let $name { size: _, $($member: _),* } = record;
            };
        };
    };
}

pub(crate) use sized;

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(C)]
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Pair {
        size: usize,
        one: u64,
        two: u64,
    }

    sized!(Pair { one: u64, two: u64 } first: 16);

    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Longer {
        pair: Pair,
        three: u64,
    }

    fn longer(size: usize, three: u64) -> Longer {
        Longer { pair: Pair { size, one: 1, two: 2 }, three }
    }

    #[test]
    fn older_records_are_read_with_zeros_behind() {
        let record = Pair { size: 16, one: 1, two: 2 };
        assert_eq!(read("pair", &raw const record).unwrap().two, 0);
    }

    #[test]
    fn newer_records_must_not_ask_for_more() {
        let record = longer(32 - 8 + 8, 0);
        assert_eq!(read("pair", (&raw const record).cast::<Pair>()).unwrap().two, 2);
        let record = longer(32, 9);
        assert!(read("pair", (&raw const record).cast::<Pair>()).is_err());
    }

    #[test]
    fn records_are_filled_as_far_as_both_know_them() {
        let ours = Pair { size: 0, one: 8, two: 9 };
        let mut old = Pair { size: 16, one: 0, two: 7 };
        write("pair", &raw mut old, &ours).unwrap();
        assert_eq!(old, Pair { size: 16, one: 8, two: 7 });
        let mut new = longer(32, 5);
        write("pair", (&raw mut new).cast::<Pair>(), &ours).unwrap();
        assert_eq!((new.pair, new.three), (Pair { size: 32, one: 8, two: 9 }, 0));
    }

    #[test]
    fn nothing_is_zeros() {
        let mut record = Pair { size: 24, one: 3, two: 4 };
        assert_eq!(fill(&raw mut record, None), 0);
        assert_eq!(record, Pair { size: 24, one: 0, two: 0 });
        assert_eq!(fill(&raw mut record, Some(Pair { size: 0, one: 5, two: 6 })), 1);
        assert_eq!(record, Pair { size: 24, one: 5, two: 6 });
        assert_eq!(fill(std::ptr::null_mut::<Pair>(), None), 0);
    }

    #[test]
    fn sizes_that_never_were_are_refused() {
        for size in [0, 8, 15, LARGEST + 1, usize::MAX] {
            let mut record = Pair { size, one: 0, two: 0 };
            let failure = read("pair", &raw const record).unwrap_err();
            assert!(format!("{failure:?}").contains("sizeof(Pair)"));
            assert!(write("pair", &raw mut record, &record.clone()).is_err());
        }
        assert!(read::<Pair>("pair", std::ptr::null()).is_err());
    }
}
