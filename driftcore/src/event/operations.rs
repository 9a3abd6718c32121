//! Sets of operations on files.

use super::FileOperation;

/// A set of operations on files: one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FileOperations(u32);

impl FileOperations {
    /// None of them.
    pub const EMPTY: Self = Self(0);

    /// All of them.
    pub const ALL: Self = Self::of(&FileOperation::ALL);

    /// Those that change a file: all but reading, mapping and scripts.
    pub const CHANGES: Self = {
        let others = Self::of(&[FileOperation::Read, FileOperation::Map, FileOperation::Script]);
        Self(Self::ALL.0 & !others.0)
    };

    /// These.
    pub const fn of(operations: &[FileOperation]) -> Self {
        let (mut set, mut index) = (Self::EMPTY, 0);
        while index < operations.len() {
            set = set.with(operations[index]);
            index += 1;
        }
        set
    }

    /// The set and this one.
    #[must_use]
    pub const fn with(self, operation: FileOperation) -> Self {
        Self(self.0 | 1 << operation.number())
    }

    /// Whether it is in the set.
    pub const fn contains(&self, operation: FileOperation) -> bool {
        self.0 & 1 << operation.number() != 0
    }

    /// The set without this one.
    #[must_use]
    pub const fn without(self, operation: FileOperation) -> Self {
        Self(self.0 & !(1 << operation.number()))
    }

    /// What is in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is not in it.
    #[must_use]
    pub const fn complement(self) -> Self {
        Self(Self::ALL.0 & !self.0)
    }

    /// True when there are none.
    pub const fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// What is in it.
    pub fn iter(&self) -> impl Iterator<Item = FileOperation> + use<> {
        let set = *self;
        FileOperation::ALL.into_iter().filter(move |&operation| set.contains(operation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_do_what_sets_do() {
        let renames = FileOperations::of(&[FileOperation::Rename, FileOperation::Exchange]);
        assert_eq!(FileOperations::ALL.iter().count(), FileOperation::ALL.len());
        assert_eq!(FileOperations::CHANGES.iter().count(), FileOperation::ALL.len() - 3);
        assert!(!FileOperations::CHANGES.contains(FileOperation::Read));
        assert_eq!(renames.union(renames.complement()), FileOperations::ALL);
        assert!(renames.intersection(renames.complement()).is_empty());
        assert_eq!(renames.iter().collect::<Vec<_>>().len(), 2);
    }
}
