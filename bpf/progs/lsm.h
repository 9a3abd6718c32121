/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The LSM set: hooks that observe, and let everything pass. */
#include "../include/ask.h"
#include "../include/load.h"

#include <bpf/bpf_tracing.h>

/* Shows whether such programs are let in. */
SEC("lsm/file_open")
int lsm__trial(void *ctx)
{
	return 0;
}

SEC("lsm/file_open")
int BPF_PROG(lsm__open, struct file *file)
{
	ask_open(file);
	return 0;
}

SEC("lsm/inode_unlink")
int BPF_PROG(lsm__unlink, struct inode *dir, struct dentry *dentry)
{
	ask_remove(dentry, DC_OP_UNLINK);
	return 0;
}

SEC("lsm/inode_rmdir")
int BPF_PROG(lsm__rmdir, struct inode *dir, struct dentry *dentry)
{
	ask_remove(dentry, DC_OP_RMDIR);
	return 0;
}

SEC("lsm/inode_rename")
int BPF_PROG(lsm__rename, struct inode *old_dir, struct dentry *old)
{
	ask_rename(old);
	return 0;
}

SEC("lsm/inode_link")
int BPF_PROG(lsm__link, struct dentry *old, struct inode *dir, struct dentry *new)
{
	ask_link(old, new);
	return 0;
}

SEC("lsm/inode_symlink")
int BPF_PROG(lsm__symlink, struct inode *dir, struct dentry *dentry, const char *target)
{
	ask_symlink(dentry, target);
	return 0;
}

SEC("lsm/inode_mkdir")
int BPF_PROG(lsm__mkdir, struct inode *dir, struct dentry *dentry, unsigned short mode)
{
	ask_make(dentry, DC_OP_MKDIR, mode);
	return 0;
}

SEC("lsm/inode_mknod")
int BPF_PROG(lsm__mknod, struct inode *dir, struct dentry *dentry, unsigned short mode, __u32 dev)
{
	ask_make(dentry, DC_OP_MKNOD, node_value(mode, dev));
	return 0;
}

SEC("lsm/inode_create")
int BPF_PROG(lsm__create, struct inode *dir, struct dentry *dentry, unsigned short mode)
{
	ask_make(dentry, DC_OP_MKNOD, mode);
	return 0;
}

SEC("lsm/inode_setattr")
int lsm__change(__u64 *ctx)
{
	__u32 at = signatures[DC_FUNCTION_HOOK_CHANGE].object;

	ask_change((void *)context_word(ctx, at), (void *)context_word(ctx, at + 1));
	return 0;
}

SEC("lsm/file_permission")
int BPF_PROG(lsm__write, struct file *file, int mask)
{
	ask_write(file, mask);
	return 0;
}

SEC("lsm/mmap_file")
int BPF_PROG(lsm__map, struct file *file, unsigned long reqprot, unsigned long prot,
	     unsigned long flags)
{
	ask_map(file, reqprot, flags);
	return 0;
}

SEC("lsm/file_mprotect")
int BPF_PROG(lsm__protect, struct vm_area_struct *vma, unsigned long reqprot, unsigned long prot)
{
	ask_protect(vma, prot);
	return 0;
}

SEC("lsm/file_mprotect")
int BPF_PROG(lsm__protect_code, struct vm_area_struct *vma, unsigned long reqprot)
{
	tell_protected(vma, reqprot);
	return 0;
}
