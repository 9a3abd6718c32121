//! A container that is as it was declared, and one change at a time.

mod bounds;
mod elsewhere;
mod files;
mod pod;

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::config::declared::Docker;
use crate::config::declared::Environment;
use crate::config::declared::IdMapping;
use crate::config::item::Aspect;
use crate::config::live::Expected;
use crate::config::live::LiveMount;
use crate::config::live::Origin;
use crate::config::live::Problem;
use crate::config::live::Status;
use crate::config::live::Unread;
use crate::config::live::Variables;
use crate::config::secret;
use crate::event::ConfigMark;
use crate::event::Text;
use crate::event::Timestamp;

const BUNDLE: &str = r#"{
    "process": {
        "terminal": true, "user": {"uid": 1000, "gid": 1000, "additionalGids": [20]},
        "args": ["/sbin/docker-init", "--", "sleep", "9"],
        "env": ["PATH=/bin", "TOKEN=hunter2", "LD_PRELOAD=/image.so"],
        "capabilities": {"bounding": ["CAP_CHOWN", "CAP_KILL"], "permitted": ["CAP_CHOWN"]},
        "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 10, "hard": 20}],
        "noNewPrivileges": true, "apparmorProfile": "docker-default", "oomScoreAdj": 5
    },
    "root": {"path": "/root", "readonly": true}, "hostname": "web", "domainname": "example",
    "mounts": [
        {"destination": "/proc", "type": "proc", "options": ["nosuid", "noexec", "nodev"]},
        {"destination": "/dev", "type": "tmpfs", "options": ["nosuid"]},
        {"destination": "/sys", "type": "sysfs", "options": ["ro"]},
        {"destination": "/sys/fs/cgroup", "type": "cgroup", "options": ["ro"]},
        {"destination": "/data", "type": "bind", "source": "/srv/data", "options": ["rbind", "ro", "rprivate"]},
        {"destination": "/open", "type": "bind", "source": "/srv/open", "options": ["rbind", "rslave"]},
        {"destination": "/vol", "type": "bind", "source": "/docker/volumes/db/_data", "options": ["rbind"]},
        {"destination": "/scratch", "type": "tmpfs", "source": "tmpfs", "options": ["noexec", "nosuid", "nodev", "rprivate", "size=1m"]},
        {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=67108864"]}
    ],
    "hooks": {"prestart": [{"path": "/usr/bin/dockerd", "args": ["libnetwork-setkey"]}]},
    "linux": {
        "namespaces": [{"type": "mount"}, {"type": "pid"}, {"type": "uts"}, {"type": "user"},
                       {"type": "network", "path": "/run/netns/x"}, {"type": "ipc", "path": "/proc/7/ns/ipc"}],
        "uidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
        "gidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
        "devices": [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229}],
        "cgroupsPath": "system.slice:docker:abc",
        "resources": {
            "devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 10, "minor": 229, "access": "rwm"}],
            "memory": {"limit": 104857600, "swap": 209715200, "reservation": 5000},
            "cpu": {"shares": 512, "quota": 50000, "period": 100000, "cpus": "0,1", "mems": "0"},
            "pids": {"limit": 50}, "unified": {"memory.high": "7"},
            "blockIO": {"throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 9}]}
        },
        "sysctl": {"net.ipv4.ping_group_range": "0 9"}, "seccomp": {"defaultAction": "SCMP_ACT_ERRNO"},
        "maskedPaths": ["/proc/kcore", "/sys/firmware", "/proc/absent"],
        "readonlyPaths": ["/proc/sys", "/proc/bus"]
    }
}"#;

const HOST: &str = r#"{"Memory": 104857600, "MemorySwap": 209715200, "MemoryReservation": 5000,
    "CpuShares": 512, "NanoCpus": 500000000, "CpusetCpus": "0,1", "CpusetMems": "0", "PidsLimit": 50,
    "OomScoreAdj": 5, "ReadonlyRootfs": true, "CapAdd": ["KILL", "CHOWN"], "CapDrop": ["all"],
    "Sysctls": {"net.ipv4.ping_group_range": "0 9"}, "Ulimits": [{"Name": "nofile", "Soft": 10, "Hard": 20}],
    "SecurityOpt": ["no-new-privileges"], "Devices": [{"PathInContainer": "/dev/fuse", "CgroupPermissions": "rwm"}],
    "Binds": ["/srv/data:/data:ro", "volume:/open"], "PidMode": "", "NetworkMode": "none", "CgroupnsMode": "host",
    "Mounts": [{"Type": "volume", "Source": "db", "Target": "/vol"}], "Tmpfs": {"/scratch": "size=1024k"},
    "ShmSize": 67108864, "GroupAdd": ["20", "web"], "BlkioDeviceReadBps": [{"Path": "/dev/sda", "Rate": 9}],
    "MaskedPaths": ["/proc/kcore", "/sys/firmware", "/proc/absent"], "ReadonlyPaths": ["/proc/bus", "/proc/sys"],
    "Init": true, "Runtime": "runc", "UsernsMode": ""}"#;

const CONFIG: &str = r#"{"Path": "sleep", "Args": ["9"], "NoNewPrivileges": true, "AppArmorProfile": "docker-default",
    "State": {"Running": true, "Pid": 100},
    "Config": {"Env": ["TOKEN=hunter2", "PATH=/bin", "LD_PRELOAD=/image.so"], "User": "1000:1000", "Hostname": "web",
        "Domainname": "example", "Cmd": ["sleep", "9"]},
    "MountPoints": {
        "/data": {"Type": "bind", "Source": "/srv/data", "RW": false, "Propagation": "rprivate"},
        "/open": {"Type": "volume", "Name": "volume", "Driver": "nfs", "Source": "/srv/open", "RW": true},
        "/vol": {"Type": "volume", "Name": "db", "Driver": "local", "RW": true}}}"#;

