//! Names of users and groups for one event.

use std::cell::OnceCell;
use std::sync::Arc;

use crate::container::AccountCache;
use crate::container::AccountRoot;
use crate::container::Accounts;
use crate::view::AccountNames;
use crate::view::User;

/// Names for one event: nothing is looked up before a rule asks, and each file once.
#[derive(Debug)]
pub(super) struct Names<'a> {
    cache: &'a AccountCache,
    /// `None` when the container's root filesystem is not known.
    root: Option<AccountRoot<'a>>,
    users: OnceCell<Option<Arc<Accounts>>>,
    groups: OnceCell<Option<Arc<Accounts>>>,
    host: OnceCell<Option<Arc<Accounts>>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(cache: &'a AccountCache, root: Option<AccountRoot<'a>>) -> Self {
        Self { cache, root, users: OnceCell::new(), groups: OnceCell::new(), host: OnceCell::new() }
    }
}

impl AccountNames for Names<'_> {
    fn user(&self, uid: u32) -> Option<User<'_>> {
        let users = self.users.get_or_init(|| self.cache.users(self.root.as_ref()?));
        let user = users.as_ref()?.get(uid)?;
        Some(User { name: user.name, home: user.home, shell: user.shell })
    }

    fn group(&self, gid: u32) -> Option<&[u8]> {
        let groups = self.groups.get_or_init(|| self.cache.groups(self.root.as_ref()?));
        Some(groups.as_ref()?.get(gid)?.name)
    }

    fn login_name(&self, uid: u32) -> Option<&[u8]> {
        let host = self.host.get_or_init(|| self.cache.host_users());
        Some(host.as_ref()?.get(uid)?.name)
    }
}
