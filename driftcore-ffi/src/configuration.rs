//! How a container was declared to be set up, and how it is.

use std::ffi::c_char;
use std::fs::File;

use driftcore::config::Aspect;
use driftcore::config::Comparison;
use driftcore::config::ConfigError;
use driftcore::config::Declared;
use driftcore::config::Item;
use driftcore::config::examine;
use driftcore::container::Runtimes;

use crate::error::Failure;
use crate::error::driftcore_error;
use crate::error::status_of_io;
use crate::event::driftcore_mark;
use crate::guard::guard;
use crate::guard::quiet;
use crate::handle;
use crate::options::driftcore_options;
use crate::sized;
use crate::sized::sized;
use crate::status::driftcore_status;
use crate::text;
use crate::text::driftcore_text;

/// What was declared of a container and what it is, item by item, as it was when it was looked at. Never changes;
/// any number of threads may read it. Since 0.1.0.
#[derive(Debug)]
pub struct driftcore_configuration {
    comparison: Comparison,
    json: String,
}

/// A part of a container's configuration. New values may be added. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_aspect {
    /// One that this header does not name.
    DRIFTCORE_ASPECT_OTHER = 0,
    /// A variable of the environment.
    DRIFTCORE_ASPECT_ENVIRONMENT = 1,
    /// A mount, the root filesystem among them.
    DRIFTCORE_ASPECT_MOUNT = 2,
    /// A file of a secrets or configuration mount.
    DRIFTCORE_ASPECT_SECRET = 3,
    /// A set of capabilities.
    DRIFTCORE_ASPECT_CAPABILITY = 4,
    /// User, groups, what confines the process, and its namespaces.
    DRIFTCORE_ASPECT_IDENTITY = 5,
    /// What the control group or the process may use at most.
    DRIFTCORE_ASPECT_LIMIT = 6,
    /// A setting of the kernel for the container's namespaces; its host name.
    DRIFTCORE_ASPECT_SYSCTL = 7,
    /// What the runtime wrote down, against what it started the container with; what its pod says.
    DRIFTCORE_ASPECT_DECLARATION = 8,
}

impl From<Aspect> for driftcore_aspect {
    fn from(aspect: Aspect) -> Self {
        match aspect {
            Aspect::Environment => Self::DRIFTCORE_ASPECT_ENVIRONMENT,
            Aspect::Mount => Self::DRIFTCORE_ASPECT_MOUNT,
            Aspect::Secret => Self::DRIFTCORE_ASPECT_SECRET,
            Aspect::Capability => Self::DRIFTCORE_ASPECT_CAPABILITY,
            Aspect::Identity => Self::DRIFTCORE_ASPECT_IDENTITY,
            Aspect::Limit => Self::DRIFTCORE_ASPECT_LIMIT,
            Aspect::Sysctl => Self::DRIFTCORE_ASPECT_SYSCTL,
            Aspect::Declaration => Self::DRIFTCORE_ASPECT_DECLARATION,
            _ => Self::DRIFTCORE_ASPECT_OTHER,
        }
    }
}

/// One thing that was declared of a container, or that is. Texts are borrowed from the configuration and may be any
/// bytes. Of what may be a secret there is only `sha256:` and the digest. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_config_item {
    /// `sizeof(driftcore_config_item)`, set by the caller.
    pub size: usize,
    /// Which: a variable, a mount point, a file, a set of capabilities, a limit.
    pub name: driftcore_text,
    /// What was declared; absent where nothing was.
    pub declared: driftcore_text,
    /// What is; absent where it is not there.
    pub live: driftcore_text,
    /// The name (comm) of the process that it was seen of; absent of the container's first one, and of what is the
    /// whole container's.
    pub process_name: driftcore_text,
    /// How many more processes are so.
    pub more: u64,
    /// The process that it was seen of, by its id on the host; 0 where there is no name.
    pub pid: u32,
    /// A `driftcore_aspect`.
    pub aspect: u32,
    /// A `driftcore_mark`.
    pub mark: u32,
    /// 1 when it departs from what was declared.
    pub differs: u32,
}

sized!(driftcore_config_item {
    name: driftcore_text,
    declared: driftcore_text,
    live: driftcore_text,
    process_name: driftcore_text,
    more: u64,
    pid: u32,
    aspect: u32,
    mark: u32,
    differs: u32,
} first: 96);

