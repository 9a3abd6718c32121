/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What is done to files through io_uring, for the tracepoint set. A task without a ring never comes here.
 *
 * Not every kernel says enough of a request: where these are not loaded, a ring that a container's
 * process makes is reported instead (uring__create).
 */
#include "../include/emit_call.h"
#include "../include/uring.h"

#include <bpf/bpf_tracing.h>

/* Whether the file that an open brought has the last name that was asked for. Where not, it may have been
 * found by a symlink, or be another one that has taken its descriptor since. */
static __always_inline bool has_name(struct file *file, const struct dc_entry *entry)
{
	struct dentry *dentry = path_of(file).dentry;
	__u64 name[4] = {}, asked[4] = {};
	__u32 end = entry->string[0].size;
	long size = bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(dentry, d_name.name));
	__u32 begin = end - size;

	/* What is longer than 31 bytes is not compared. */
	if (size < 2 || size >= (long)sizeof(name))
		return size >= (long)sizeof(name);
	if (begin >= DC_PATH_MAX)
		return false;
	bpf_probe_read_kernel_str(asked, sizeof(asked), &entry->string[0].bytes[begin]);
	return name[0] == asked[0] && name[1] == asked[1] && name[2] == asked[2] &&
	       name[3] == asked[3];
}

/* Fills in an open: from the file that it brought, or, where that is gone already, from its name. */
static __always_inline void fill_ring_open(struct task_struct *task, struct io_kiocb *req,
					   const struct dc_request *request, bool completes,
					   struct dc_act *act)
{
	const struct dc_entry *entry = &request->entry;
	__u64 flags = argument(entry, 2);
	struct file *file = NULL;

	if (completes && !request->slot)
		file = file_of(task, act->result);
	else if (completes && (__u32)request->slot == IORING_FILE_INDEX_ALLOC)
		file = fixed_file(req, act->result);
	else if (completes)
		file = fixed_file(req, request->slot - 1);
	if (file && has_name(file, entry)) {
		forget_written(task, file);
		fill_open(file, flags, act);
		return;
	}
	act->flags |= DC_FILE_EVENT_UNPROVED;
	act->operation = flags & O_CREAT			 ? DC_OP_CREATE :
			 flags & (O_ACCMODE | O_TRUNC) ? DC_OP_OPEN :
							 DC_OP_READ;
	act->value = flags;
	act->place = place_at(entry, 0);
}

/* Fills in what a request with names has done. */
static __always_inline void fill_ring_names(struct task_struct *task, struct io_kiocb *req,
					    __u8 opcode, struct dc_request *request, bool completes,
					    struct dc_act *act)
{
	struct dc_entry *entry = &request->entry;
	const struct dc_shape *shape = shape_of(ring_class(opcode));

	if (!shape)
		return;
	if (opcode == IORING_OP_FSETXATTR) {
		struct dc_path path = path_of(file_of_request(task, req, completes));

		entry->mnt[0] = (__u64)path.mnt;
		entry->dentry[0] = (__u64)path.dentry;
	} else if (completes &&
		   (base_differs(task, entry, 0, argument(entry, shape->dir)) ||
		    (shape->old_name != DC_ARG_NONE &&
		     base_differs(task, entry, 1, argument(entry, shape->old_dir))))) {
		act->flags |= DC_FILE_EVENT_UNPROVED;
	}
	fill_act(task, shape, entry, act);
}

/* Reports a request with names: what it came to, or, where nobody will be told of that, that it was made. */
static __always_inline void report_named(struct task_struct *task, struct io_kiocb *req,
					 __u8 opcode, bool completes)
{
	__u64 key = (__u64)req;
	struct dc_request *request = bpf_map_lookup_elem(&requests, &key);
	struct dc_container *container;
	struct dc_act act = {.call = DC_NO_CALL};

	if (!request)
		return;
	container = bpf_map_lookup_elem(&containers, &request->container);
	if (completes)
		act.result = BPF_CORE_READ(req, cqe.res);
	else
		act.flags = DC_FILE_EVENT_UNPROVED;
	if (!container || act.result < 0)
		goto forget;
	if (ring_opens(opcode))
		fill_ring_open(task, req, request, completes, &act);
	else
		fill_ring_names(task, req, opcode, request, completes, &act);
	/* From memory that the verifier does not follow: to it, all acts are one from here on. */
	request->entry.act = act;
	barrier();
	report_act_of(task, &request->entry.act, request->container, container, DC_ACTOR_IO_URING,
		      DC_SLOT_URING);
forget:
	bpf_map_delete_elem(&requests, &key);
}