const RUNC: &str = r#"{"init_process_pid": 100, "cgroup_paths": {"": "/sys/fs/cgroup/x/docker-abc.scope"},
    "namespace_paths": {"NEWPID": "/proc/100/ns/pid", "NEWNS": "/proc/100/ns/mnt"},
    "config": {"rootfs": "/root", "readonlyfs": true, "no_new_privileges": true, "apparmor_profile": "docker-default",
        "seccomp": {"default_action": 1}, "capabilities": {"Bounding": ["CAP_CHOWN", "CAP_KILL"], "Permitted": ["CAP_CHOWN"]},
        "namespaces": [{"type": "NEWNS"}, {"type": "NEWPID"}, {"type": "NEWUTS"}, {"type": "NEWUSER"},
            {"type": "NEWNET", "path": "/run/netns/x"}, {"type": "NEWIPC", "path": "/proc/7/ns/ipc"}],
        "uid_mappings": [{"container_id": 0, "host_id": 100000, "size": 65536}],
        "gid_mappings": [{"container_id": 0, "host_id": 100000, "size": 65536}],
        "mask_paths": ["/proc/kcore", "/sys/firmware", "/proc/absent"], "readonly_paths": ["/proc/sys", "/proc/bus"],
        "sysctl": {"net.ipv4.ping_group_range": "0 9"},
        "mounts": [{"destination": "/proc"}, {"destination": "/dev"}, {"destination": "/sys", "flags": 1},
            {"destination": "/sys/fs/cgroup", "flags": 1}, {"source": "/srv/data", "destination": "/data", "flags": 20481},
            {"source": "/srv/open", "destination": "/open", "flags": 20480},
            {"source": "/docker/volumes/db/_data", "destination": "/vol", "flags": 20480},
            {"destination": "/scratch", "flags": 14}, {"destination": "/dev/shm", "flags": 14}],
        "Hooks": {"prestart": [{"path": "/usr/bin/dockerd", "args": ["libnetwork-setkey"]}], "poststop": null}}}"#;

fn origin(minor: u32, root: &str) -> Origin {
    Origin { device: (0, minor), root: root.into() }
}