impl From<&Item> for driftcore_config_item {
    fn from(item: &Item) -> Self {
        let Item { aspect, name, declared, live, differs, mark, process, more } = item;
        Self {
            size: 0,
            name: name.into(),
            declared: declared.as_ref().into(),
            live: live.as_ref().into(),
            process_name: process.as_ref().map(|it| &it.name).into(),
            more: *more,
            pid: process.as_ref().map_or(0, |it| it.pid),
            aspect: driftcore_aspect::from(*aspect) as u32,
            mark: driftcore_mark::from(*mark) as u32,
            differs: (*differs).into(),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let status = match &error {
            ConfigError::Content(_) => driftcore_status::DRIFTCORE_STATUS_INVALID_ARGUMENT,
            ConfigError::NotRunning { .. } => driftcore_status::DRIFTCORE_STATUS_NOT_FOUND,
            ConfigError::Starting { .. } => driftcore_status::DRIFTCORE_STATUS_CHANGED,
            _ => driftcore_status::DRIFTCORE_STATUS_UNSUPPORTED,
        };
        Self::new(status, error.to_string())
    }
}

/// Looks at a container of this node that runs, by its id, its name or a prefix of its id: what its runtime wrote
/// down, and its pod where the option `config.pods` names a file that has it, against what the kernel shows. The
/// options `runtimes.*` say where to find it, `config.secret` what is compared as secrets besides.
///
/// `options` may be NULL: the defaults. `configuration` gets it, for `driftcore_configuration_free`. NULL for
/// `container` or `configuration`: refused. `DRIFTCORE_STATUS_NOT_FOUND`: there is no such container, or it does not
/// run; `_CHANGED`: it is being started; `_INVALID_ARGUMENT`: it means several, or the pods cannot be read: the message
/// has line and column; `_UNSUPPORTED`: what its runtime was told is not known. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_configuration_new(
    container: *const c_char,
    options: *const driftcore_options,
    configuration: *mut *mut driftcore_configuration,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::prepare!(configuration)?;
        let name = text::name("container", container)?;
        let options = handle::lend!(options).cloned().unwrap_or_default();
        let runtimes = Runtimes::new(options.roots);
        let stored = runtimes.find(name)?;
        let mut declared = Declared::read(&runtimes, &stored)?;
        let mut problem = None;
        if let Some(path) = options.pods {
            let file = File::open(&path).map_err(|error| {
                let place = path.display().to_string();
                let message = format!("cannot read {place}: {error}");
                Failure::new(status_of_io(&error), message).at(place, 0, 0)
            })?;
            if !declared.take_pods(&stored.container, &path, file)? {
                problem = Some(format!("{}: no pod there has this container", path.display()));
            }
        }
        let mut comparison = examine(&runtimes, &declared, &options.secrets)?;
        comparison.problems.extend(problem);
        let json = comparison.report(&stored.container).to_string();
        handle::put!(configuration, handle::give(driftcore_configuration { comparison, json }));
        Ok(())
    })
}

/// All of it as a JSON object in one line, as `driftd config show --format json` prints it: docs/config-drift.md says
/// what is in it. Borrowed. NULL: absent. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_configuration_json(
    configuration: *const driftcore_configuration,
) -> driftcore_text {
    quiet(driftcore_text::ABSENT, || Some(handle::lend!(configuration)?.json.as_str().into()))
}

/// How many items there are. NULL: 0. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_configuration_count(
    configuration: *const driftcore_configuration,
) -> usize {
    quiet(0, || Some(handle::lend!(configuration)?.comparison.items.len()))
}

/// How many of them differ. NULL: 0. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_configuration_differences(
    configuration: *const driftcore_configuration,
) -> usize {
    quiet(0, || Some(handle::lend!(configuration)?.comparison.differences().count()))
}

/// Fills a record, whose size is set, with the item of an index, in the order of their parts, and returns 1; 0 for
/// NULL, a wrong size, or no such index; then the record is all zero behind its size. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_configuration_item(
    configuration: *const driftcore_configuration,
    index: usize,
    item: *mut driftcore_config_item,
) -> u32 {
    quiet(0, || {
        let found = handle::lend!(configuration).and_then(|it| it.comparison.items.get(index));
        Some(sized::fill(item, found.map(Into::into)))
    })
}

