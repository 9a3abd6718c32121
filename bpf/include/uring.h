/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Requests of io_uring: what is done to files with no system call of its own.
 *
 * A request that names files is looked at when it is submitted: the kernel has copied its names by then,
 * and no other thread can change them. What it comes to is known when it completes. One that writes to an
 * open file is looked at when it completes, by that file.
 */
#ifndef DRIFTCORE_URING_H
#define DRIFTCORE_URING_H

#include "entry.h"
#include "written.h"

/* enum io_uring_op */
#define IORING_OP_WRITEV 2
#define IORING_OP_WRITE_FIXED 5
#define IORING_OP_FALLOCATE 17
#define IORING_OP_OPENAT 18
#define IORING_OP_WRITE 23
#define IORING_OP_OPENAT2 28
#define IORING_OP_SPLICE 30
#define IORING_OP_RENAMEAT 35
#define IORING_OP_UNLINKAT 36
#define IORING_OP_MKDIRAT 37
#define IORING_OP_SYMLINKAT 38
#define IORING_OP_LINKAT 39
#define IORING_OP_FSETXATTR 41
#define IORING_OP_SETXATTR 42
#define IORING_OP_FTRUNCATE 55
#define IORING_OP_WRITEV_FIXED 61

/* io_kiocb.flags: the bits of the submission */
#define REQ_F_FIXED_FILE (1 << 0)
#define REQ_F_CQE_SKIP (1 << 6)

/* io_open.file_slot: any free one, which the result tells */
#define IORING_FILE_INDEX_ALLOC 0xffffffff
#define FIXED_FILE_FLAGS 7UL

/* A request that names files or an attribute, from its submission on. */
struct dc_request {
	__u64 container;
	__u64 slot; /* of an open: where the file goes; 0: a descriptor is returned */
	struct dc_entry entry;
};

/* Requests at work, by their address. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct dc_request);
} requests SEC(".maps");

static __always_inline bool ring_opens(__u8 opcode)
{
	return opcode == IORING_OP_OPENAT || opcode == IORING_OP_OPENAT2;
}

/* Writes to an open file, or changes its size. */
static __always_inline bool ring_writes(__u8 opcode)
{
	switch (opcode) {
	case IORING_OP_WRITEV:
	case IORING_OP_WRITE_FIXED:
	case IORING_OP_WRITE:
	case IORING_OP_WRITEV_FIXED:
	case IORING_OP_SPLICE:
	case IORING_OP_FALLOCATE:
	case IORING_OP_FTRUNCATE:
		return true;
	}
	return false;
}

/* The class of the system call that does the same; 0 where that names nothing. */
static __always_inline __u32 ring_class(__u8 opcode)
{
	switch (opcode) {
	case IORING_OP_RENAMEAT:
		return DC_CLASS_RENAMEAT2;
	case IORING_OP_UNLINKAT:
		return DC_CLASS_UNLINKAT;
	case IORING_OP_MKDIRAT:
		return DC_CLASS_MKDIRAT;
	case IORING_OP_SYMLINKAT:
		return DC_CLASS_SYMLINKAT;
	case IORING_OP_LINKAT:
		return DC_CLASS_LINKAT;
	case IORING_OP_SETXATTR:
		return DC_CLASS_SETXATTR;
	case IORING_OP_FSETXATTR:
		return DC_CLASS_FSETXATTR;
	}
	return 0;
}

static __always_inline struct task_struct *task_of_request(struct io_kiocb *req)
{
	if (bpf_core_field_exists(struct io_kiocb___tctx, tctx) &&
	    !bpf_core_field_exists(struct io_kiocb___task, task))
		return BPF_CORE_READ((struct io_kiocb___tctx *)req, tctx, task);
	return BPF_CORE_READ((struct io_kiocb___task *)req, task);
}

/* A file that is registered with the request's ring. */
static __always_inline struct file *fixed_file(struct io_kiocb *req, __u32 index)
{
	struct io_ring_ctx *ring = BPF_CORE_READ(req, ctx);
	unsigned long word = 0;

	if (bpf_core_field_exists(struct io_ring_ctx___nodes, file_table.data)) {
		struct io_ring_ctx___nodes *r = (void *)ring;
		struct io_rsrc_node **nodes = BPF_CORE_READ(r, file_table.data.nodes);
		struct io_rsrc_node *node = NULL;

		if (index >= BPF_CORE_READ(r, file_table.data.nr))
			return NULL;
		bpf_probe_read_kernel(&node, sizeof(node), &nodes[index]);
		word = BPF_CORE_READ(node, file_ptr);
	} else {
		struct io_ring_ctx___files *r = (void *)ring;
		struct io_fixed_file *files = BPF_CORE_READ(r, file_table.files);

		if (index >= BPF_CORE_READ(r, nr_user_files))
			return NULL;
		bpf_probe_read_kernel(&word, sizeof(word),
				      (void *)files + index * bpf_core_type_size(struct io_fixed_file));
	}
	return (void *)(word & ~FIXED_FILE_FLAGS);
}

/* The open file that a request is about. While it is submitted, it may not have been looked up. */
static __always_inline struct file *file_of_request(struct task_struct *task,
						    struct io_kiocb *req, bool completes)
{
	if (completes)
		return BPF_CORE_READ(req, file);
	if (BPF_CORE_READ(req, flags) & REQ_F_FIXED_FILE)
		return fixed_file(req, BPF_CORE_READ(req, cqe.fd));
	return file_of(task, BPF_CORE_READ(req, cqe.fd));
}

