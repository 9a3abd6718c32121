/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The fentry set: what the kernel asks its security modules, seen at the functions that ask, and the
 * ends of the functions that do it. The LSM set shares the ends. */
#include "../include/ask.h"
#include "../include/load.h"

#include <bpf/bpf_tracing.h>

/* Shows whether such programs are let in. */
SEC("fentry/security_file_open")
int vfs__trial(void *ctx)
{
	return 0;
}

SEC("fentry/security_file_open")
int BPF_PROG(vfs__open, struct file *file)
{
	ask_open(file);
	return 0;
}

SEC("fentry/security_inode_unlink")
int BPF_PROG(vfs__unlink, struct inode *dir, struct dentry *dentry)
{
	ask_remove(dentry, DC_OP_UNLINK);
	return 0;
}

SEC("fentry/security_inode_rmdir")
int BPF_PROG(vfs__rmdir, struct inode *dir, struct dentry *dentry)
{
	ask_remove(dentry, DC_OP_RMDIR);
	return 0;
}

SEC("fentry/security_inode_rename")
int BPF_PROG(vfs__rename, struct inode *old_dir, struct dentry *old)
{
	ask_rename(old);
	return 0;
}

SEC("fentry/security_inode_link")
int BPF_PROG(vfs__link, struct dentry *old, struct inode *dir, struct dentry *new)
{
	ask_link(old, new);
	return 0;
}

SEC("fentry/security_inode_symlink")
int BPF_PROG(vfs__symlink, struct inode *dir, struct dentry *dentry, const char *target)
{
	ask_symlink(dentry, target);
	return 0;
}

SEC("fentry/security_inode_mkdir")
int BPF_PROG(vfs__mkdir, struct inode *dir, struct dentry *dentry, unsigned short mode)
{
	ask_make(dentry, DC_OP_MKDIR, mode);
	return 0;
}

SEC("fentry/security_inode_mknod")
int BPF_PROG(vfs__mknod, struct inode *dir, struct dentry *dentry, unsigned short mode, __u32 dev)
{
	ask_make(dentry, DC_OP_MKNOD, node_value(mode, dev));
	return 0;
}

/* A regular file by mknod(). An open that makes one is seen as such. */
SEC("fentry/security_inode_create")
int BPF_PROG(vfs__create, struct inode *dir, struct dentry *dentry, unsigned short mode)
{
	ask_make(dentry, DC_OP_MKNOD, mode);
	return 0;
}

SEC("fentry/security_inode_setattr")
int vfs__change(__u64 *ctx)
{
	__u32 at = signatures[DC_FUNCTION_ASK_CHANGE].object;

	ask_change((void *)context_word(ctx, at), (void *)context_word(ctx, at + 1));
	return 0;
}

/* Not a hook of the LSM: a program there would stand in for the kernel's own check of capabilities. */
SEC("fentry/security_inode_setxattr")
int vfs__set_xattr(__u64 *ctx)
{
	__u32 at = signatures[DC_FUNCTION_ASK_SET_XATTR].object;

	ask_xattr((void *)context_word(ctx, at), (void *)context_word(ctx, at + 1),
		  DC_OP_SET_XATTR);
	return 0;
}

SEC("fentry/security_inode_removexattr")
int vfs__remove_xattr(__u64 *ctx)
{
	__u32 at = signatures[DC_FUNCTION_ASK_REMOVE_XATTR].object;

	ask_xattr((void *)context_word(ctx, at), (void *)context_word(ctx, at + 1),
		  DC_OP_REMOVE_XATTR);
	return 0;
}

SEC("fentry/security_file_permission")
int BPF_PROG(vfs__write, struct file *file, int mask)
{
	ask_write(file, mask);
	return 0;
}

SEC("fentry/security_mmap_file")
int BPF_PROG(vfs__map, struct file *file, unsigned long prot, unsigned long flags)
{
	ask_map(file, prot, flags);
	return 0;
}

SEC("fentry/security_file_mprotect")
int BPF_PROG(vfs__protect, struct vm_area_struct *vma, unsigned long reqprot, unsigned long prot)
{
	ask_protect(vma, prot);
	return 0;
}