/* Reports the first write to an open file, or a change of its size. */
static __always_inline void report_written(struct task_struct *task, struct io_kiocb *req,
					   __u8 opcode, bool completes)
{
	struct file *file = file_of_request(task, req, completes);
	struct dc_container container = {};
	struct dc_act act = {.call = DC_NO_CALL};
	__u64 id;

	if (completes)
		act.result = BPF_CORE_READ(req, cqe.res);
	else
		act.flags = DC_FILE_EVENT_UNPROVED;
	if (!file || act.result < 0)
		return;
	if (opcode == IORING_OP_FALLOCATE || opcode == IORING_OP_FTRUNCATE) {
		act.place.path = path_of(file);
		act.file = act.place.path.dentry;
		act.operation = DC_OP_ALLOCATE;
		act.value = (__u32)BPF_CORE_READ((struct io_sync *)req, mode);
		if (opcode == IORING_OP_FTRUNCATE) {
			act.operation = DC_OP_TRUNCATE;
			act.value = 0;
			if (bpf_core_field_exists(struct io_ftrunc, len))
				act.value = BPF_CORE_READ((struct io_ftrunc *)req, len);
		}
	} else if ((completes && !act.result) || !is_first_write(task, file, &act)) {
		return;
	}
	id = container_of_task(task, &container);
	if (id)
		report_act_of(task, &act, id, &container, DC_ACTOR_IO_URING, DC_SLOT_URING);
}

/* A request, with all that it asks for, before it is begun. */
static __always_inline int submitted(struct io_kiocb *req)
{
	struct task_struct *task = current_task();
	__u8 opcode = BPF_CORE_READ(req, opcode);
	bool skips = BPF_CORE_READ(req, flags) & REQ_F_CQE_SKIP;
	__u32 class = ring_class(opcode);
	const struct dc_shape *shape = shape_of(class);
	struct dc_container container = {};
	struct dc_request *request;
	__u64 key = (__u64)req;
	struct dc_scratch *s;
	__u64 id, flags;

	if (!class && !ring_opens(opcode) && !(skips && ring_writes(opcode)))
		return 0;
	if (!may_be_contained(task) || is_handled())
		return 0;
	if (ring_writes(opcode)) {
		report_written(task, req, opcode, false);
		note_handled();
		return 0;
	}
	id = container_of_task(task, &container);
	if (!id)
		return 0;
	s = take_scratch(DC_SLOT_URING);
	if (!s)
		return 0;
	request = (void *)s->tail;
	request->container = id;
	read_request(req, opcode, request);
	if (shape && opcode != IORING_OP_FSETXATTR) {
		place_name(task, &request->entry, 0, argument(&request->entry, shape->dir));
		if (shape->old_name != DC_ARG_NONE)
			place_name(task, &request->entry, 1,
				   argument(&request->entry, shape->old_dir));
	} else if (!shape) {
		place_name(task, &request->entry, 0, argument(&request->entry, 0));
	}
	flags = argument(&request->entry, 2);
	if (ring_opens(opcode) && !is_wanted(DC_OP_READ) &&
	    !(flags & (O_ACCMODE | O_CREAT | O_TRUNC | O_TMPFILE_BIT))) {
		give_scratch(s);
		return 0;
	}
	if (bpf_map_update_elem(&requests, &key, request, BPF_ANY))
		count_loss(DC_LOSS_SCRATCH);
	note_handled();
	give_scratch(s);
	if (skips)
		report_named(task, req, opcode, false);
	return 0;
}

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(uring__submit, struct io_kiocb *req)
{
	return submitted(req);
}

/* What it was called until 6.2; the same arguments, and one more. */
SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(uring__submit_sqe, struct io_kiocb *req)
{
	return submitted(req);
}

/* Runs in the thread that submitted it, in one that works for it, or in one of the kernel's. */
SEC("tp_btf/io_uring_complete")
int BPF_PROG(uring__complete, void *ring, struct io_kiocb *req)
{
	struct task_struct *task;
	__u8 opcode;

	if (!req)
		return 0;
	opcode = BPF_CORE_READ(req, opcode);
	if (ring_writes(opcode)) {
		task = task_of_request(req);
		if (may_be_contained_task(task) && !is_handled()) {
			report_written(task, req, opcode, true);
			note_handled();
		}
	} else if (ring_opens(opcode) || ring_class(opcode)) {
		/* What was asked for is gone when a copy comes to it. */
		report_named(task_of_request(req), req, opcode, true);
	}
	return 0;
}

SEC("tp_btf/io_uring_create")
int BPF_PROG(uring__create, int fd)
{
	struct task_struct *task = current_task();
	struct dc_container container = {};
	__u64 now = bpf_ktime_get_boot_ns();
	struct dc_scratch *s;
	__u64 id;

	if (!may_be_contained(task))
		return 0;
	id = container_of_task(task, &container);
	if (!id || is_handled())
		return 0;
	note_handled();
	if (!may_emit(id, DC_KIND_CALL, now))
		return 0;
	s = take_scratch(DC_SLOT_URING);
	if (!s)
		return 0;
	begin_call(s, task, id, &container, now);
	s->call.call = DC_CALL_IO_URING_SETUP;
	s->call.result = fd;
	s->call.flags = DC_CALL_UNSEEN_RING;
	emit_call(s);
	give_scratch(s);
	return 0;
}
