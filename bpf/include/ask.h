/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the kernel asks its security modules, for whoever listens: the same for the fentry set and for
 * the LSM set. Every question is about an operation that has passed the other checks, and may still
 * fail (pending.h); only a write, a mapping and a change of a mapping count from here. */
#ifndef DRIFTCORE_ASK_H
#define DRIFTCORE_ASK_H

#include "mapping.h"
#include "pending.h"

#define MAY_WRITE 0x2
#define VM_MAYWRITE 0x20

#define ATTR_MODE (1 << 0)
#define ATTR_UID (1 << 1)
#define ATTR_GID (1 << 2)
#define ATTR_SIZE (1 << 3)
#define ATTR_FORCE (1 << 9)
#define ATTR_OPEN (1 << 15)

static __always_inline bool is_directory(struct dentry *dentry)
{
	return (BPF_CORE_READ(dentry, d_inode, i_mode) & S_IFMT) == S_IFDIR;
}

/* A file of the layer that overlay has opened on behalf of another: that one is what counts. */
static __always_inline bool is_behind_another(struct file *file, struct dc_path path)
{
	struct dentry *dentry = path.dentry;

	return BPF_CORE_READ(file, f_inode, i_sb) != BPF_CORE_READ(dentry, d_sb);
}

static __always_inline void ask_open(struct file *file)
{
	struct task_struct *task = current_task();
	struct dc_container container = {};
	struct dentry *dentry;
	struct dc_pending *p;
	struct dc_scratch *s;
	struct dc_path path;
	bool outside;
	__u32 mode;

	if (!may_wait(file))
		return;
	mode = file->f_mode;
	path = path_of(file);
	dentry = path.dentry;
	if (is_behind_another(file, path))
		return;
	if (!container_of_act(task, dentry, mode & FMODE_WRITE, &container, &outside) ||
	    (!outside && !is_watched(dentry, &container)))
		return;
	s = begin_pending(task, DC_OP_OPEN, dentry, &p);
	if (!s)
		return;
	p->act.place.path = path;
	p->act.file = dentry;
	p->object = (__u64)file;
	/* Of another call, or of none, nothing tells that there is a descriptor. */
	if (!opens(p->act.call))
		p->act.call = DC_NO_CALL;
	p->act.value = BPF_CORE_READ(file, f_flags);
	if (p->act.value & O_TRUNC) {
		p->act.before = BPF_CORE_READ(file, f_inode, i_size);
		p->act.flags |= DC_FILE_EVENT_HAS_BEFORE;
	}
	keep_pending(s, p);
}

static __always_inline void ask_remove(struct dentry *dentry, __u16 operation)
{
	struct task_struct *task = current_task();
	struct dc_container container = {};
	struct dc_pending *p;
	struct dc_scratch *s;

	if (!is_on_root(task, dentry, &container))
		return;
	s = begin_pending(task, operation, dentry, &p);
	if (!s)
		return;
	extract_file(task, NULL, dentry, BPF_CORE_READ(dentry, d_inode), &container, &p->gone);
	if (operation == DC_OP_RMDIR)
		p->act.flags |= DC_FILE_EVENT_DIRECTORY;
	keep_pending(s, p);
}

static __always_inline void ask_rename(struct dentry *old)
{
	struct task_struct *task = current_task();
	struct dc_container container = {};
	struct dc_pending *p;
	struct dc_scratch *s;

	if (!is_on_root(task, old, &container))
		return;
	/* The entry is at its new place afterwards. */
	s = begin_pending(task, DC_OP_RENAME, old, &p);
	if (!s)
		return;
	p->act.old.path.dentry = BPF_CORE_READ(old, d_parent);
	bpf_probe_read_kernel_str(p->name, sizeof(p->name), BPF_CORE_READ(old, d_name.name));
	if (is_directory(old))
		p->act.flags |= DC_FILE_EVENT_DIRECTORY;
	keep_pending(s, p);
}

static __always_inline void ask_link(struct dentry *old, struct dentry *new)
{
	struct task_struct *task = current_task();
	struct dc_container container = {};
	struct dc_pending *p;
	struct dc_scratch *s;

	if (!is_on_root(task, new, &container))
		return;
	s = begin_pending(task, DC_OP_LINK, new, &p);
	if (!s)
		return;
	/* The first name of an unnamed file makes it. */
	if (BPF_CORE_READ(old, d_inode, i_nlink))
		p->act.old.path.dentry = old;
	else
		p->act.operation = DC_OP_CREATE;
	keep_pending(s, p);
}

static __always_inline void ask_make(struct dentry *dentry, __u16 operation, __u64 value)
{
	struct task_struct *task = current_task();
	struct dc_container container = {};
	struct dc_pending *p;
	struct dc_scratch *s;

	if (!is_on_root(task, dentry, &container))
		return;
	s = begin_pending(task, operation, dentry, &p);
	if (!s)
		return;
	p->act.value = value;
	if (operation == DC_OP_MKDIR)
		p->act.flags |= DC_FILE_EVENT_DIRECTORY;
	keep_pending(s, p);
}

static __always_inline void ask_symlink(struct dentry *dentry, const char *target)
{
	struct task_struct *task = current_task();
	struct dc_container container = {};
	struct dc_pending *p;
	struct dc_scratch *s;
	long size;

	if (!is_on_root(task, dentry, &container))
		return;
	s = begin_pending(task, DC_OP_SYMLINK, dentry, &p);
	if (!s)
		return;
	/* The kernel keeps it until the link is made. */
	size = bpf_probe_read_kernel_str(&s->tail[DC_PATH_MAX], DC_PATH_MAX, target);
	p->act.text.at = target;
	p->act.text.size = size > 1 ? size - 1 : 0;
	keep_pending(s, p);
}

