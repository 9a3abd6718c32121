/* SPDX-License-Identifier: Apache-2.0 */
/* Calls on other things than files. Each is made by a child, which they may change. */
#include <linux/sched.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>

#define CHILD(...)                                                                                 \
	do {                                                                                       \
		pid_t child = must(fork(), "fork");                                                \
		if (!child) {                                                                      \
			__VA_ARGS__;                                                               \
			_exit(0);                                                                  \
		}                                                                                  \
		waitpid(child, NULL, 0);                                                           \
	} while (0)

static void connect_stdin(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);
	int server, client;

	/* A network namespace of its own has no loopback that is up; a datagram socket needs none. */
	server = must(socket(AF_INET, SOCK_DGRAM, 0), "socket");
	must(bind(server, (void *)&at, sizeof(at)), "bind");
	must(getsockname(server, (void *)&at, &size), "getsockname");
	client = must(socket(AF_INET, SOCK_DGRAM, 0), "socket");
	must(connect(client, (void *)&at, sizeof(at)), "connect");
	CALL(dup2, client, 0);
}

static void d_calls(void)
{
	/* x86-64 and arm64 have the numbers of headers; arguments are told apart by what is odd. */
	struct {
		uint32_t version;
		int pid;
	} head = {0x20080522, 0};
	struct {
		uint32_t effective, permitted, inheritable;
	} sets[2] = {{0x1, 0x3, 0}, {0}};

	must(mkdir("inside", 0755), "mkdir");
	CHILD(CALL(ptrace, PTRACE_TRACEME, 0, 0, 0));
	CHILD(CALL(memfd_create, "hidden", 1));
	CHILD(CALL(unshare, CLONE_NEWUTS));
	CHILD(CALL(setns, opened("/proc/self/ns/uts", O_RDONLY), CLONE_NEWUTS));
	CHILD(CALL(mount, "source", "inside", "tmpfs", MS_NOSUID, NULL));
	CHILD(CALL(umount2, "inside", MNT_DETACH));
	CHILD(CALL(chroot, "inside"));
	CHILD(CALL(capset, &head, sets));
	CHILD(CALL(setresuid, 7, 8, 9));
	CHILD(CALL(setuid, 1234));
	CHILD(CALL(kill, getpid(), 0));
	CHILD(syscall(SYS_bpf, 5, NULL, 0));
	CHILD(CALL(socket, AF_PACKET, SOCK_RAW, 0));
	CHILD(connect_stdin());
	/* On a page that is there: the call may fail before it brings it. */
	volatile char words[] = "words";

	CHILD(syscall(SYS_init_module, NULL, 4, words));
}
