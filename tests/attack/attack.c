/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an attacker does that a shell cannot. The first argument names the deed; any other
 * first argument makes this a payload that ends at once.
 *
 * A deed that could not be done ends with status 70 and says why, so that a test never takes
 * a failed attack for a missed one.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FAILED 70

extern char **environ;

static void fail(const char *what, ...)
{
	int error = errno;
	va_list list;

	va_start(list, what);
	fprintf(stderr, "attack: ");
	vfprintf(stderr, what, list);
	fprintf(stderr, ": %s\n", strerror(error));
	va_end(list);
	_exit(FAILED);
}

static void need(int argc, int count, const char *usage)
{
	if (argc < count) {
		fprintf(stderr, "usage: attack %s\n", usage);
		_exit(FAILED);
	}
}

static void copy_to(int to, const char *source)
{
	char buffer[65536];
	ssize_t got;
	int from = open(source, O_RDONLY | O_CLOEXEC);

	if (from < 0)
		fail("open %s", source);
	while ((got = read(from, buffer, sizeof(buffer))) > 0) {
		if (write(to, buffer, got) != got)
			fail("write a copy of %s", source);
	}
	if (got < 0)
		fail("read %s", source);
	close(from);
}

static void copy(const char *source, const char *target)
{
	int to = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	if (to < 0)
		fail("create %s", target);
	copy_to(to, source);
	close(to);
}

/* Ends on SIGTERM, also as the first process of a pid namespace, which has no default action. */
static void on_term(int signal)
{
	(void)signal;
	_exit(0);
}

static void wait_forever(void)
{
	signal(SIGTERM, on_term);
	printf("up %d\n", getpid());
	fflush(stdout);
	for (;;)
		pause();
}

/* memfd NAME SOURCE ARGV...: run SOURCE out of an anonymous file. */
static void run_memfd(char **argv)
{
	int fd = memfd_create(argv[0], MFD_CLOEXEC);

	if (fd < 0)
		fail("memfd_create");
	copy_to(fd, argv[1]);
	syscall(SYS_execveat, fd, "", argv + 2, environ, AT_EMPTY_PATH);
	fail("execveat");
}

/* unlinked SOURCE COPY ARGV...: run COPY through its descriptor when its name is gone. */
static void run_unlinked(char **argv)
{
	char path[64];
	int fd;

	copy(argv[0], argv[1]);
	fd = open(argv[1], O_RDONLY);
	if (fd < 0)
		fail("open %s", argv[1]);
	if (unlink(argv[1]) < 0)
		fail("unlink %s", argv[1]);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	execv(path, argv + 2);
	fail("exec %s", path);
}

/* deep LENGTH SOURCE BASE ARGV...: run a copy of SOURCE whose path has LENGTH bytes. */
static void run_deep(char **argv)
{
	size_t left = strtoul(argv[0], NULL, 10);
	const char *source = argv[1];
	const char *base = argv[2];
	int from = open(source, O_RDONLY | O_CLOEXEC);
	char name[256];
	int to;

	if (from < 0)
		fail("open %s", source);
	if (left <= strlen(base) + 3) {
		errno = EINVAL;
		fail("length %zu", left);
	}
	left -= strlen(base);
	if (mkdir(base, 0755) < 0 && errno != EEXIST)
		fail("mkdir %s", base);
	if (chdir(base) < 0)
		fail("chdir %s", base);
	/* Every step takes a slash and a name; the last one is "/x". */
	while (left > 2) {
		size_t step = left - 2 > 201 ? 200 : left - 3;

		if (left - 2 > 201 && left - 2 - 201 < 2)
			step = 190;
		memset(name, 'd', step);
		name[step] = '\0';
		if (mkdir(name, 0755) < 0)
			fail("mkdir %s", name);
		if (chdir(name) < 0)
			fail("chdir %s", name);
		left -= step + 1;
	}
	to = open("x", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	if (to < 0)
		fail("create x");
	close(to);
	close(from);
	copy(source, "x");
	execv("./x", argv + 3);
	fail("exec ./x");
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		fail("open %s", path);
	if (write(fd, text, strlen(text)) < 0)
		fail("write %s", path);
	close(fd);
}

/*
 * inner HOW SOURCE BASE ARGV...: mount an overlay with a copy of SOURCE in its lower layer and
 * run it from there. HOW: "plain", "userns" (in a user namespace of one's own), "chroot"
 * (with the overlay as the root).
 */
static void run_inner(char **argv)
{
	const char *how = argv[0];
	const char *base = argv[2];
	char path[512];
	char options[1200];
	char map[64];
	const char *const parts[] = { "", "/a", "/b", "/m", NULL };

	for (int i = 0; parts[i]; i++) {
		snprintf(path, sizeof(path), "%s%s", base, parts[i]);
		if (mkdir(path, 0755) < 0)
			fail("mkdir %s", path);
	}
	snprintf(path, sizeof(path), "%s/b/inner-payload", base);
	copy(argv[1], path);
	if (!strcmp(how, "userns")) {
		unsigned int uid = getuid();
		unsigned int gid = getgid();

		if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
			fail("unshare");
		write_file("/proc/self/setgroups", "deny");
		snprintf(map, sizeof(map), "0 %u 1", uid);
		write_file("/proc/self/uid_map", map);
		snprintf(map, sizeof(map), "0 %u 1", gid);
		write_file("/proc/self/gid_map", map);
	}
	snprintf(options, sizeof(options), "lowerdir=%s/a:%s/b", base, base);
	snprintf(path, sizeof(path), "%s/m", base);
	if (mount("overlay", path, "overlay", 0, options) < 0)
		fail("mount overlay on %s with %s", path, options);
	if (!strcmp(how, "chroot")) {
		if (chroot(path) < 0 || chdir("/") < 0)
			fail("chroot %s", path);
		execv("/inner-payload", argv + 3);
	} else {
		snprintf(path, sizeof(path), "%s/m/inner-payload", base);
		execv(path, argv + 3);
	}
	fail("exec the inner payload");
}

static unsigned long long now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

/* One exec the cheap way: the child shares the parent's memory until it execs. */
static void spawn_stamped(const char *path, char **argv, char *stamp, size_t size)
{
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		if (stamp)
			snprintf(stamp, size, "%llu", now(CLOCK_REALTIME));
		execve(path, argv, environ);
		_exit(FAILED);
	}
	if (pid < 0)
		fail("vfork");
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			fail("waitpid");
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) == FAILED) {
		errno = ENOEXEC;
		fail("child %s, status %#x", path, status);
	}
}