SEC("fentry/security_file_mprotect")
int BPF_PROG(vfs__protect_code, struct vm_area_struct *vma, unsigned long reqprot)
{
	tell_protected(vma, reqprot);
	return 0;
}

#define END(name, target, function)                                                                \
	SEC("fexit/" target)                                                                       \
	int name(__u64 *ctx)                                                                       \
	{                                                                                          \
		confirm(ctx, function, context_word(ctx, signatures[function].object));            \
		return 0;                                                                          \
	}

END(vfs__unlink_end, "vfs_unlink", DC_FUNCTION_UNLINK)
END(vfs__link_end, "vfs_link", DC_FUNCTION_LINK)
END(vfs__symlink_end, "vfs_symlink", DC_FUNCTION_SYMLINK)
END(vfs__mkdir_end, "vfs_mkdir", DC_FUNCTION_MKDIR)
END(vfs__mknod_end, "vfs_mknod", DC_FUNCTION_MKNOD)
END(vfs__create_end, "vfs_create", DC_FUNCTION_CREATE)
END(vfs__change_end, "notify_change", DC_FUNCTION_CHANGE)
END(vfs__set_xattr_end, "vfs_setxattr", DC_FUNCTION_SET_XATTR)
END(vfs__remove_xattr_end, "vfs_removexattr", DC_FUNCTION_REMOVE_XATTR)
#undef END

SEC("fexit/do_dentry_open")
int vfs__open_end(__u64 *ctx)
{
	struct file *file = (void *)context_word(ctx, signatures[DC_FUNCTION_OPEN].object);

	if (may_wait(file))
		confirm(ctx, DC_FUNCTION_OPEN, (__u64)file);
	return 0;
}

/* Compilers split vfs_rmdir(), and what calls the greater part of it is not seen at its end. Its last
 * deed is this one, when it has succeeded. */
SEC("fentry/d_delete")
int BPF_PROG(vfs__rmdir_end, struct dentry *dentry)
{
	confirm_removed(dentry);
	return 0;
}

SEC("fentry/fd_install")
int BPF_PROG(vfs__opened, unsigned int fd, struct file *file)
{
	confirm_open(fd, file);
	return 0;
}

SEC("fentry/fd_install")
int BPF_PROG(vfs__script, unsigned int fd, struct file *file)
{
	if (file->f_mode & (FMODE_WRITE | FMODE_CREATED))
		tell_writer(file);
	else
		tell_script(fd, file);
	return 0;
}

SEC("fexit/vm_mmap_pgoff")
int BPF_PROG(vfs__mapped, struct file *file, unsigned long addr, unsigned long size,
	     unsigned long prot, unsigned long flags, unsigned long offset, unsigned long result)
{
	tell_mapped(file, prot, flags, result);
	return 0;
}

SEC("fexit/vfs_rename")
int vfs__rename_end(__u64 *ctx)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct dentry *old;
	__u32 flags;

	if (bpf_core_type_exists(struct renamedata)) {
		struct renamedata *data = (void *)ctx[0];

		old = BPF_CORE_READ(data, old_dentry);
		flags = BPF_CORE_READ(data, flags);
	} else {
		/* Before 5.12 they are arguments. */
		old = (void *)context_word(ctx, 1);
		flags = context_word(ctx, 5);
	}

	struct dc_pending *p = bpf_map_lookup_elem(&pending, &thread);

	if (p && p->object == (__u64)old) {
		p->act.value = flags;
		if (p->act.value & RENAME_EXCHANGE)
			p->act.operation = DC_OP_EXCHANGE;
	}
	confirm(ctx, DC_FUNCTION_RENAME, (__u64)old);
	return 0;
}

SEC("fexit/vfs_fallocate")
int BPF_PROG(vfs__allocate_end, struct file *file, int mode, long long offset, long long length,
	     int result)
{
	struct task_struct *task = current_task();
	struct dc_act act = {.operation = DC_OP_ALLOCATE, .value = (__u32)mode};
	struct dc_path path = path_of(file);

	if (result < 0 || !may_act(task) || is_behind_another(file, path) || is_handled())
		return 0;
	act.place.path = path;
	act.file = path.dentry;
	act.call = current_call(task);
	report_act(task, &act, DC_SLOT_HOOK);
	note_handled();
	return 0;
}
