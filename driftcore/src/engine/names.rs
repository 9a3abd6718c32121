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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;
    use crate::container::RootMount;

    #[test]
    fn files_are_read_when_asked_for_and_once_for_an_event() {
        let root = tempfile::tempdir().unwrap();
        let device = std::fs::metadata(root.path()).unwrap().dev();
        let mount = RootMount {
            device: (rustix::fs::major(device), rustix::fs::minor(device)),
            mount_point: root.path().to_owned(),
            fs_type: "overlay".to_owned(),
            layers: None,
        };
        let cache = AccountCache::default();
        let at = AccountRoot { container: 1, mount: &mount, pid: 0, mnt_namespace: 0 };
        let names = Names::new(&cache, Some(at));
        std::fs::create_dir(root.path().join("etc")).unwrap();
        std::fs::write(root.path().join("etc/passwd"), "bob:x:7:8::/home/bob:/bin/ash\n").unwrap();
        let bob = User { name: b"bob", home: b"/home/bob", shell: b"/bin/ash" };
        assert_eq!(names.user(7), Some(bob));
        std::fs::remove_file(root.path().join("etc/passwd")).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(110));
        assert_eq!(names.user(7), Some(bob), "one event has one answer");
        assert_eq!(Names::new(&cache, Some(at)).user(7), None);
        assert_eq!(names.group(8), None);
        assert_eq!(Names::new(&cache, None).user(7), None);
    }
}
