/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* On which filesystems files count: the container's root and, where that is asked for, its other mounts. */
#ifndef DRIFTCORE_WATCHED_H
#define DRIFTCORE_WATCHED_H

#include "container.h"

#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFDIR 0040000
#define S_IFREG 0100000

/* Filesystems that only the kernel itself mounts: pipes, sockets, what memfd_create() makes. */
#define SB_NOUSER (1UL << 31)

/* The kind of a mount that is not the container's root; 0: a filesystem that the kernel fills itself. By
 * linux/magic.h. */
static __always_inline __u64 mount_kind(struct super_block *sb)
{
	unsigned long magic = BPF_CORE_READ(sb, s_magic);

	if (BPF_CORE_READ(sb, s_flags) & SB_NOUSER)
		return 0;
	switch (magic) {
	case 0x01021994: /* tmpfs */
	case 0x858458f6: /* ramfs */
		return DC_MOUNT_MEMORY;
	case 0x9fa0: /* proc */
	case 0x62656572: /* sysfs */
	case 0x27e0eb: /* cgroup */
	case 0x63677270: /* cgroup2 */
	case 0x1cd1: /* devpts */
	case 0x64626720: /* debugfs */
	case 0x74726163: /* tracefs */
	case 0x73636673: /* securityfs */
	case 0xcafe4a11: /* bpf */
	case 0x19800202: /* mqueue */
		return 0;
	}
	return DC_MOUNT_VOLUME;
}

/* Whether an entry is on a filesystem that counts. A device node outside of the root is no file of
 * anybody's: most writes are to /dev/null. */
static __always_inline bool is_watched(struct dentry *dentry, const struct dc_container *container)
{
	const struct dc_settings *set = get_settings();
	struct super_block *sb = BPF_CORE_READ(dentry, d_sb);
	__u32 type;

	if (BPF_CORE_READ(sb, s_dev) == container->root_dev)
		return true;
	if (!set || !set->mounts || !(set->mounts & mount_kind(sb)))
		return false;
	type = BPF_CORE_READ(dentry, d_inode, i_mode) & S_IFMT;
	return !type || type == S_IFREG || type == S_IFDIR;
}

#endif
