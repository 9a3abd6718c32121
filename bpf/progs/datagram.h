/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * UDP, by programs of the unified hierarchy's root, which see the kernel's own copy of an address: what
 * is bound, and where the first datagram goes to. They look and never refuse: each returns 1.
 */
#include "../include/extract.h"
#include "../include/socket.h"

/* The host's own processes end here. */
static __always_inline struct task_struct *contained_task(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return may_be_contained_task(task) ? task : NULL;
}

static __always_inline void extract_around(struct task_struct *task, __u64 id,
					   const struct dc_container *container,
					   struct dc_socket_event *out)
{
	extract_actor(task, id, container->root_dev, &out->actor);
	out->cgroup_id = bpf_get_current_cgroup_id();
	out->net_ns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	out->protocol = IPPROTO_UDP;
}

/* To whom, as IPv4 where it is: whatever the form that the caller gave it in. */
static __always_inline void extract_reached(struct bpf_sock_addr *ctx, __u16 family,
					    struct dc_reached *out)
{
	out->port = (*(volatile __u32 *)&ctx->user_port);
	out->family = AF_INET;
	if (family == AF_INET) {
		out->remote[0] = *(volatile __u32 *)&ctx->user_ip4;
		return;
	}
	out->remote[0] = *(volatile __u32 *)&ctx->user_ip6[0];
	out->remote[1] = *(volatile __u32 *)&ctx->user_ip6[1];
	out->remote[2] = *(volatile __u32 *)&ctx->user_ip6[2];
	out->remote[3] = *(volatile __u32 *)&ctx->user_ip6[3];
	if (!out->remote[0] && !out->remote[1] && out->remote[2] == bpf_htonl(0xffff)) {
		out->remote[0] = out->remote[3];
		out->remote[2] = 0;
		out->remote[3] = 0;
	} else {
		out->family = AF_INET6;
	}
}

static __always_inline void report_reached(struct bpf_sock_addr *ctx, __u16 family, __u32 flags)
{
	struct dc_container container = {};
	struct dc_reached to = {};
	struct dc_socket_event *event;
	struct task_struct *task;
	struct bpf_sock *sk;
	__u64 id, now;
	__u8 said = 1;

	if (ctx->protocol != IPPROTO_UDP)
		return;
	task = contained_task();
	if (!task)
		return;
	extract_reached(ctx, family, &to);
	to.start_ns = leader_start(task);
	to.tgid = bpf_get_current_pid_tgid() >> 32;
	if (bpf_map_lookup_elem(&reached, &to))
		return;
	id = container_of_task(task, &container);
	now = bpf_ktime_get_boot_ns();
	if (!id || !may_emit(id, DC_KIND_SOCKET, now))
		return;
	event = begin_socket(DC_SOCKET_CONNECT, now);
	if (!event)
		return;
	extract_around(task, id, &container, event);
	event->family = to.family;
	event->flags = flags;
	event->remote_port = bpf_ntohs(to.port);
	__builtin_memcpy(event->remote, to.remote, sizeof(to.remote));
	sk = ctx->sk;
	if (sk) {
		__u32 *local = (__u32 *)event->local;

		event->local_port = sk->src_port;
		if (sk->family == AF_INET) {
			local[0] = sk->src_ip4;
		} else if (to.family == AF_INET6) {
			local[0] = sk->src_ip6[0];
			local[1] = sk->src_ip6[1];
			local[2] = sk->src_ip6[2];
			local[3] = sk->src_ip6[3];
		} else {
			/* Of an IPv4 address in the form of IPv6, what it ends with. */
			local[0] = sk->src_ip6[3];
		}
	}
	end_socket(event);
	bpf_map_update_elem(&reached, &to, &said, BPF_ANY);
}

SEC("cgroup/connect4")
int datagram__connect4(struct bpf_sock_addr *ctx)
{
	report_reached(ctx, AF_INET, 0);
	return 1;
}

SEC("cgroup/connect6")
int datagram__connect6(struct bpf_sock_addr *ctx)
{
	report_reached(ctx, AF_INET6, 0);
	return 1;
}

SEC("cgroup/sendmsg4")
int datagram__send4(struct bpf_sock_addr *ctx)
{
	report_reached(ctx, AF_INET, DC_SOCKET_DATAGRAM);
	return 1;
}

SEC("cgroup/sendmsg6")
int datagram__send6(struct bpf_sock_addr *ctx)
{
	report_reached(ctx, AF_INET6, DC_SOCKET_DATAGRAM);
	return 1;
}

/* Whether the caller leaves the port to the kernel: what is seen once the socket is bound does not
 * tell. */
static __always_inline void note_port(struct bpf_sock_addr *ctx)
{
	__u64 thread = bpf_get_current_pid_tgid();
	__u8 yes = 1;

	if (ctx->protocol != IPPROTO_UDP || !contained_task())
		return;
	if (ctx->user_port)
		bpf_map_delete_elem(&auto_ports, &thread);
	else
		bpf_map_update_elem(&auto_ports, &thread, &yes, BPF_ANY);
}

SEC("cgroup/bind4")
int datagram__bind4(struct bpf_sock_addr *ctx)
{
	note_port(ctx);
	return 1;
}

SEC("cgroup/bind6")
int datagram__bind6(struct bpf_sock_addr *ctx)
{
	note_port(ctx);
	return 1;
}

static __always_inline struct dc_socket_event *begin_bound(struct bpf_sock *ctx, __u16 family)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct dc_container container = {};
	struct dc_socket_event *event;
	struct task_struct *task;
	__u64 id, now;

	if (ctx->protocol != IPPROTO_UDP)
		return NULL;
	task = contained_task();
	if (!task)
		return NULL;
	id = container_of_task(task, &container);
	now = bpf_ktime_get_boot_ns();
	if (!id || !may_emit(id, DC_KIND_SOCKET, now))
		return NULL;
	event = begin_socket(DC_SOCKET_BIND, now);
	if (!event)
		return NULL;
	extract_around(task, id, &container, event);
	event->family = family;
	event->local_port = *(volatile __u32 *)&ctx->src_port;
	if (!bpf_map_delete_elem(&auto_ports, &thread))
		event->flags = DC_SOCKET_AUTO_PORT;
	return event;
}

SEC("cgroup/post_bind4")
int datagram__bound4(struct bpf_sock *ctx)
{
	struct dc_socket_event *event = begin_bound(ctx, AF_INET);

	if (event) {
		*(__u32 *)event->local = *(volatile __u32 *)&ctx->src_ip4;
		end_socket(event);
	}
	return 1;
}

SEC("cgroup/post_bind6")
int datagram__bound6(struct bpf_sock *ctx)
{
	struct dc_socket_event *event = begin_bound(ctx, AF_INET6);

	if (event) {
		__u32 *local = (__u32 *)event->local;

		local[0] = *(volatile __u32 *)&ctx->src_ip6[0];
		local[1] = *(volatile __u32 *)&ctx->src_ip6[1];
		local[2] = *(volatile __u32 *)&ctx->src_ip6[2];
		local[3] = *(volatile __u32 *)&ctx->src_ip6[3];
		end_socket(event);
	}
	return 1;
}
