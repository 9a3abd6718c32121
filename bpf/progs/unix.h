/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Unix sockets that lead out of a container, as far as that is asked for: a connection to a socket that
 * was bound to its name in another mount namespace, on another filesystem than the container's root.
 * Taken from the socket that the connection was made to, whatever name the caller gave: the path is the
 * one under which it was bound.
 */
#include "../include/call.h"
#include "../include/emit.h"
#include "../include/handled.h"
#include "../include/socket.h"

#include <bpf/bpf_tracing.h>

/* Whether a socket with this name is another one's than the task's container's. */
static __always_inline bool is_outside(struct task_struct *task, struct vfsmount *mnt,
				       struct dentry *dentry, const struct dc_container *container)
{
	struct mount *mount = mount_of(mnt);

	return BPF_CORE_READ(dentry, d_sb, s_dev) != container->root_dev &&
	       BPF_CORE_READ(mount, mnt_ns, ns.inum) !=
		       BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
}

/* Called at the exit of a connect() that succeeded. */
SEC("tp_btf/sys_exit")
int BPF_PROG(call__unix, struct pt_regs *regs, long ret)
{
	struct task_struct *task = current_task();
	struct dc_called call = get_call(regs, 1);
	struct socket *socket = socket_of(file_of(task, (__s32)call_argument_0(regs, call.compat)));
	struct dc_container container = {};
	__u64 now = bpf_ktime_get_boot_ns();
	struct unix_sock *peer;
	struct vfsmount *mnt;
	struct dentry *dentry;
	struct dc_scratch *s;
	struct sock *sk;
	__u64 id;

	if (!socket || !bpf_core_field_exists(struct unix_sock, peer))
		return 0;
	sk = BPF_CORE_READ(socket, sk);
	if (BPF_CORE_READ(sk, __sk_common.skc_family) != AF_UNIX)
		return 0;
	peer = (void *)BPF_CORE_READ((struct unix_sock *)sk, peer);
	mnt = BPF_CORE_READ(peer, path.mnt);
	dentry = BPF_CORE_READ(peer, path.dentry);
	if (!mnt || !dentry)
		return 0;
	id = container_of_task(task, &container);
	if (!id || !is_outside(task, mnt, dentry, &container))
		return 0;
	note_handled();
	if (!may_emit(id, DC_KIND_SOCKET, now))
		return 0;
	s = take_scratch(DC_SLOT_CALL);
	if (!s)
		return 0;
	__builtin_memset(&s->socket, 0, sizeof(s->socket));
	begin_record(s, &s->socket.header, DC_KIND_SOCKET, now);
	extract_actor(task, id, container.root_dev, &s->socket.actor);
	s->socket.operation = DC_SOCKET_CONNECT;
	s->socket.call = call.number;
	s->socket.family = AF_UNIX;
	s->socket.protocol = BPF_CORE_READ(socket, type);
	s->socket.cookie = inode_of_socket(sk);
	s->socket.cgroup_id = bpf_get_current_cgroup_id();
	s->socket.net_ns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	store_path(s, mnt, dentry, 0);
	end_string(s, &s->socket.string_size[DC_SOCKET_STRING_REMOTE], &s->socket.flags,
		   DC_SOCKET_CUT, 0);
	emit_bulk(&s->socket, end_record(s, &s->socket.header, sizeof(s->socket)), now);
	give_scratch(s);
	return 0;
}
