/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways to make a watcher see another file than the one that is meant:
 *
 *   evade DEED DIR [MARK]     in DIR, which has image, other, dir/inner, empty/ of the image
 *
 * Ends with 70 and a word when the deed could not be done.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define TURNS 40
/* Padding in the header of an ELF file. */
#define PADDING 15

extern char **environ;
static const char *mark;

static long must(long result, const char *what)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "evade: %s: %s\n", what, strerror(errno));
	_exit(70);
}

static char *text(const char *format, ...)
{
	va_list list;
	char *out;

	va_start(list, format);
	if (vasprintf(&out, format, list) < 0)
		_exit(70);
	va_end(list);
	return out;
}

static int opened(const char *path, int flags)
{
	return must(open(path, flags | O_CLOEXEC, 0600), path);
}

static void put(const char *path, const char *content)
{
	int fd = opened(path, O_WRONLY);

	must(write(fd, content, strlen(content)), path);
	close(fd);
}

/* A copy of the payload that is another file. */
static void drop(const char *path)
{
	int from = opened("/opt/payload", O_RDONLY);
	int to = must(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755), path);
	char buffer[65536];
	ssize_t got;

	while ((got = must(read(from, buffer, sizeof(buffer)), "payload")) > 0)
		must(write(to, buffer, got), path);
	must(write(to, "dropped", 7), path);
	close(from);
	close(to);
}

static void run(const char *path, const char *what)
{
	char *argv[] = {(char *)path, (char *)what, NULL};
	int status;
	pid_t pid = must(fork(), "fork");

	if (!pid) {
		execve(path, argv, environ);
		_exit(70);
	}
	must(waitpid(pid, &status, 0), "waitpid");
	if (status) {
		errno = ENOEXEC;
		must(-1, path);
	}
}

static volatile int done;

/* Makes "link" lead to one directory and to the other. */
static void *swap(void *unused)
{
	(void)unused;
	while (!done) {
		must(renameat2(AT_FDCWD, "link", AT_FDCWD, "knil", RENAME_EXCHANGE), "exchange");
		usleep(100);
	}
	return NULL;
}

/* What each call did is on standard output, found out when nobody swaps any more. */
static void d_swap(void)
{
	pthread_t thread;
	char target[4096];

	must(mkdir("a", 0755), "a");
	must(mkdir("b", 0755), "b");
	close(opened("a/f", O_WRONLY | O_CREAT));
	close(opened("b/f", O_WRONLY | O_CREAT));
	must(symlink("a", "link"), "link");
	must(symlink("b", "knil"), "knil");
	if (pthread_create(&thread, NULL, swap, NULL))
		_exit(70);
	for (int turn = 0; turn < TURNS; turn++) {
		int fd = opened("link/f", O_RDWR);
		ssize_t size = must(readlink(text("/proc/self/fd/%d", fd), target, sizeof(target)),
				    "readlink");

		printf("open %.*s\n", (int)size, target);
		close(fd);
		must(setxattr("link/f", text("user.n%d", turn), "v", 1, 0), "setxattr");
		must(mkdir(text("link/m%d", turn), 0755), "mkdir");
		usleep(300);
	}
	done = 1;
	pthread_join(thread, NULL);
	for (int turn = 0; turn < TURNS; turn++) {
		int in_a = getxattr("a/f", text("user.n%d", turn), target, sizeof(target)) >= 0;
		int made_in_a = !access(text("a/m%d", turn), F_OK);

		printf("attribute %s/f\nmade %s/m%d\n", in_a ? "a" : "b", made_in_a ? "a" : "b", turn);
	}
}

static void d_chain(void)
{
	const char *last = "image";

	for (int link = 0; link < 12; link++) {
		char *name = text("l%d", link);

		must(symlink(link % 2 ? text("/deeds/chain/%s", last) : last, name), name);
		last = name;
	}
	close(opened(last, O_WRONLY));
	must(chmod(last, 0600), "chmod");
}

static void d_magic(void)
{
	close(opened("/proc/self/root/deeds/magic/image", O_WRONLY));
	must(chmod("/proc/self/root/proc/thread-self/root/deeds/magic/image", 0600), "chmod");
	must(unlink("/proc/self/root/deeds/magic/other"), "unlink");
	must(chmod("/proc/self/cwd/dir/inner", 0600), "chmod");
}