static void spawn(const char *path, char **argv)
{
	spawn_stamped(path, argv, NULL, 0);
}

/*
 * storm COUNT WORKERS MARK PATH...: COUNT execs by WORKERS processes at once. The n-th exec of
 * worker w runs the (n mod paths)-th PATH with the arguments PATH, MARK, "w:n".
 */
static void storm(int argc, char **argv)
{
	long count = atol(argv[0]);
	long workers = atol(argv[1]);
	char *mark = argv[2];
	char **paths = argv + 3;
	int path_count = argc - 3;
	int status;

	if (workers < 1)
		workers = 1;
	for (long worker = 0; worker < workers; worker++) {
		pid_t pid = fork();

		if (pid < 0)
			fail("fork");
		if (pid > 0)
			continue;
		for (long n = 0; n < count / workers; n++) {
			char number[64];
			char *path = paths[n % path_count];
			char *child[] = { path, mark, number, NULL };

			snprintf(number, sizeof(number), "%ld:%ld", worker, n);
			spawn(path, child);
		}
		_exit(0);
	}
	for (long worker = 0; worker < workers; worker++) {
		if (wait(&status) < 0)
			fail("wait");
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			_exit(FAILED);
	}
	_exit(0);
}

/* loop COUNT PATH ARGS...: COUNT execs one after another; prints the nanoseconds they took. */
static void loop(char **argv)
{
	long count = atol(argv[0]);
	unsigned long long start = now(CLOCK_MONOTONIC);

	for (long n = 0; n < count; n++)
		spawn(argv[1], argv + 1);
	printf("%llu\n", now(CLOCK_MONOTONIC) - start);
	fflush(stdout);
	_exit(0);
}

/*
 * calls WHAT COUNT FILE: COUNT times getppid(), or open, read or write of a byte, close, of FILE, which
 * must be there; prints the nanoseconds they took.
 */