/// What could not be told, and why, by its index, in one line; borrowed. NULL, or no such index: absent. Any thread.
/// Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_configuration_problem(
    configuration: *const driftcore_configuration,
    index: usize,
) -> driftcore_text {
    quiet(driftcore_text::ABSENT, || {
        Some(handle::lend!(configuration)?.comparison.problems.get(index)?.as_str().into())
    })
}

/// Frees a configuration and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any thread, while
/// no other uses it. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_configuration_free(
    configuration: *mut *mut driftcore_configuration,
) {
    handle::free!(configuration);
}

#[cfg(test)]
mod tests {
    use std::ptr::null;
    use std::ptr::null_mut;

    use driftcore::config::Holder;
    use driftcore::event::ConfigMark;
    use driftcore::event::Container;
    use driftcore::event::Text;

    use super::*;
    use crate::error::driftcore_error_free;
    use crate::error::driftcore_error_status;

    fn item(name: &str, differs: bool) -> Item {
        Item {
            aspect: Aspect::Limit,
            name: Text::from(name),
            declared: Some(Text::from("")),
            live: None,
            differs,
            mark: Some(ConfigMark::HostPath),
            process: Some(Holder { pid: 7, name: Text::from("sh") }),
            more: 3,
        }
    }

    #[test]
    fn items_are_there_by_index() {
        let mut comparison = Comparison::default();
        comparison.items = vec![item("memory.max", true), item("cpu.max", false)];
        comparison.problems = vec!["why".to_owned()];
        let json = comparison.report(&Container::default()).to_string();
        let configuration = driftcore_configuration { comparison, json };
        let it = &raw const configuration;
        // SAFETY: all zero is a record; what it is filled from is there for as long as this.
        unsafe {
            let mut record: driftcore_config_item = std::mem::zeroed();
            record.size = size_of_val(&record);
            assert_eq!(driftcore_configuration_item(it, 0, &raw mut record), 1);
            assert_eq!((record.name.as_str(), record.process_name.as_str()), ("memory.max", "sh"));
            // Nothing declared is not an empty declaration.
            assert!(!record.declared.data.is_null() && record.live.data.is_null());
            assert_eq!((record.pid, record.more, record.differs), (7, 3, 1));
            let limit = driftcore_aspect::DRIFTCORE_ASPECT_LIMIT as u32;
            let host = driftcore_mark::DRIFTCORE_MARK_HOST_PATH as u32;
            assert_eq!((record.aspect, record.mark), (limit, host));
            assert_eq!(driftcore_configuration_item(it, 2, &raw mut record), 0);
            assert_eq!((record.pid, record.name.data), (0, null()));
            assert_eq!(driftcore_configuration_count(it), 2);
            assert_eq!(driftcore_configuration_differences(it), 1);
            assert_eq!(driftcore_configuration_problem(it, 0).as_str(), "why");
            assert!(driftcore_configuration_problem(it, 1).data.is_null());
            let json: serde_json::Value =
                serde_json::from_str(driftcore_configuration_json(it).as_str()).unwrap();
            assert_eq!((&json["version"], &json["differences"]), (&1.into(), &1.into()));
            assert_eq!(json["items"][0]["name"], "memory.max");
        }
    }

    #[test]
    fn a_container_that_is_not_there_has_no_configuration() {
        let (mut configuration, mut error) = (std::ptr::dangling_mut(), null_mut());
        // SAFETY: a C string, places for the results; the error is freed once.
        unsafe {
            let name = c"no-such-container".as_ptr();
            driftcore_configuration_new(name, null(), &raw mut configuration, &raw mut error);
            assert!(configuration.is_null());
            let status = driftcore_error_status(error);
            assert_eq!(status, driftcore_status::DRIFTCORE_STATUS_NOT_FOUND);
            driftcore_error_free(&raw mut error);
        }
    }

    #[test]
    fn each_reason_has_its_status() {
        use driftcore_status::*;

        let id = || "c".to_owned();
        for (error, status) in [
            (ConfigError::NotDeclared { id: id(), problems: vec![] }, DRIFTCORE_STATUS_UNSUPPORTED),
            (ConfigError::Content(id()), DRIFTCORE_STATUS_INVALID_ARGUMENT),
            (ConfigError::Starting { id: id() }, DRIFTCORE_STATUS_CHANGED),
            (ConfigError::NotRunning { id: id(), reason: id() }, DRIFTCORE_STATUS_NOT_FOUND),
        ] {
            assert_eq!(Failure::from(error).status, status);
        }
    }
}
