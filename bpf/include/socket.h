/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Socket events, built in one place for every program that sees a socket. */
#ifndef DRIFTCORE_SOCKET_H
#define DRIFTCORE_SOCKET_H

#include "emit.h"

#include <bpf/bpf_endian.h>

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17

static __always_inline bool is_socket_wanted(enum dc_socket_operation operation)
{
	const struct dc_settings *set = get_settings();

	return set && set->sockets & 1ULL << operation;
}

/* Room for one in the ring itself: a probe in an interrupt may meet another one at work anywhere
 * else. NULL, and counted, where there is none. */
static __always_inline struct dc_socket_event *begin_socket(__u16 operation, __u64 now)
{
	struct dc_socket_event *event = bpf_ringbuf_reserve(&bulk_ring, sizeof(*event), 0);

	if (!event) {
		count_loss(DC_LOSS_BULK_RING);
		return NULL;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->header.size = sizeof(*event);
	event->header.version = DC_WIRE_VERSION;
	event->header.kind = DC_KIND_SOCKET;
	event->header.boot_ns = now;
	event->operation = operation;
	event->call = DC_NO_CALL;
	return event;
}

static __always_inline void end_socket(struct dc_socket_event *event)
{
	bpf_ringbuf_submit(event, bulk_wakeup(event->header.boot_ns));
}

static __always_inline __u64 inode_of_socket(struct sock *sk)
{
	struct socket *socket = BPF_CORE_READ(sk, sk_socket);
	struct socket_alloc *both =
		(void *)socket - bpf_core_field_offset(struct socket_alloc, socket);

	return socket ? BPF_CORE_READ(both, vfs_inode.i_ino) : 0;
}

static __always_inline void extract_remote(struct sock *sk, __u8 *address, __u16 *port)
{
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET)
		BPF_CORE_READ_INTO((__u32 *)address, sk, __sk_common.skc_daddr);
	else if (bpf_core_field_exists(sk->__sk_common.skc_v6_daddr))
		BPF_CORE_READ_INTO((struct in6_addr *)address, sk, __sk_common.skc_v6_daddr);
	*port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
}

/* What the socket itself tells, but for its other end. */
static __always_inline void extract_socket(struct sock *sk, struct dc_socket_event *out)
{
	struct inet_sock *inet = (void *)sk;
	__u16 port = BPF_CORE_READ(sk, __sk_common.skc_num);

	out->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	out->protocol = BPF_CORE_READ(sk, sk_protocol);
	out->net_ns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	out->cookie = inode_of_socket(sk);
	if (out->family == AF_INET) {
		BPF_CORE_READ_INTO((__u32 *)out->local, sk, __sk_common.skc_rcv_saddr);
	} else if (bpf_core_field_exists(sk->__sk_common.skc_v6_rcv_saddr)) {
		BPF_CORE_READ_INTO((struct in6_addr *)out->local, sk,
				   __sk_common.skc_v6_rcv_saddr);
		if (!BPF_CORE_READ_BITFIELD_PROBED(sk, __sk_common.skc_ipv6only))
			out->flags |= DC_SOCKET_DUAL;
	}
	/* A port that was given back stands there still. */
	out->local_port = port ? port : bpf_ntohs(BPF_CORE_READ(inet, inet_sport));
}

#endif
