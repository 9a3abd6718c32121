/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * TCP: who listens and who connects. The tracepoint runs where a socket changes its state, which is
 * seldom, and puts no system call on a slower path. Only where a socket begins to listen or to connect
 * is the current task the one that asked for it: what comes later comes in any context, so that the
 * process is remembered by its socket.
 */
#include "../include/extract.h"
#include "../include/handled.h"
#include "../include/socket.h"

#include <bpf/bpf_tracing.h>

#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_SYN_RECV 3
#define TCP_CLOSE 7
#define TCP_LISTEN 10

#define EINPROGRESS 115
#define ECANCELED 125

static __always_inline void report_listen(struct task_struct *task, struct sock *sk, __u64 id,
					  const struct dc_container *container, __u64 now)
{
	struct dc_socket_event *event = begin_socket(DC_SOCKET_LISTEN, now);

	if (!event)
		return;
	extract_actor(task, id, container->root_dev, &event->actor);
	extract_socket(sk, event);
	/* A socket that nobody bound gets its port after this. */
	if (!event->local_port)
		event->flags |= DC_SOCKET_AUTO_PORT;
	event->cgroup_id = bpf_get_current_cgroup_id();
	end_socket(event);
}

static __always_inline void report_connect(struct sock *sk, const struct dc_connecting *begun,
					   __s64 result, __u64 now)
{
	struct dc_socket_event *event = begin_socket(DC_SOCKET_CONNECT, now);

	if (!event)
		return;
	event->actor = begun->actor;
	event->cgroup_id = begun->cgroup_id;
	event->remote_port = begun->remote_port;
	__builtin_memcpy(event->remote, begun->remote, sizeof(event->remote));
	event->result = result;
	extract_socket(sk, event);
	event->flags &= ~DC_SOCKET_DUAL;
	end_socket(event);
}

static __always_inline void remember_connect(struct task_struct *task, struct sock *sk, __u64 id,
					     const struct dc_container *container, __u64 now)
{
	struct dc_connecting begun = {.began_ns = now};
	__u64 key = (__u64)sk;

	extract_actor(task, id, container->root_dev, &begun.actor);
	begun.cgroup_id = bpf_get_current_cgroup_id();
	extract_remote(sk, begun.remote, &begun.remote_port);
	if (bpf_map_update_elem(&connecting, &key, &begun, BPF_ANY))
		report_connect(sk, &begun, -EINPROGRESS, now);
}

/* The result of a connection that was begun. Two processors may bring it at once: whoever takes the
 * entry out says it. */
static __always_inline void end_connect(struct sock *sk, int state)
{
	__u64 key = (__u64)sk;
	struct dc_connecting *found = bpf_map_lookup_elem(&connecting, &key);
	struct dc_connecting begun;
	__s64 result = 0;

	if (!found)
		return;
	begun = *found;
	if (bpf_map_delete_elem(&connecting, &key))
		return;
	if (state == TCP_CLOSE) {
		int error = BPF_CORE_READ(sk, sk_err);

		/* Without one, it was given up before an answer came. */
		result = error ? -error : -ECANCELED;
	}
	report_connect(sk, &begun, result, bpf_ktime_get_boot_ns());
}

/*
 * What ends a connection may come in an interrupt, while this probe is at work for a socket of the task that
 * is interrupted: the kernel leaves the probe out then. So it has a second copy on any kernel. An end that was
 * said is taken out of the table; what begins is no interrupt's.
 */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(network__state, const struct sock *socket, int old, int new)
{
	struct sock *sk = (struct sock *)socket;
	struct dc_container container = {};
	struct task_struct *task;
	__u64 id, now;

	if (old == TCP_SYN_SENT || old == TCP_SYN_RECV) {
		if (new == TCP_ESTABLISHED || new == TCP_CLOSE)
			end_connect(sk, new);
		return 0;
	}
	/* Only where tasks preempt probes can the first one have been left out. */
	if (this_copy && copies == 1)
		return 0;
	if (new == TCP_LISTEN ? !is_socket_wanted(DC_SOCKET_LISTEN) :
				new != TCP_SYN_SENT || !is_socket_wanted(DC_SOCKET_CONNECT))
		return 0;
	task = current_task();
	/* MPTCP says the same of its subflow, which is TCP. */
	if (!may_be_contained(task) || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP ||
	    is_handled())
		return 0;
	note_handled();
	id = container_of_task(task, &container);
	now = bpf_ktime_get_boot_ns();
	if (!id || !may_emit(id, DC_KIND_SOCKET, now))
		return 0;
	if (new == TCP_LISTEN)
		report_listen(task, sk, id, &container, now);
	else
		remember_connect(task, sk, id, &container, now);
	return 0;
}