static void private(void)
{
	must(unshare(CLONE_NEWNS), "unshare");
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
}

/* The directory becomes the root. */
static void d_pivot(void)
{
	private();
	must(mount("dir", "dir", NULL, MS_BIND, NULL), "bind");
	must(chdir("dir"), "dir");
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(umount2(".", MNT_DETACH), "umount");
	must(chdir("/"), "/");
	close(opened("/new", O_WRONLY | O_CREAT));
	must(unlink("/inner"), "unlink");
}

/* A name that stands for something else in the namespace that others see. */
static void d_namespace(void)
{
	private();
	close(opened("new", O_WRONLY | O_CREAT));
	must(mount("tmpfs", "dir", "tmpfs", 0, NULL), "tmpfs");
	close(opened("dir/inner", O_WRONLY | O_CREAT));
	must(unlink("dir/inner"), "unlink");
}

static void d_user(void)
{
	must(unshare(CLONE_NEWUSER), "unshare");
	put("/proc/self/setgroups", "deny");
	put("/proc/self/uid_map", "7 0 1");
	put("/proc/self/gid_map", "8 0 1");
	close(opened("new", O_WRONLY | O_CREAT));
	must(chmod("new", 0755), "chmod");
}

static void d_deleted(void)
{
	int fd = opened("dir/inner", O_RDWR);

	must(unlink("dir/inner"), "unlink");
	must(rmdir("dir"), "rmdir");
	must(write(fd, "x", 1), "write");
	must(fchmod(fd, 0700), "fchmod");
}

static void d_in_root(void)
{
	uint64_t how[3] = {O_WRONLY | O_CLOEXEC, 0, 0x10 /* RESOLVE_IN_ROOT */};

	must(syscall(SYS_openat2, opened("dir", O_DIRECTORY), "/../../inner", how, sizeof(how)),
	     "openat2");
}

/* A dropped file lies over a file of the image. */
static void d_bind(void)
{
	drop("dropped");
	must(mount("dropped", "/opt/p9", NULL, MS_BIND, NULL), "bind");
	run("/opt/p9", mark);
	must(umount("/opt/p9"), "umount");
}

static void d_execveat(void)
{
	char *argv[] = {"nothing", (char *)mark, NULL};

	drop("dropped");
	must(syscall(SYS_execveat, opened("dropped", O_RDONLY), "", argv, environ, AT_EMPTY_PATH),
	     "execveat");
}

static char *map(const char *path, int *fd)
{
	char *at;

	*fd = opened(path, O_RDWR);
	at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	if (at == MAP_FAILED)
		must(-1, "mmap");
	return at;
}

/* Written through a mapping after it was judged. */
static void d_mapped(void)
{
	char *at;
	int fd;

	at = map("/opt/p1", &fd);
	at[PADDING] ^= 1;
	munmap(at, 4096);
	close(fd);
	run("/opt/p1", mark);
}

/* Written back through a mapping that is still there, before anybody could compare. */
static void d_mapped_back(void)
{
	char *at;
	int fd;

	must(chmod("/opt/p2", 0711), "chmod");
	at = map("/opt/p2", &fd);
	at[PADDING] ^= 1;
	/* The mapping alone does not keep an overlay file from being run. */
	close(fd);
	run("/opt/p2", mark);
	at[PADDING] ^= 1;
}

static const struct {
	const char *name;
	void (*deed)(void);
} DEEDS[] = {
#define DEED(name) {#name, d_##name}
	DEED(swap), DEED(chain), DEED(magic), DEED(pivot), DEED(namespace), DEED(user), DEED(deleted),
	DEED(in_root), DEED(bind), DEED(execveat), DEED(mapped), DEED(mapped_back),
};

int main(int argc, char **argv)
{
	if (argc < 3)
		return 70;
	umask(0);
	mark = argc > 3 ? argv[3] : "";
	must(chdir(argv[2]), argv[2]);
	for (size_t i = 0; i < sizeof(DEEDS) / sizeof(DEEDS[0]); i++) {
		if (!strcmp(DEEDS[i].name, argv[1])) {
			DEEDS[i].deed();
			fflush(stdout);
			return 0;
		}
	}
	fprintf(stderr, "no deed %s\n", argv[1]);
	return 70;
}
