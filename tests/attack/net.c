/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done with sockets: `net MARK DEED...`, several deeds one after the other. The mark is for
 * whoever looks for the process.
 *
 *   listen ADDRESS PORT      a TCP socket that listens; of IPv6, it takes IPv4 too
 *   listen-v6 ADDRESS PORT   one that does not
 *   connect ADDRESS PORT     a TCP connection; that must be made
 *   bind ADDRESS PORT        a UDP socket with an address
 *   send ADDRESS PORT        a datagram from a socket that is not connected: always the same one
 *   reach ADDRESS PORT       a UDP socket that is connected there, and a datagram over it
 *   accept ADDRESS PORT      listens, connects to itself, and takes that connection
 *   refused ADDRESS PORT     a TCP connection that must be refused
 *   unbound                  a TCP socket that listens and was never bound; says its port
 *   unbound-v6               the same of IPv6
 *   unix PATH                a connection to a Unix socket; that must be made
 *   unix-own PATH            a Unix socket there, and a connection to it
 *   nap                      a second of rest
 *   share                    a child that holds the same sockets, and stays
 *   hold                     says `ready` and stays
 *   read PATH                reads a file: what is no deed at all
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FAILED 200

static void need(int good, const char *what)
{
	if (!good) {
		fprintf(stderr, "net: %s: %s\n", what, strerror(errno));
		_exit(FAILED);
	}
}

struct place {
	struct sockaddr_storage address;
	socklen_t size;
};

static struct place place(const char *address, const char *port)
{
	struct place place = {0};
	struct sockaddr_in *v4 = (void *)&place.address;
	struct sockaddr_in6 *v6 = (void *)&place.address;

	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(atoi(port));
		place.size = sizeof(*v4);
	} else {
		need(inet_pton(AF_INET6, address, &v6->sin6_addr) == 1, address);
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(atoi(port));
		place.size = sizeof(*v6);
	}
	return place;
}

static int bound(int type, const struct place *at, int only)
{
	int on = 1;
	int fd = socket(at->address.ss_family, type | SOCK_CLOEXEC, 0);

	need(fd >= 0, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (at->address.ss_family == AF_INET6)
		need(!setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)), "v6only");
	need(!bind(fd, (const void *)&at->address, at->size), "bind");
	return fd;
}

static int reached(const struct place *at)
{
	int fd = socket(at->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	need(fd >= 0, "socket");
	return connect(fd, (const void *)&at->address, at->size) ? errno : 0;
}

/* The kernel chooses the port. */
static void listen_unbound(int family)
{
	struct sockaddr_storage own;
	socklen_t size = sizeof(own);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	need(fd >= 0 && !listen(fd, 8), "listen");
	need(!getsockname(fd, (void *)&own, &size), "getsockname");
	/* It stands at the same place in both. */
	printf("%d\n", ntohs(((struct sockaddr_in *)&own)->sin_port));
	fflush(stdout);
}

static void connect_unix(const char *path, int own)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strncpy(to.sun_path, path, sizeof(to.sun_path) - 1);
	if (own) {
		int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		need(!bind(server, (void *)&to, sizeof(to)) && !listen(server, 8), "listen");
	}
	need(!connect(fd, (void *)&to, sizeof(to)), "connect");
}

int main(int argc, char **argv)
{
	int sender = -1;

	for (int at = 2; at < argc; at++) {
		const char *deed = argv[at];
		struct place to;

		if (!strcmp(deed, "hold")) {
			puts("ready");
			fflush(stdout);
			for (;;)
				pause();
		}
		if (!strcmp(deed, "unbound") || !strcmp(deed, "unbound-v6")) {
			listen_unbound(deed[7] ? AF_INET6 : AF_INET);
			continue;
		}
		if (!strcmp(deed, "unix") || !strcmp(deed, "unix-own")) {
			need(at + 1 < argc, "usage");
			connect_unix(argv[++at], deed[4] != 0);
			continue;
		}
		if (!strcmp(deed, "nap")) {
			sleep(1);
			continue;
		}
		if (!strcmp(deed, "share")) {
			pid_t child = fork();

			need(child >= 0, "fork");
			while (!child)
				pause();
			continue;
		}
		if (!strcmp(deed, "read")) {
			need(at + 1 < argc && open(argv[++at], O_RDONLY) >= 0, "read");
			continue;
		}
		need(at + 2 < argc, "usage");
		to = place(argv[at + 1], argv[at + 2]);
		at += 2;
		if (!strcmp(deed, "listen")) {
			need(!listen(bound(SOCK_STREAM, &to, 0), 8), "listen");
		} else if (!strcmp(deed, "listen-v6")) {
			need(!listen(bound(SOCK_STREAM, &to, 1), 8), "listen");
		} else if (!strcmp(deed, "bind")) {
			bound(SOCK_DGRAM, &to, 0);
		} else if (!strcmp(deed, "connect")) {
			errno = reached(&to);
			need(!errno, "connect");
		} else if (!strcmp(deed, "accept")) {
			int server = bound(SOCK_STREAM, &to, 0);

			need(!listen(server, 8), "listen");
			errno = reached(&to);
			need(!errno, "connect");
			need(accept4(server, NULL, NULL, SOCK_CLOEXEC) >= 0, "accept");
		} else if (!strcmp(deed, "refused")) {
			errno = reached(&to);
			need(errno == ECONNREFUSED, "connect");
		} else if (!strcmp(deed, "reach")) {
			int fd = socket(to.address.ss_family, SOCK_DGRAM, 0);

			need(!connect(fd, (void *)&to.address, to.size), "connect");
			need(send(fd, "x", 1, 0) == 1, "send");
		} else if (!strcmp(deed, "send")) {
			if (sender < 0)
				sender = socket(to.address.ss_family, SOCK_DGRAM, 0);
			need(sendto(sender, "x", 1, 0, (void *)&to.address, to.size) == 1, "sendto");
		} else {
			need(0, deed);
		}
	}
	return 0;
}