static void calls(char **argv)
{
	long count = atol(argv[1]);
	int writes = !strcmp(argv[0], "write");
	unsigned long long start = now(CLOCK_MONOTONIC);
	char byte = 'x';

	for (long n = 0; n < count; n++) {
		int fd;

		if (!strcmp(argv[0], "getppid")) {
			syscall(SYS_getppid);
			continue;
		}
		fd = open(argv[2], (writes ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
		if (fd < 0 || (writes ? write(fd, &byte, 1) : read(fd, &byte, 1)) != 1)
			fail("%s %s", argv[0], argv[2]);
		close(fd);
	}
	printf("%llu\n", now(CLOCK_MONOTONIC) - start);
	fflush(stdout);
	_exit(0);
}

/*
 * stamped COUNT GAP_US PATH MARK: COUNT execs, GAP_US apart, each with the arguments PATH,
 * MARK and CLOCK_REALTIME in nanoseconds just before the exec.
 */
static void stamped(char **argv)
{
	long count = atol(argv[0]);
	struct timespec gap = { .tv_nsec = atol(argv[1]) * 1000 };

	for (long n = 0; n < count; n++) {
		char stamp[32];
		char *child[] = { argv[2], argv[3], stamp, NULL };

		nanosleep(&gap, NULL);
		spawn_stamped(argv[2], child, stamp, sizeof(stamp));
	}
	_exit(0);
}

/* Makes, writes and removes a file over and over; each time is three operations. */
static unsigned long long flood_files(const char *path, unsigned long long until)
{
	unsigned long long count = 0;

	while (now(CLOCK_MONOTONIC) < until) {
		int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

		if (fd < 0 || write(fd, "x", 1) != 1 || close(fd) < 0 || unlink(path) < 0)
			fail("flood %s", path);
		count++;
	}
	return count;
}

/* Connects to itself over and over. */
static unsigned long long flood_connections(unsigned long long until)
{
	const struct linger at_once = {.l_onoff = 1};
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unsigned long long count = 0;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listener, (void *)&address, size) < 0 || listen(listener, 8) < 0 ||
	    getsockname(listener, (void *)&address, &size) < 0)
		fail("listen");
	while (now(CLOCK_MONOTONIC) < until) {
		int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		/* No port stays taken. */
		setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		if (connect(client, (void *)&address, sizeof(address)) < 0)
			fail("connect");
		close(accept(listener, NULL, NULL));
		close(client);
		count++;
	}
	return count;
}

/*
 * flood SECONDS FILE MARK: one process writes and another one connects as fast as they can. Prints
 * how often the one did its three operations on FILE, and the other connected.
 */
static void flood(char **argv)
{
	unsigned long long until = now(CLOCK_MONOTONIC) + atol(argv[0]) * 1000000000ULL;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (!pid) {
		printf("connections %llu\n", flood_connections(until));
		fflush(stdout);
		_exit(0);
	}
	printf("files %llu\n", flood_files(argv[1], until));
	fflush(stdout);
	if (waitpid(pid, &status, 0) < 0 || status)
		fail("the process that connects");
	_exit(0);
}

/* unlink-self: a program that removes its own file once it runs. */
static void unlink_self(void)
{
	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (length < 0)
		fail("readlink /proc/self/exe");
	path[length] = '\0';
	if (unlink(path) < 0)
		fail("unlink %s", path);
	_exit(0);
}

int main(int argc, char **argv)
{
	const char *deed = argc > 1 ? argv[1] : "";

	if (!strcmp(deed, "wait")) {
		wait_forever();
	} else if (!strcmp(deed, "pid")) {
		printf("%d\n", getpid());
	} else if (!strcmp(deed, "unlink-self")) {
		unlink_self();
	} else if (!strcmp(deed, "run")) {
		need(argc, 4, "run PATH ARGV...");
		execv(argv[2], argv + 3);
		fail("exec %s", argv[2]);
	} else if (!strcmp(deed, "memfd")) {
		need(argc, 5, "memfd NAME SOURCE ARGV...");
		run_memfd(argv + 2);
	} else if (!strcmp(deed, "unlinked")) {
		need(argc, 5, "unlinked SOURCE COPY ARGV...");
		run_unlinked(argv + 2);
	} else if (!strcmp(deed, "deep")) {
		need(argc, 6, "deep LENGTH SOURCE BASE ARGV...");
		run_deep(argv + 2);
	} else if (!strcmp(deed, "inner")) {
		need(argc, 6, "inner HOW SOURCE BASE ARGV...");
		run_inner(argv + 2);
	} else if (!strcmp(deed, "storm")) {
		need(argc, 6, "storm COUNT WORKERS MARK PATH...");
		storm(argc - 2, argv + 2);
	} else if (!strcmp(deed, "loop")) {
		need(argc, 4, "loop COUNT PATH ARGS...");
		loop(argv + 2);
	} else if (!strcmp(deed, "calls")) {
		need(argc, 5, "calls getppid|read|write COUNT FILE");
		calls(argv + 2);
	} else if (!strcmp(deed, "flood-files")) {
		need(argc, 5, "flood-files SECONDS FILE MARK");
		printf("%llu\n", flood_files(argv[3], now(CLOCK_MONOTONIC) +
							      atol(argv[2]) * 1000000000ULL));
	} else if (!strcmp(deed, "flood")) {
		need(argc, 5, "flood SECONDS FILE MARK");
		flood(argv + 2);
	} else if (!strcmp(deed, "stamped")) {
		need(argc, 6, "stamped COUNT GAP_US PATH MARK");
		stamped(argv + 2);
	}
	return 0;
}