/* Of a special file: its mode and, as user space writes it, its device. */
static __always_inline __u64 node_value(__u32 mode, __u32 device)
{
	__u32 major = device >> 20, minor = device & 0xfffff;

	return mode | (__u64)((minor & 0xff) | major << 8 | (minor & ~0xff) << 12) << 32;
}

static __always_inline void ask_change(struct dentry *dentry, struct iattr *attr)
{
	struct task_struct *task = current_task();
	struct inode *inode = BPF_CORE_READ(dentry, d_inode);
	__u64 value, before, uid, gid, thread = bpf_get_current_pid_tgid();
	struct dc_container container = {};
	struct dc_pending *p;
	struct dc_scratch *s;
	__u16 operation;
	__u32 valid;

	if (!is_on_root(task, dentry, &container))
		return;
	valid = BPF_CORE_READ(attr, ia_valid);
	if (valid & ATTR_SIZE) {
		/* Of an open, which waits for its end. */
		if (valid & ATTR_OPEN)
			return;
		operation = DC_OP_TRUNCATE;
		value = BPF_CORE_READ(attr, ia_size);
		before = BPF_CORE_READ(inode, i_size);
	} else if (valid & (ATTR_UID | ATTR_GID)) {
		operation = DC_OP_OWNER;
		uid = valid & ATTR_UID ? BPF_CORE_READ(attr, ia_uid.val) : (__u32)-1;
		gid = valid & ATTR_GID ? BPF_CORE_READ(attr, ia_gid.val) : (__u32)-1;
		value = uid << 32 | gid;
		before = (__u64)BPF_CORE_READ(inode, i_uid.val) << 32 |
			 BPF_CORE_READ(inode, i_gid.val);
	} else if (valid & ATTR_MODE && !(valid & ATTR_FORCE)) {
		operation = DC_OP_MODE;
		value = BPF_CORE_READ(attr, ia_mode) & ~S_IFMT;
		before = BPF_CORE_READ(inode, i_mode);
	} else {
		/* Times, or what the kernel takes away at a write. An open that waited has failed. */
		bpf_map_delete_elem(&pending, &thread);
		return;
	}
	s = begin_pending(task, operation, dentry, &p);
	if (!s)
		return;
	p->act.value = value;
	p->act.before = before;
	p->act.flags |= DC_FILE_EVENT_HAS_BEFORE;
	if (is_directory(dentry))
		p->act.flags |= DC_FILE_EVENT_DIRECTORY;
	keep_pending(s, p);
}

static __always_inline void ask_xattr(struct dentry *dentry, const char *name, __u16 operation)
{
	struct task_struct *task = current_task();
	struct dc_container container = {};
	struct dc_pending *p;
	struct dc_scratch *s;
	long size;

	if (!is_on_root(task, dentry, &container))
		return;
	s = begin_pending(task, operation, dentry, &p);
	if (!s)
		return;
	size = bpf_probe_read_kernel_str(p->name, sizeof(p->name), name);
	p->act.text.size = size > 1 ? size - 1 : 0;
	if (is_directory(dentry))
		p->act.flags |= DC_FILE_EVENT_DIRECTORY;
	keep_pending(s, p);
}

/* A file is about to be written to. Nothing tells how much of it succeeds. */
static __always_inline void ask_write(struct file *file, int mask)
{
	struct task_struct *task = current_task();
	struct dc_act act = {};

	if (!(mask & MAY_WRITE) || !may_act(task) ||
	    is_behind_another(file, path_of(file)))
		return;
	act.call = current_call(task);
	/* Said when it has happened. */
	if (act.call == FALLOCATE || writes_nothing(task, act.call) || !is_first_write(task, file, &act))
		return;
	report_act(task, &act, DC_SLOT_HOOK);
}

/* A file is about to be mapped. */
static __always_inline void ask_map(struct file *file, unsigned long prot, unsigned long flags)
{
	struct task_struct *task = current_task();
	struct dc_act act = {};

	if (!file || !(prot & PROT_WRITE) || flags & MAP_ANONYMOUS ||
	    ((flags & MAP_TYPE) != MAP_SHARED && (flags & MAP_TYPE) != MAP_SHARED_VALIDATE) ||
	    !may_act(task) || !(BPF_CORE_READ(file, f_mode) & FMODE_WRITE))
		return;
	act.call = current_call(task);
	act.value = (__u32)prot | (__u64)flags << 32;
	if (is_first_write(task, file, &act))
		report_act(task, &act, DC_SLOT_HOOK);
}

/* A mapping is about to become writable. */
static __always_inline void ask_protect(struct vm_area_struct *vma, unsigned long prot)
{
	struct task_struct *task = current_task();
	struct file *file = BPF_CORE_READ(vma, vm_file);
	struct dc_act act = {};

	if (!file || !(prot & PROT_WRITE) || !may_act(task) ||
	    (BPF_CORE_READ(vma, vm_flags) & (VM_SHARED | VM_MAYWRITE)) != (VM_SHARED | VM_MAYWRITE))
		return;
	act.call = current_call(task);
	act.value = (__u32)prot | (__u64)MAP_SHARED << 32;
	if (is_first_write(task, file, &act))
		report_act(task, &act, DC_SLOT_HOOK);
}

#endif
