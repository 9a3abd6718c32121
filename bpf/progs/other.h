/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Calls on other things than files, as far as rules ask for them: arguments and result at the exit, whether
 * it failed or not. Numbers are what the kernel took. Texts are read from the caller's memory, where another
 * thread may have written since.
 */
#include "../include/call.h"
#include "../include/emit_call.h"
#include "../include/handled.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10

/* A text of the caller's; marked where it cannot be read, or is longer than what is kept. */
static __always_inline void store_text(struct dc_scratch *s, __u64 address)
{
	__u32 end = *(volatile __u32 *)&s->end;
	long size;

	if (!address)
		return;
	if (end > DC_TAIL_SIZE - DC_PATH_MAX) {
		s->cut = 1;
		return;
	}
	size = bpf_probe_read_user_str(&s->tail[end], DC_PATH_MAX, (void *)address);
	if (size < 0 || size >= DC_PATH_MAX)
		s->cut = 1;
	if (size > 1)
		*(volatile __u32 *)&s->end = end + size - 1;
}

/* What a socket is, if the descriptor stands for one. */
static __always_inline void store_socket(struct dc_scratch *s, struct file *file)
{
	__u32 end = *(volatile __u32 *)&s->end;
	struct dc_call_socket found = {};
	struct socket *socket = socket_of(file);
	struct sock *sk;

	if (!socket || end > DC_TAIL_SIZE - sizeof(found))
		return;
	sk = BPF_CORE_READ(socket, sk);
	if (!sk)
		return;
	found.family = BPF_CORE_READ(sk, __sk_common.skc_family);
	found.protocol = BPF_CORE_READ(sk, sk_protocol);
	if (found.family == AF_INET || found.family == AF_INET6) {
		found.local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
		found.remote_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	} else {
		found.protocol = BPF_CORE_READ(socket, type);
	}
	if (found.family == AF_INET) {
		__be32 local = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
		__be32 remote = BPF_CORE_READ(sk, __sk_common.skc_daddr);

		__builtin_memcpy(found.local, &local, sizeof(local));
		__builtin_memcpy(found.remote, &remote, sizeof(remote));
	} else if (found.family == AF_INET6) {
		BPF_CORE_READ_INTO(&found.local, sk, __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8);
		BPF_CORE_READ_INTO(&found.remote, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr8);
	}
	if (!bpf_probe_read_kernel(&s->tail[end], sizeof(found), &found)) {
		*(volatile __u32 *)&s->end = end + sizeof(found);
		s->call.flags |= DC_CALL_HAS_SOCKET;
	}
}

/* Called at the exit of a call that is asked for. */
SEC("tp_btf/sys_exit")
int BPF_PROG(call__other, struct pt_regs *regs, long ret)
{
	struct task_struct *task = current_task();
	struct dc_called call = get_call(regs, 1);
	__u32 reads = call.class & ~DC_CLASS_CALL;
	struct dc_container container = {};
	__u64 now = bpf_ktime_get_boot_ns();
	__u64 id = container_of_task(task, &container);
	struct dc_scratch *s;
	__u32 begin = 0;

	if (!id)
		return 0;
	note_handled();
	if (!may_emit(id, DC_KIND_CALL, now))
		return 0;
	s = take_scratch(DC_SLOT_CALL);
	if (!s)
		return 0;
	begin_call(s, task, id, &container, now);
	s->call.call = call.number;
	s->call.result = ret;
	s->call.args[0] = call_argument_0(regs, call.compat);
	s->call.args[1] = call_argument_1(regs, call.compat);
	s->call.args[2] = call_argument_2(regs, call.compat);
	s->call.args[3] = call_argument_3(regs, call.compat);
	s->call.args[4] = call_argument_4(regs, call.compat);
	s->call.args[5] = call_argument_5(regs, call.compat);
	if (reads & DC_READS_FIRST)
		store_text(s, s->call.args[0]);
	begin = end_call_string(s, DC_CALL_STRING_FIRST, begin);
	if (reads & DC_READS_SECOND)
		store_text(s, s->call.args[1]);
	begin = end_call_string(s, DC_CALL_STRING_SECOND, begin);
	if (reads & DC_READS_THIRD)
		store_text(s, s->call.args[2]);
	else if (reads & DC_READS_SOCKET)
		store_socket(s, file_of(task, ret < 0 ? (__s32)s->call.args[0] : ret));
	begin = end_call_string(s, DC_CALL_STRING_THIRD, begin);
	if (reads & DC_READS_CAPABILITIES) {
		const struct cred *cred = BPF_CORE_READ(task, cred);

		s->call.args[3] = capabilities_inheritable(cred);
		s->call.args[4] = capabilities_permitted(cred);
		s->call.args[5] = capabilities_effective(cred);
	}
	emit_call(s);
	give_scratch(s);
	return 0;
}
