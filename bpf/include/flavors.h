/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * One kernel type, several layouts. `struct x___tag` is CO-RE's way to write a variant of
 * `struct x`; what the running kernel does not have is never reached, because every use stands
 * behind an existence check that libbpf turns into a constant at load.
 */
#ifndef DRIFTCORE_FLAVORS_H
#define DRIFTCORE_FLAVORS_H

#include "vmlinux.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* Inode times: `struct timespec64 i_ctime` until 6.5, `__i_ctime` 6.6 to 6.10 (13bc24457850,
 * 12cd44023651), seconds and nanoseconds apart from 6.11 (3aa63a569c64). */
struct timespec64 {
	s64 tv_sec;
	long tv_nsec;
};

struct inode___time_before_6_6 {
	struct timespec64 i_mtime;
	struct timespec64 i_ctime;
};

struct inode___time_6_6 {
	struct timespec64 __i_mtime;
	struct timespec64 __i_ctime;
};

/* Two steps: 6.6 renamed only the ctime, 6.7 the other two. */
struct inode___time_6_11 {
	s64 i_mtime_sec;
	u32 i_mtime_nsec;
	s64 i_ctime_sec;
	u32 i_ctime_nsec;
};

/* Identity of a mount namespace that is never used twice: `seq` until 6.17, then `ns_id`. */
struct mnt_namespace___seq {
	u64 seq;
};

struct ns_common___id {
	u64 ns_id;
};

/* kernfs_node.parent became RCU-managed in 6.15 (633488947ef6). */
struct kernfs_node___parent {
	struct kernfs_node *parent;
};

struct kernfs_node___rcu_parent {
	struct kernfs_node *__parent;
};

/* task_struct.self_exec_id was 32 bits wide until 5.6 (d1e7fd6462ca). */
struct task_struct___exec_id_64 {
	u64 self_exec_id;
};

/* A set of capabilities was an array of two words until 6.3 (f122a08b197d). */
typedef struct {
	u32 cap[2];
} kernel_cap_t___words;

struct cred___cap_words {
	kernel_cap_t___words cap_inheritable;
	kernel_cap_t___words cap_permitted;
	kernel_cap_t___words cap_effective;
};

typedef struct {
	u64 val;
} kernel_cap_t___one;

struct cred___cap_one {
	kernel_cap_t___one cap_inheritable;
	kernel_cap_t___one cap_permitted;
	kernel_cap_t___one cap_effective;
};

/*
 * OverlayFS. `ovl_inode` embeds the VFS inode; the upper dentry follows it, then what leads to
 * the lower layers: `struct inode *lower` until 5.18, `struct ovl_path lowerpath` 5.19 to 6.4,
 * `struct ovl_entry *oe` from 6.5 (0af950f57fef).
 */
struct ovl_layer;

struct ovl_path {
	const struct ovl_layer *layer;
	struct dentry *dentry;
};

struct ovl_inode {
	unsigned long flags;
	struct inode vfs_inode;
	struct dentry *__upperdentry;
};

struct ovl_inode___lower {
	struct inode *lower;
};

struct ovl_inode___lowerpath {
	struct ovl_path lowerpath;
};

struct ovl_entry {
	unsigned int __numlower;
	struct ovl_path __lowerstack[0];
};

struct ovl_inode___oe {
	struct ovl_entry *oe;
};

/* Registers at a system call, by architecture. */
struct pt_regs___x86_64 {
	unsigned long bp;
	unsigned long bx;
	unsigned long r10;
	unsigned long r9;
	unsigned long r8;
	unsigned long cx;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax;
};

struct pt_regs___arm64 {
	u64 regs[31];
	u64 orig_x0;
	int syscallno;
};

/* What tells a 32-bit system call: on x86-64 of each call (`int 0x80` works in any program), on
 * arm64 of the whole program. */
struct thread_info___x86_64 {
	u32 status;
};

struct thread_info___arm64 {
	unsigned long flags;
};

struct task_struct___x86_64 {
	struct thread_info___x86_64 thread_info;
};

struct task_struct___arm64 {
	struct thread_info___arm64 thread_info;
};

/* From 6.5 what overlay maps is a file of the layer, with the path of the overlay beside it. */
struct backing_file {
	struct path user_path;
};

/* The task that a request of io_uring is from: `task` until 6.12, then by `tctx` (b6f58a3f4aa8). */
struct io_kiocb___task {
	struct task_struct *task;
};

struct io_uring_task {
	struct task_struct *task;
};

struct io_kiocb___tctx {
	struct io_uring_task *tctx;
};

/* The files that are registered with a ring: an array of words until 6.12, then of nodes
 * (3597f2786b68). The lowest three bits of the word are flags. */
struct io_fixed_file {
	unsigned long file_ptr;
};

struct io_file_table___files {
	struct io_fixed_file *files;
};

struct io_ring_ctx___files {
	struct io_file_table___files file_table;
	unsigned int nr_user_files;
};

struct io_rsrc_node {
	unsigned long file_ptr;
};

struct io_rsrc_data {
	unsigned int nr;
	struct io_rsrc_node **nodes;
};

struct io_file_table___nodes {
	struct io_rsrc_data data;
};

struct io_ring_ctx___nodes {
	struct io_file_table___nodes file_table;
};

/* Names in requests of io_uring: `struct filename *` until 6.19, then inside of a struct. */
struct delayed_filename {
	struct filename *__incomplete_filename;
};

struct io_open___delayed {
	struct delayed_filename filename;
};

struct io_rename___delayed {
	struct delayed_filename oldpath;
	struct delayed_filename newpath;
};

struct io_unlink___delayed {
	struct delayed_filename filename;
};

struct io_mkdir___delayed {
	struct delayed_filename filename;
};

struct io_link___delayed {
	struct delayed_filename oldpath;
	struct delayed_filename newpath;
};

struct io_xattr___delayed {
	struct delayed_filename filename;
};

/* Helpers that came after 5.10. */
enum bpf_func_id___later {
	BPF_FUNC_get_current_task_btf___later = 158, /* 5.11 */
	BPF_FUNC_task_pt_regs___later = 175, /* 5.15 */
	BPF_FUNC_find_vma___later = 180, /* 5.17 */
};

#pragma clang attribute pop

#endif