fn mount(point: &str, kind: &str, origin: Origin, flags: &[&'static str]) -> LiveMount {
    LiveMount {
        point: point.into(),
        fs_type: kind.to_owned(),
        origin,
        flags: flags.to_vec(),
        is_shared: false,
        is_slave: false,
        host: None,
    }
}

/// With what it shows on the host.
fn bound(point: &str, root: &str, flags: &[&'static str], host: &str) -> LiveMount {
    LiveMount { host: Some(host.into()), ..mount(point, "ext4", origin(1, root), flags) }
}

/// Of user 1000 with CHOWN, as the bundle says.
fn process(pid: u32) -> ProcessFacts {
    ProcessFacts {
        pid,
        start: u64::from(pid),
        status: Status {
            name: Text::from("sleep"),
            uids: [101_000; 4],
            gids: [101_000; 4],
            groups: vec![100_020],
            permitted: 1,
            bounding: 1 | 1 << 5,
            no_new_privileges: true,
            seccomp: Some(2),
            filters: Some(1),
            ..Status::default()
        },
        // mnt, pid, net, ipc, uts, user, cgroup, time.
        namespaces: [11, 12, 13, 14, 15, 16, 7, 8].map(Some),
        label: Some(Text::from("docker-default (enforce)")),
        environment: Variables::Injecting(Environment::new(), 0),
    }
}

/// A container that is as it was declared.
fn pair() -> (Declared, Live) {
    let declared = Declared {
        id: "abc".into(),
        bundle: serde_json::from_str(BUNDLE).unwrap(),
        docker: Some(Docker {
            host: Some(serde_json::from_str(HOST).unwrap()),
            config: serde_json::from_str(CONFIG).unwrap(),
            ..Docker::default()
        }),
        runc: Some(serde_json::from_str(RUNC).unwrap()),
        pid: Some(100),
        ..Declared::default()
    };
    let mut live = Live {
        first: process(100),
        others: vec![process(101), process(102)],
        host_namespaces: [1, 2, 3, 4, 5, 6, 7, 8].map(Some),
        page_size: 4096,
        oom_score_adj: Some(5),
        ..Live::default()
    };
    live.named_namespaces = [("/run/netns/x".to_owned(), 13)].into();
    let map = vec![IdMapping { inside: 0, outside: 100_000, size: 65_536 }];
    (live.uid_map, live.gid_map) = (map.clone(), map);
    let mut environment = declared.bundle.process.env.clone();
    environment.insert("HOME".into(), "/".into());
    environment.insert("SHLVL".into(), secret::digest(b"1"));
    live.environment = Some(environment);
    live.limits = [("RLIMIT_NOFILE", 20), ("RLIMIT_CORE", u64::MAX)].into();
    let mounts = &mut live.mounts;
    mounts.live = vec![
        mount("/", "overlay", origin(40, "/"), &["ro"]),
        mount("/proc", "proc", origin(41, "/"), &["nosuid", "nodev", "noexec"]),
        mount("/dev", "tmpfs", origin(42, "/"), &["nosuid"]),
        mount("/sys", "sysfs", origin(43, "/"), &["ro", "nosuid"]),
        mount("/sys/fs/cgroup", "tmpfs", origin(44, "/"), &["ro"]),
        mount("/sys/fs/cgroup/memory", "cgroup", origin(45, "/docker/abc"), &["ro"]),
        bound("/data", "/srv/data", &["ro"], "/srv/data"),
        bound("/data/sub", "/other", &[], "/srv/data/sub"),
        bound("/open", "/srv/open", &[], "/srv/open"),
        bound("/vol", "/docker/volumes/db/_data", &[], "/docker/volumes/db/_data"),
        mount("/scratch", "tmpfs", origin(48, "/"), &["nosuid", "nodev", "noexec"]),
        mount("/dev/shm", "tmpfs", origin(49, "/"), &["nosuid", "nodev", "noexec"]),
        mount("/dev/console", "devpts", origin(46, "/0"), &[]),
        mount("/dev/null", "devtmpfs", origin(6, "/null"), &[]),
        mount("/dev/fuse", "devtmpfs", origin(6, "/fuse"), &[]),
        mount("/proc/kcore", "tmpfs", origin(42, "/null"), &["nosuid"]),
        mount("/sys/firmware", "tmpfs", origin(47, "/"), &["ro"]),
        mount("/proc/sys", "proc", origin(41, "/sys"), &["ro"]),
        mount("/proc/bus", "proc", origin(41, "/bus"), &["ro"]),
    ];
    mounts.live[8].is_slave = true;
    let expected = declared.bundle.mounts.iter().map(|mount| Expected {
        point: (&*mount.destination).into(),
        origin: mount.source.as_deref().map(|source| origin(1, source)),
        source: mount.source.as_deref().map(Into::into),
    });
    mounts.expected = expected.collect();
    mounts.guarded =
        ["/proc/kcore", "/sys/firmware", "/proc/sys", "/proc/bus"].map(str::to_owned).into();
    live.cgroup.path = "/system.slice/docker-abc.scope".to_owned();
    live.cgroup.is_own = true;
    live.cgroup.files = [
        ("memory.limit_in_bytes", "104857600"),
        ("memory.memsw.limit_in_bytes", "209715200"),
        ("memory.soft_limit_in_bytes", "4096"),
        ("cpu.shares", "512"),
        ("cpu.cfs_quota_us", "50000"),
        ("cpu.cfs_period_us", "100000"),
        ("cpuset.cpus", "0-1"),
        ("cpuset.mems", "0"),
        ("pids.max", "50"),
        ("memory.high", "7"),
        ("blkio.throttle.read_bps_device", "8:0 9"),
        ("blkio.throttle.write_bps_device", ""),
        ("devices.list", "c 10:229 rwm\nc 1:3 rwm\nb *:* m"),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into();
    live.settings.values = [
        ("net.ipv4.ping_group_range", "0 9"),
        ("kernel.hostname", "web"),
        ("kernel.domainname", "example"),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into();
    (declared, live)
}

fn at<'a>(live: &'a mut Live, point: &str) -> &'a mut LiveMount {
    live.mounts.live.iter_mut().rfind(|mount| mount.point == Path::new(point)).unwrap()
}

fn variable(live: &mut Live, name: &str, value: &str) {
    let value = secret::shown(name.as_bytes(), value.as_bytes());
    live.environment.as_mut().unwrap().insert(name.into(), value);
}

fn file(live: &mut Live, name: &str, text: &str) {
    live.cgroup.files.insert(name.to_owned(), text.to_owned());
}

type Change = (Aspect, &'static str, Option<ConfigMark>, fn(&mut Declared, &mut Live));

fn host(declared: &mut Declared) -> &mut crate::config::declared::DockerHost {
    declared.docker.as_mut().unwrap().host.as_mut().unwrap()
}

/// Starts another process with that variable besides those that are declared.
fn another(declared: &Declared, live: &mut Live, entered: bool, name: &str, value: &str) {
    let mut environment = declared.bundle.process.env.clone();
    environment.insert(name.into(), secret::shown(name.as_bytes(), value.as_bytes()));
    live.others[1].environment = if entered {
        Variables::All(environment)
    } else {
        environment.retain(|name, _| secret::is_injecting(name.as_bytes()));
        Variables::Injecting(environment, 0)
    };
}

/// Each makes exactly one difference, and none touches what another does.
const CHANGES: &[Change] = &[
    (Aspect::Environment, "LD_PRELOAD", Some(ConfigMark::CodeInjection), |_, live| {
        variable(live, "LD_PRELOAD", "/tmp/x.so");
    }),
    (Aspect::Environment, "BASH_ENV", Some(ConfigMark::CodeInjection), |_, live| {
        variable(live, "BASH_ENV", "/tmp/x");
    }),
    (Aspect::Environment, "TOKEN", None, |_, live| variable(live, "TOKEN", "hunter3")),
    (Aspect::Environment, "NEW", None, |_, live| variable(live, "NEW", "")),
    (Aspect::Environment, "PATH", None, |_, live| {
        live.environment.as_mut().unwrap().remove(&Text::from("PATH"));
    }),
    (Aspect::Environment, "DEBUG", None, |declared, live| {
        another(declared, live, true, "DEBUG", "1");
    }),
    (Aspect::Mount, "/", None, |_, live| at(live, "/").flags.clear()),
    (Aspect::Mount, "/dev", None, |_, live| at(live, "/dev").flags.clear()),
    (Aspect::Mount, "/proc", None, |_, live| at(live, "/proc").flags = vec!["nosuid", "nodev"]),
    (Aspect::Mount, "/data", None, |_, live| at(live, "/data").flags.clear()),
    (Aspect::Mount, "/open", None, |_, live| at(live, "/open").is_shared = true),
    (Aspect::Mount, "/sys/fs/cgroup/memory", None, |_, live| {
        at(live, "/sys/fs/cgroup/memory").flags.clear();
    }),
    (Aspect::Mount, "/proc/kcore", None, |_, live| {
        live.mounts.live.retain(|it| it.point != Path::new("/proc/kcore"));
    }),
    (Aspect::Mount, "/sys/firmware", None, |_, live| {
        at(live, "/sys/firmware").fs_type = "sysfs".into();
    }),
    (Aspect::Mount, "/proc/sys", None, |_, live| at(live, "/proc/sys").flags.clear()),
    (Aspect::Mount, "/proc/bus", None, |_, live| {
        live.mounts.live.push(mount("/proc/bus", "proc", origin(41, "/bus"), &[]));
    }),
    (Aspect::Mount, "/mnt", None, |_, live| {
        live.mounts.live.push(mount("/mnt", "tmpfs", origin(99, "/"), &[]));
    }),
    (Aspect::Mount, "/host", Some(ConfigMark::HostPath), |_, live| {
        live.mounts.live.push(bound("/host", "/", &[], "/"));
    }),
    (Aspect::Mount, "/s", Some(ConfigMark::RuntimeSocket), |_, live| {
        live.mounts.live.push(bound("/s", "/docker.sock", &[], "/run/docker.sock"));
    }),
    (Aspect::Mount, "/data/sub", Some(ConfigMark::HostPath), |_, live| {
        at(live, "/data/sub").host = Some("/etc".into());
    }),
    (Aspect::Capability, "capabilities.inheritable", None, |_, live| {
        live.first.status.inheritable = 1;
    }),
    (Aspect::Capability, "capabilities.permitted", None, |_, live| {
        live.first.status.permitted |= 1 << 21;
    }),
    (Aspect::Capability, "capabilities.effective", None, |_, live| {
        live.first.status.effective = 1 << 5;
    }),
    (Aspect::Capability, "capabilities.bounding", None, |_, live| {
        live.others[1].status.bounding |= 1 << 7;
    }),
    (Aspect::Capability, "capabilities.ambient", None, |_, live| live.others[0].status.ambient = 1),
    (Aspect::Identity, "uid", None, |_, live| live.first.status.uids[1] = 100_000),
    (Aspect::Identity, "gid", None, |_, live| live.others[0].status.gids[2] = 5),
    (Aspect::Identity, "groups", None, |_, live| live.first.status.groups.push(100_000)),
    (Aspect::Identity, "no_new_privileges", None, |_, live| {
        live.others[0].status.no_new_privileges = false;
    }),
    (Aspect::Identity, "seccomp", None, |_, live| live.others[0].status.seccomp = Some(0)),
    (Aspect::Identity, "security_label", None, |_, live| {
        live.first.label = Some("unconfined".into());
    }),
    (Aspect::Identity, "uid_map", None, |_, live| live.uid_map[0].size = 65_537),
    (Aspect::Identity, "namespace.pid", None, |_, live| live.others[0].namespaces[1] = Some(2)),
    (Aspect::Identity, "namespace.network", None, |_, live| live.first.namespaces[2] = Some(33)),
    (Aspect::Limit, "cgroup", None, |_, live| live.cgroup.is_own = false),
    (Aspect::Limit, "memory.limit", None, |_, live| {
        file(live, "memory.limit_in_bytes", "9223372036854771712");
    }),
    (Aspect::Limit, "memory.swap", None, |_, live| file(live, "memory.memsw.limit_in_bytes", "1")),
    (Aspect::Limit, "memory.reservation", None, |_, live| {
        file(live, "memory.soft_limit_in_bytes", "0");
    }),
    (Aspect::Limit, "cpu.shares", None, |_, live| file(live, "cpu.shares", "1024")),
    (Aspect::Limit, "cpu.quota", None, |_, live| file(live, "cpu.cfs_quota_us", "-1")),
    (Aspect::Limit, "cpuset.cpus", None, |_, live| file(live, "cpuset.cpus", "0-2")),
    (Aspect::Limit, "cpuset.mems", None, |_, live| file(live, "cpuset.mems", "0-1")),
    (Aspect::Limit, "pids.limit", None, |_, live| file(live, "pids.max", "max")),
    (Aspect::Limit, "unified.memory.high", None, |_, live| file(live, "memory.high", "max")),
    (Aspect::Limit, "io.read_bps", None, |_, live| {
        file(live, "blkio.throttle.read_bps_device", "");
    }),
    (Aspect::Limit, "io.write_bps", None, |_, live| {
        file(live, "blkio.throttle.write_bps_device", "8:0 1");
    }),
    (Aspect::Limit, "device b 8:0", None, |_, live| {
        file(live, "devices.list", "c 10:229 rw\nb 8:0 rwm\nb 8:1 m");
    }),
    (Aspect::Limit, "RLIMIT_NOFILE", None, |_, live| {
        live.limits.insert("RLIMIT_NOFILE", 21);
    }),
    (Aspect::Limit, "oom_score_adj", None, |_, live| live.oom_score_adj = Some(-1)),
    (Aspect::Sysctl, "net.ipv4.ping_group_range", None, |_, live| {
        live.settings.values.insert("net.ipv4.ping_group_range".into(), "0 10".into());
    }),
    (Aspect::Sysctl, "kernel.hostname", None, |_, live| {
        live.settings.values.insert("kernel.hostname".into(), "db".into());
    }),
    (Aspect::Declaration, "config.json", None, |declared, _| {
        declared.edited = Some(Timestamp::from_nanos(1));
    }),
    (Aspect::Declaration, "hostconfig.json:Memory", None, |declared, _| host(declared).memory = 0),
    (Aspect::Declaration, "hostconfig.json:MemorySwap", None, |declared, _| {
        host(declared).memory_swap = -1;
    }),
    (Aspect::Declaration, "hostconfig.json:NanoCpus", None, |declared, _| {
        host(declared).nano_cpus *= 2;
    }),
    (Aspect::Declaration, "hostconfig.json:PidsLimit", None, |declared, _| {
        host(declared).pids_limit = -1;
    }),
    (Aspect::Declaration, "hostconfig.json:ReadonlyRootfs", None, |declared, _| {
        host(declared).readonly_rootfs = false;
    }),
    (Aspect::Declaration, "hostconfig.json:PidMode", None, |declared, _| {
        host(declared).pid_mode = "host".into();
    }),
    (Aspect::Declaration, "hostconfig.json:CapAdd.SYS_ADMIN", None, |declared, _| {
        host(declared).cap_add.push("SYS_ADMIN".into());
    }),
    (Aspect::Declaration, "hostconfig.json:CapAdd.ALL", None, |declared, _| {
        host(declared).cap_add.push("ALL".into());
    }),
    (Aspect::Declaration, "hostconfig.json:CapDrop.ALL", None, |declared, _| {
        host(declared).cap_add.retain(|name| name != "KILL");
    }),
    (Aspect::Declaration, "hostconfig.json:Binds./etc", None, |declared, _| {
        host(declared).binds.push(serde_json::from_str("\"/etc:/etc\"").unwrap());
    }),
    (Aspect::Declaration, "hostconfig.json:Devices./dev/sda", None, |declared, _| {
        host(declared).devices.extend(
            serde_json::from_str::<Vec<_>>(r#"[{"PathInContainer": "/dev/sda"}]"#).unwrap(),
        );
    }),
    (Aspect::Declaration, "hostconfig.json:Ulimits.nofile", None, |declared, _| {
        host(declared).ulimits[0].hard = 21;
    }),
    (Aspect::Declaration, "hostconfig.json:SecurityOpt.seccomp", None, |declared, _| {
        host(declared).security_opt.push("seccomp=unconfined".into());
    }),
    (Aspect::Declaration, "config.v2.json:Args", None, |declared, _| {
        declared.docker.as_mut().unwrap().config.args[0] = "8".into();
    }),
    (Aspect::Declaration, "config.v2.json:Env.TOKEN", None, |declared, _| {
        let env = &mut declared.docker.as_mut().unwrap().config.config.env;
        env.insert("TOKEN".into(), secret::digest(b"hunter3"));
    }),
    (Aspect::Declaration, "hostconfig.json:Tmpfs./scratch", None, |declared, _| {
        host(declared).tmpfs.insert("/scratch".into(), "size=1m,exec".into());
    }),
    (Aspect::Declaration, "hostconfig.json:ShmSize", None, |declared, _| {
        host(declared).shm_size = 9;
    }),
    (Aspect::Declaration, "hostconfig.json:GroupAdd.30", None, |declared, _| {
        host(declared).group_add.push("30".into());
    }),
    (Aspect::Declaration, "hostconfig.json:BlkioDeviceReadBps", None, |declared, _| {
        host(declared).blkio_device_read_bps.clear();
    }),
    (Aspect::Declaration, "hostconfig.json:BlkioWeight", None, |declared, _| {
        host(declared).blkio_weight = 300;
    }),
    (Aspect::Declaration, "hostconfig.json:MaskedPaths./proc/kcore", None, |declared, _| {
        host(declared).masked_paths.as_mut().unwrap().remove(0);
    }),
    (Aspect::Declaration, "hostconfig.json:ReadonlyPaths./proc/new", None, |declared, _| {
        host(declared).readonly_paths.as_mut().unwrap().push("/proc/new".into());
    }),
    (Aspect::Declaration, "hostconfig.json:UsernsMode", None, |declared, _| {
        host(declared).userns_mode = "host".into();
    }),
    (Aspect::Declaration, "hostconfig.json:CgroupnsMode", None, |declared, _| {
        host(declared).cgroupns_mode = "private".into();
    }),
    (Aspect::Declaration, "hostconfig.json:DeviceCgroupRules.b 8:* rwm", None, |declared, _| {
        host(declared).device_cgroup_rules.push("b 8:* rwm".into());
    }),
    (Aspect::Declaration, "hostconfig.json:SecurityOpt.apparmor", None, |declared, _| {
        host(declared).security_opt.push("apparmor=unconfined".into());
    }),
    (Aspect::Declaration, "hostconfig.json:OomKillDisable", None, |declared, _| {
        host(declared).oom_kill_disable = true;
    }),
    (Aspect::Declaration, "hostconfig.json:Init", None, |declared, _| {
        host(declared).init = Some(false);
    }),
    (Aspect::Declaration, "hostconfig.json:Mounts./etc", None, |declared, _| {
        let mount = r#"{"Type": "bind", "Source": "/etc", "Target": "/etc"}"#;
        host(declared).mounts.push(serde_json::from_str(mount).unwrap());
    }),
    (Aspect::Declaration, "hostconfig.json:Mounts./vol", None, |declared, _| {
        host(declared).mounts[0].source = "other".into();
    }),
    (Aspect::Declaration, "config.v2.json:MountPoints./data", None, |declared, _| {
        config(declared).mount_points.get_mut("/data").unwrap().is_writable = true;
    }),
    (Aspect::Declaration, "config.v2.json:MountPoints./vol", None, |declared, _| {
        config(declared).mount_points.remove("/vol");
    }),
    (Aspect::Declaration, "config.v2.json:MountPoints./open", None, |declared, _| {
        config(declared).mount_points.get_mut("/open").unwrap().is_writable = false;
    }),
    (Aspect::Declaration, "config.v2.json:Env.LD_PRELOAD", None, |declared, _| {
        config(declared).config.env.remove(&Text::from("LD_PRELOAD"));
    }),
    (Aspect::Declaration, "config.v2.json:User", None, |declared, _| {
        config(declared).config.user = "root:1000".into();
    }),
    (Aspect::Declaration, "config.v2.json:WorkingDir", None, |declared, _| {
        config(declared).config.working_dir = "/tmp".into();
    }),
    (Aspect::Declaration, "config.v2.json:Hostname", None, |declared, _| {
        config(declared).config.hostname = "db".into();
    }),
    (Aspect::Declaration, "config.v2.json:Domainname", None, |declared, _| {
        config(declared).config.domainname = "other".into();
    }),
    (Aspect::Declaration, "config.v2.json:Cmd", None, |declared, _| {
        config(declared).config.entrypoint = vec!["sh".into()];
    }),
    (Aspect::Declaration, "config.v2.json:NoNewPrivileges", None, |declared, _| {
        config(declared).no_new_privileges = false;
    }),
    (Aspect::Declaration, "config.v2.json:AppArmorProfile", None, |declared, _| {
        config(declared).app_armor_profile = "unconfined".into();
    }),
    (Aspect::Declaration, "state.json:readonlyfs", None, |declared, _| {
        runc(declared).readonlyfs = false;
    }),
    (Aspect::Declaration, "state.json:no_new_privileges", None, |declared, _| {
        runc(declared).no_new_privileges = false;
    }),
    (Aspect::Declaration, "state.json:seccomp", None, |declared, _| {
        runc(declared).seccomp = false;
    }),
    (Aspect::Declaration, "state.json:apparmor_profile", None, |declared, _| {
        runc(declared).apparmor_profile.clear();
    }),
    (Aspect::Declaration, "state.json:mask_paths./proc/kcore", None, |declared, _| {
        runc(declared).mask_paths.remove(0);
    }),
    (Aspect::Declaration, "state.json:capabilities.bounding", None, |declared, _| {
        runc(declared).capabilities.as_mut().unwrap().0.bounding.push("CAP_SYS_ADMIN".into());
    }),
    (Aspect::Declaration, "state.json:sysctl.kernel.shmmax", None, |declared, _| {
        runc(declared).sysctl.insert("kernel.shmmax".into(), "1".into());
    }),
    (Aspect::Declaration, "state.json:uid_mappings", None, |declared, _| {
        runc(declared).uid_mappings.clear();
    }),
    (Aspect::Declaration, "state.json:rootfs", None, |declared, _| {
        runc(declared).rootfs = "/".into();
    }),
    (Aspect::Declaration, "state.json:mounts./data", None, |declared, _| {
        runc(declared).mounts[4].source = "/etc".into();
    }),
    (Aspect::Declaration, "state.json:mounts./sys", None, |declared, _| {
        runc(declared).mounts.remove(2);
    }),
    (Aspect::Declaration, "state.json:mounts./new", None, |declared, _| {
        runc(declared).mounts.push(serde_json::from_str(r#"{"destination": "/new"}"#).unwrap());
    }),
    (Aspect::Declaration, "state.json:Hooks.poststop", None, |declared, _| {
        let hooks = serde_json::from_str(r#"[{"path": "/tmp/x"}]"#).unwrap();
        runc(declared).hooks.insert("poststop".into(), hooks);
    }),
    (Aspect::Declaration, "state.json:Hooks.prestart", None, |declared, _| {
        let hooks = runc(declared).hooks.get_mut("prestart").unwrap();
        hooks.as_mut().unwrap()[0].args[0] = "other".into();
    }),
    (Aspect::Declaration, "state.json:namespaces.cgroup", None, |declared, _| {
        runc(declared).namespaces.push(serde_json::from_str(r#"{"type": "NEWCGROUP"}"#).unwrap());
    }),
    (Aspect::Declaration, "state.json:namespace_paths.pid", None, |declared, _| {
        let state = declared.runc.as_mut().unwrap();
        state.namespace_paths.insert("NEWPID".into(), "/proc/1/ns/pid".into());
    }),
    (Aspect::Declaration, "state.json:init_process_pid", None, |declared, _| {
        declared.runc.as_mut().unwrap().init_process_pid = 1;
    }),
    (Aspect::Declaration, "state.json:cgroup_paths.unified", None, |declared, _| {
        let state = declared.runc.as_mut().unwrap();
        state.cgroup_paths.insert(String::new(), "/sys/fs/cgroup".into());
    }),
];

fn config(declared: &mut Declared) -> &mut crate::config::declared::DockerConfig {
    &mut declared.docker.as_mut().unwrap().config
}

fn runc(declared: &mut Declared) -> &mut crate::config::declared::RuncConfig {
    declared.runc.as_mut().unwrap().config.as_mut().unwrap()
}

fn differences(declared: &Declared, live: &Live) -> Vec<(Aspect, String, Option<ConfigMark>)> {
    let comparison = compare(declared, live);
    comparison.differences().map(|it| (it.aspect, it.name.to_string(), it.mark)).collect()
}

#[test]
fn a_container_that_is_as_it_was_declared_does_not_differ() {
    let (declared, live) = pair();
    assert_eq!(differences(&declared, &live), []);
    let comparison = compare(&declared, &live);
    assert!(comparison.problems.is_empty());
    // Every part is looked at.
    for (aspect, name, ..) in CHANGES {
        let there = |item: &&Item| item.aspect == *aspect;
        assert!(comparison.items.iter().any(|item| there(&item)), "{aspect} {name}");
    }
}

#[test]
fn each_change_alone_gives_its_item_alone() {
    for (aspect, name, mark, change) in CHANGES {
        let (mut declared, mut live) = pair();
        change(&mut declared, &mut live);
        assert_eq!(differences(&declared, &live), [(*aspect, (*name).to_owned(), *mark)], "{name}");
    }
}

proptest! {
    #[test]
    fn any_changes_together_give_just_their_items(chosen in prop::collection::vec(any::<bool>(), CHANGES.len())) {
        let (mut declared, mut live) = pair();
        let mut expected = Vec::new();
        for ((aspect, name, mark, change), _) in CHANGES.iter().zip(chosen).filter(|(_, chosen)| *chosen) {
            change(&mut declared, &mut live);
            expected.push((*aspect, (*name).to_owned(), *mark));
        }
        let mut found = differences(&declared, &live);
        found.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
        expected.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn no_value_of_a_variable_comes_out(value in "[a-z]{8}-[0-9]{8}") {
        let (declared, mut live) = pair();
        variable(&mut live, "TOKEN", &value);
        let text = format!("{:?}", compare(&declared, &live));
        prop_assert!(!text.contains(&value) && !text.contains("hunter2"));
    }
}

#[test]
fn less_than_was_declared_does_not_differ() {
    let (declared, mut live) = pair();
    live.first.status.permitted = 0;
    live.first.status.bounding = 0;
    live.first.status.groups.clear();
    live.first.status.filters = Some(3);
    at(&mut live, "/dev").flags.push("ro");
    at(&mut live, "/sys/fs/cgroup").flags.clear();
    at(&mut live, "/open").is_slave = false;
    assert_eq!(differences(&declared, &live), []);
}

#[test]
fn whoever_starts_as_root_may_become_another() {
    let (mut declared, mut live) = pair();
    declared.bundle.process.user.uid = 0;
    config(&mut declared).config.user = ":1000".into();
    live.others[0].status.uids = [100_033; 4];
    live.others[0].status.groups = vec![100_033];
    assert_eq!(differences(&declared, &live), []);
    // But nobody who is not of the container.
    live.others[0].status.uids = [0; 4];
    assert_eq!(differences(&declared, &live), [(Aspect::Identity, "uid".to_owned(), None)]);
}

#[test]
fn rights_in_a_nested_user_namespace_are_that_alone() {
    let (declared, mut live) = pair();
    live.others[0].namespaces[5] = Some(77);
    live.others[0].status.effective = u64::MAX;
    let expected = [(Aspect::Identity, "namespace.user".to_owned(), None)];
    assert_eq!(differences(&declared, &live), expected);
}

#[test]
fn processes_that_differ_alike_are_one_item() {
    let (declared, mut live) = pair();
    for other in &mut live.others {
        other.status.seccomp = Some(0);
    }
    let comparison = compare(&declared, &live);
    let item = comparison.differences().next().unwrap();
    assert_eq!((item.process.as_ref().unwrap().pid, item.more), (101, 1));
    assert_eq!(item.live, Some(Text::from("none")));
    live.first.status.seccomp = Some(0);
    let comparison = compare(&declared, &live);
    assert_eq!(comparison.differences().count(), 2, "the first process is told by itself");
}

#[test]
fn version_2_of_control_groups_means_the_same() {
    let (mut declared, mut live) = pair();
    live.cgroup.files = [
        ("memory.max", "104857600"),
        ("memory.swap.max", "104857600"),
        ("memory.low", "4096"),
        ("cpu.weight", "20"),
        ("cpu.max", "50000 100000"),
        ("cpuset.cpus", "0-1"),
        ("cpuset.mems", "0"),
        ("pids.max", "50"),
        ("io.max", "8:0 rbps=9 wbps=max riops=max wiops=max"),
        ("memory.high", "7"),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into();
    assert_eq!(differences(&declared, &live), []);
    file(&mut live, "cpu.weight", "100");
    file(&mut live, "memory.swap.max", "max");
    file(&mut live, "cpu.max", "max 100000");
    let names: Vec<_> = differences(&declared, &live).into_iter().map(|it| it.1).collect();
    assert_eq!(names, ["memory.swap", "cpu.weight", "cpu.quota"]);
    declared.bundle.linux.resources = crate::config::declared::Resources::default();
    declared.docker = None;
    live.cgroup.files.clear();
    for (name, text) in
        [("memory.max", "max"), ("memory.low", "0"), ("cpu.weight", "100"), ("pids.max", "max")]
    {
        file(&mut live, name, text);
    }
    assert_eq!(differences(&declared, &live), []);
}

#[test]
fn what_could_not_be_read_does_not_differ_and_is_told() {
    let (mut declared, mut live) = pair();
    live.environment = None;
    live.mounts = Default::default();
    live.cgroup = Default::default();
    live.settings.values.clear();
    live.oom_score_adj = None;
    live.limits.clear();
    declared.docker.as_mut().unwrap().host = None;
    live.problems.push(Problem { parts: &[Aspect::Mount], text: "a".to_owned() });
    live.settings.problems.push("b".into());
    declared.problems.push("c".into());
    assert_eq!(differences(&declared, &live), []);
    declared.image_problem = Some("d".to_owned());
    let comparison = compare(&declared, &live);
    assert_eq!(comparison.problems, ["c", "d", "a", "b"]);
    let unsure = [Aspect::Mount, Aspect::Sysctl, Aspect::Declaration];
    assert_eq!(comparison.unsure, unsure.into());
    assert!(comparison.unsure_controllers.is_empty());
    // An image that cannot be read never could be.
    declared.problems.clear();
    live.problems.clear();
    live.settings.problems.clear();
    assert!(compare(&declared, &live).unsure.is_empty());
    // Of one controller, and of all.
    let memory = vec!["memory".to_owned()];
    live.cgroup.problems = vec![Unread { controllers: memory.clone(), text: "e".to_owned() }];
    let comparison = compare(&declared, &live);
    assert_eq!(comparison.problems, ["d", "e"]);
    assert!(comparison.unsure.is_empty() && comparison.unsure_controllers.into_iter().eq(memory));
    live.cgroup.problems = vec![Unread::default()];
    assert_eq!(compare(&declared, &live).unsure, [Aspect::Limit].into());
}

#[test]
fn what_injects_code_counts_of_any_process_and_all_of_who_entered() {
    for (entered, name, value) in [
        (false, "PYTHONPATH", "/app/more"),
        (false, "LD_LIBRARY_PATH", "/opt/lib"),
        (false, "PATH", "/bin:/tmp/x"),
        (false, "PATH", "/bin:"),
        (false, "RUBYOPT", "-r/dev/shm/x.rb"),
        (true, "PATH", "/usr/bin"),
        (true, "DEBUG", "1"),
        (true, "TOKEN", "hunter3"),
    ] {
        let (declared, mut live) = pair();
        another(&declared, &mut live, entered, name, value);
        let comparison = compare(&declared, &live);
        let found: Vec<_> = comparison.differences().map(|it| it.name.to_string()).collect();
        assert_eq!(found, [name], "{name}={value}");
        let item = comparison.differences().next().unwrap();
        assert_eq!(item.process.as_ref().map(|it| it.pid), Some(102));
        assert_eq!(item.mark.is_some(), !matches!(name, "DEBUG" | "TOKEN"));
    }
    // What is too long to be shown leads anywhere.
    let (declared, mut live) = pair();
    another(&declared, &mut live, false, "PATH", "/bin:".repeat(1000).trim_end_matches(':'));
    assert_eq!(compare(&declared, &live).differences().count(), 1);
    let (declared, mut live) = pair();
    another(&declared, &mut live, true, "PATH", "/bin");
    let Variables::All(environment) = &mut live.others[1].environment else { panic!() };
    environment.remove(&Text::from("TOKEN"));
    let comparison = compare(&declared, &live);
    let gone = comparison.differences().next().unwrap();
    assert!(gone.declared.is_some() && gone.live.is_none() && gone.name == "TOKEN".into());
}

#[test]
fn what_ordinary_programs_give_their_children_is_no_difference() {
    for (entered, name, value) in [
        (false, "PATH", "/usr/lib/git-core:/app/node_modules/.bin:/bin"),
        (false, "CLASSPATH", "/opt/kafka/libs/*"),
        (false, "RUBYOPT", "-rbundler/setup"),
        (true, "TERM", "xterm"),
        (true, "HOME", "/root"),
    ] {
        let (declared, mut live) = pair();
        another(&declared, &mut live, entered, name, value);
        let comparison = compare(&declared, &live);
        assert_eq!(comparison.differences().count(), 0, "{name}={value}");
    }
    // What the first one was given after its start its children have from it: it is told of once.
    let (declared, mut live) = pair();
    variable(&mut live, "LD_PRELOAD", "/tmp/x.so");
    another(&declared, &mut live, false, "LD_PRELOAD", "/tmp/x.so");
    assert_eq!(compare(&declared, &live).differences().count(), 1);
}

#[test]
fn many_variables_of_one_process_are_counted_and_those_that_inject_code_all_told() {
    let (declared, mut live) = pair();
    let mut environment = declared.bundle.process.env.clone();
    for number in 0..40 {
        environment.insert(format!("VARIABLE_{number}").as_str().into(), "x".into());
    }
    environment.insert("LD_AUDIT".into(), "/tmp/x.so".into());
    live.others[0].environment = Variables::All(environment.clone());
    live.others[1].environment = Variables::All(environment);
    let comparison = compare(&declared, &live);
    let items: Vec<_> = comparison.differences().collect();
    assert_eq!(items.len(), 34);
    assert_eq!(items[0].name.as_bytes(), b"LD_AUDIT");
    assert!(items.iter().all(|item| item.more == 1 && item.process.is_some()));
    let rest = items[33];
    assert_eq!(rest.name.as_bytes(), b"(others)");
    assert_eq!(rest.live, Some("8 more that differ".into()));
}