/* The kernel's copy of a name. */
static __always_inline void copy_name(struct dc_entry *entry, __u32 which, const char *name)
{
	struct dc_user_string *string = &entry->string[which];
	long size = 1;

	string->bytes[0] = 0;
	if (name)
		size = bpf_probe_read_kernel_str(string->bytes, DC_PATH_MAX, name);
	if (size < 0 || size > DC_PATH_MAX)
		size = 0;
	string->size = size;
}

/* What a name is relative to at this moment. */
static __always_inline struct dc_path base_of(struct task_struct *task,
					      const struct dc_entry *entry, __u32 which, int dir)
{
	struct dc_path base = {};

	if (entry->string[which].bytes[0] == '/') {
		base.mnt = BPF_CORE_READ(task, fs, root.mnt);
		base.dentry = BPF_CORE_READ(task, fs, root.dentry);
	} else if (dir == AT_FDCWD) {
		base.mnt = BPF_CORE_READ(task, fs, pwd.mnt);
		base.dentry = BPF_CORE_READ(task, fs, pwd.dentry);
	} else {
		struct file *file = file_of(task, dir);

		base.mnt = BPF_CORE_READ(file, f_path.mnt);
		base.dentry = BPF_CORE_READ(file, f_path.dentry);
	}
	return base;
}

/* Fills in what a name is relative to. */
static __always_inline void place_name(struct task_struct *task, struct dc_entry *entry,
				       __u32 which, int dir)
{
	struct dc_path base = base_of(task, entry, which, dir);

	entry->mnt[which] = (__u64)base.mnt;
	entry->dentry[which] = (__u64)base.dentry;
}

static __always_inline bool base_differs(struct task_struct *task, const struct dc_entry *entry,
					 __u32 which, int dir)
{
	struct dc_path base = base_of(task, entry, which, dir);

	return entry->mnt[which] != (__u64)base.mnt || entry->dentry[which] != (__u64)base.dentry;
}

/* A member of a request that is a name. */
#define NAME_IN(req, type, member)                                                                 \
	(bpf_core_field_exists(struct type##___delayed, member) ?                                  \
		 BPF_CORE_READ((struct type##___delayed *)(req), member.__incomplete_filename,      \
			       name) :                                                             \
		 BPF_CORE_READ((struct type *)(req), member, name))

/* What a request asks for, in the places where the system call of its class has it (shape.h). */
static __always_inline void read_request(struct io_kiocb *req, __u8 opcode,
					 struct dc_request *request)
{
	struct dc_entry *entry = &request->entry;
	const char *name = NULL, *other = NULL;
	struct io_xattr *xattr;

	__builtin_memset(entry, 0, __builtin_offsetof(struct dc_entry, string));
	entry->args[DC_ARG_CWD] = AT_FDCWD;
	request->slot = 0;
	switch (opcode) {
	case IORING_OP_OPENAT:
	case IORING_OP_OPENAT2:
		entry->args[0] = BPF_CORE_READ((struct io_open *)req, dfd);
		entry->args[2] = BPF_CORE_READ((struct io_open *)req, how.flags);
		request->slot = BPF_CORE_READ((struct io_open *)req, file_slot);
		name = NAME_IN(req, io_open, filename);
		break;
	case IORING_OP_RENAMEAT:
		entry->args[0] = BPF_CORE_READ((struct io_rename *)req, old_dfd);
		entry->args[2] = BPF_CORE_READ((struct io_rename *)req, new_dfd);
		entry->args[4] = BPF_CORE_READ((struct io_rename *)req, flags);
		other = NAME_IN(req, io_rename, oldpath);
		name = NAME_IN(req, io_rename, newpath);
		break;
	case IORING_OP_UNLINKAT:
		entry->args[0] = BPF_CORE_READ((struct io_unlink *)req, dfd);
		entry->args[2] = BPF_CORE_READ((struct io_unlink *)req, flags);
		name = NAME_IN(req, io_unlink, filename);
		break;
	case IORING_OP_MKDIRAT:
		entry->args[0] = BPF_CORE_READ((struct io_mkdir *)req, dfd);
		entry->args[2] = BPF_CORE_READ((struct io_mkdir *)req, mode);
		name = NAME_IN(req, io_mkdir, filename);
		break;
	case IORING_OP_SYMLINKAT:
		entry->args[1] = BPF_CORE_READ((struct io_link *)req, new_dfd);
		other = NAME_IN(req, io_link, oldpath);
		name = NAME_IN(req, io_link, newpath);
		break;
	case IORING_OP_LINKAT:
		entry->args[0] = BPF_CORE_READ((struct io_link *)req, old_dfd);
		entry->args[2] = BPF_CORE_READ((struct io_link *)req, new_dfd);
		entry->args[4] = BPF_CORE_READ((struct io_link *)req, flags);
		other = NAME_IN(req, io_link, oldpath);
		name = NAME_IN(req, io_link, newpath);
		break;
	case IORING_OP_SETXATTR:
		name = NAME_IN(req, io_xattr, filename);
		/* fallthrough */
	case IORING_OP_FSETXATTR:
		xattr = (void *)req;
		other = (void *)BPF_CORE_READ(xattr, ctx.kname);
		break;
	}
	copy_name(entry, 0, name);
	copy_name(entry, 1, other);
}

#endif
