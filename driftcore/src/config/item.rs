//! What a comparison comes to.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::event::ConfigMark;
use crate::event::Text;

/// Which part of a container's configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Aspect {
    /// A variable of the environment.
    Environment,
    /// A mount, the root filesystem among them.
    Mount,
    /// A file of a secrets or configuration mount.
    Secret,
    /// A set of capabilities.
    Capability,
    /// User, groups, what confines the process, and its namespaces.
    Identity,
    /// What the control group or the process may use at most.
    Limit,
    /// A setting of the kernel for the container's namespaces; its host name.
    Sysctl,
    /// What the runtime wrote down, against what it started the container with.
    Declaration,
}

impl Aspect {
    /// The name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Mount => "mount",
            Self::Secret => "secret",
            Self::Capability => "capability",
            Self::Identity => "identity",
            Self::Limit => "limit",
            Self::Sysctl => "sysctl",
            Self::Declaration => "declaration",
        }
    }
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A process other than the container's first one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// Its process id on the host.
    pub pid: u32,
    /// Its name (comm).
    pub name: Text,
}

/// One thing that was declared, or that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Of which part.
    pub aspect: Aspect,
    /// Which: a variable, a mount point, a capability set, a limit.
    pub name: Text,
    /// What was declared; `None` where nothing was. The value of a variable that may be a secret is
    /// `sha256:` and its digest in hexadecimal digits.
    pub declared: Option<Text>,
    /// What is; `None` where it is not there. Of the same form.
    pub live: Option<Text>,
    /// Whether it departs from what was declared.
    pub differs: bool,
    /// What makes that more than a difference.
    pub mark: Option<ConfigMark>,
    /// The process that it was seen of; `None` for the first one, and for what is the whole container's.
    pub process: Option<Holder>,
    /// How many more processes are so.
    pub more: u64,
}

impl Item {
    /// An item that agrees.
    pub(super) fn new(aspect: Aspect, name: impl Into<Text>) -> Self {
        Self {
            aspect,
            name: name.into(),
            declared: None,
            live: None,
            differs: false,
            mark: None,
            process: None,
            more: 0,
        }
    }

    pub(super) fn declared(mut self, value: Option<impl Into<Text>>) -> Self {
        self.declared = value.map(Into::into);
        self
    }

    pub(super) fn live(mut self, value: Option<impl Into<Text>>) -> Self {
        self.live = value.map(Into::into);
        self
    }

    pub(super) fn differs(mut self, differs: bool) -> Self {
        self.differs = differs;
        self
    }
}

/// What was declared and what is, item by item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// In the order of their parts.
    pub items: Vec<Item>,
    /// What could not be told, and why.
    pub problems: Vec<String>,
    /// Parts of which something could not be read: what is not there may be.
    #[serde(skip)]
    pub(crate) unsure: BTreeSet<Aspect>,
    /// Controllers of control groups of which something could not be read.
    #[serde(skip)]
    pub(crate) unsure_controllers: BTreeSet<String>,
}

impl Comparison {
    /// The items that differ.
    pub fn differences(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.differs)
    }

    /// Takes in what another comparison of the same container came to.
    pub fn append(&mut self, other: Self) {
        self.items.extend(other.items);
        // Stable: within a part, the order is what it was.
        self.items.sort_by_key(|item| item.aspect);
        self.problems.extend(other.problems);
        self.unsure.extend(other.unsure);
        self.unsure_controllers.extend(other.unsure_controllers);
    }

    /// Whether an item that is not among these may be there all the same, for it could not be looked at. Items
    /// of a pod hang on other parts.
    #[cfg(feature = "sensor")]
    pub(crate) fn may_hide(&self, aspect: Aspect, name: &Text) -> bool {
        if self.unsure.contains(&aspect) {
            return true;
        }
        let name = name.to_string();
        let of_limit = |name: &str| {
            let controller = super::live::controller_of(name);
            self.unsure.contains(&Aspect::Limit) || self.unsure_controllers.contains(controller)
        };
        match (aspect, name.strip_prefix("pod:limits.")) {
            (Aspect::Limit, _) => of_limit(&name),
            (Aspect::Declaration, Some(limit)) => of_limit(limit),
            (Aspect::Declaration, None) => {
                name.starts_with("pod:sysctls.") && self.unsure.contains(&Aspect::Sysctl)
            }
            _ => false,
        }
    }
}
