/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One deed on files, in a container of its own or on the host.
 *
 *   deeds box DIR DEED     mounts an overlay in a mount namespace of its own, below DIR
 *   deeds host DIR DEED    does the same in DIR
 *   deeds in DIR DEED      does the same in DIR, where all that it finds is there already
 *
 * Ends with 0 when the deed was done, with 77 where this kernel does not have it, with 70 and a
 * word when it failed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_setxattrat
#define SYS_setxattrat 463
#define SYS_removexattrat 466
#endif

static long must(long result, const char *what)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	/* Overlay has no unnamed files before 6.3. */
	_exit(errno == ENOSYS || errno == EOPNOTSUPP ? 77 : 70);
}

#define CALL(name, ...) must(syscall(SYS_##name, __VA_ARGS__), #name)

static void make(const char *path, mode_t mode)
{
	int fd = must(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode), path);

	must(write(fd, "content", 7), path);
	close(fd);
}

/* What the deeds find. */
static void furnish(void)
{
	make("image", 0644);
	make("other", 0644);
	must(mkdir("dir", 0755), "dir");
	make("dir/inner", 0644);
	must(mkdir("empty", 0755), "empty");
	must(mkdir("proc", 0755), "proc");
	must(mkdir("volume", 0755), "volume");
}

static char *text(const char *format, const char *directory)
{
	char *out;

	if (asprintf(&out, format, directory, directory, directory) < 0)
		_exit(70);
	return out;
}

static void enter_box(const char *base)
{
	must(unshare(CLONE_NEWNS), "unshare");
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
	must(mount("tmpfs", base, "tmpfs", 0, NULL), "tmpfs");
	must(chdir(base), "chdir");
	must(mkdir("lower", 0755), "lower");
	must(mkdir("upper", 0755), "upper");
	must(mkdir("work", 0755), "work");
	must(mkdir("root", 0755), "root");
	must(chdir("lower"), "chdir lower");
	furnish();
	/* File handles need an index. */
	must(mount("overlay", text("%s/root", base), "overlay", 0,
		   text("index=on,nfs_export=on,lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work",
			base)),
	     "overlay");
	must(chdir(text("%s/root", base)), "chdir root");
	must(mount("proc", "proc", "proc", 0, NULL), "proc");
	must(mount("tmpfs", "volume", "tmpfs", 0, NULL), "volume");
	must(chroot("."), "chroot");
	must(chdir("/"), "chdir /");
}

static int opened(const char *path, int flags)
{
	return CALL(openat, AT_FDCWD, path, flags, 0644);
}

static void d_read(void)
{
	char buffer[16];
	int fd = opened("image", O_RDONLY);

	must(read(fd, buffer, sizeof(buffer)), "read");
	close(fd);
	must(access("image", R_OK), "access");
}

static void d_fail(void)
{
	if (unlink("missing") == 0 || rename("missing", "new") == 0 ||
	    open("missing", O_WRONLY) >= 0 || mkdir("dir", 0755) == 0 || chmod("missing", 0700) == 0)
		_exit(70);
}

static void d_creat(void) { CALL(creat, "new", 0600); }
static void d_open(void) { CALL(open, "image", O_WRONLY, 0); }
static void d_openat(void) { CALL(openat, opened("dir", O_DIRECTORY), "new", O_RDWR | O_CREAT, 0600); }
static void d_create_read(void) { CALL(openat, AT_FDCWD, "new", O_RDONLY | O_CREAT | O_EXCL, 0600); }
static void d_truncating(void) { CALL(openat, AT_FDCWD, "image", O_WRONLY | O_TRUNC, 0); }

static void d_openat2(void)
{
	uint64_t how[3] = {O_WRONLY | O_CREAT | O_TRUNC, 0600, 0};

	CALL(openat2, AT_FDCWD, "new", how, sizeof(how));
}

static void d_handle(void)
{
	struct {
		struct file_handle head;
		unsigned char bytes[128];
	} handle = {.head.handle_bytes = 128};
	int mount_id, root = opened(".", O_DIRECTORY);

	must(name_to_handle_at(AT_FDCWD, "image", &handle.head, &mount_id, 0), "name_to_handle_at");
	CALL(open_by_handle_at, root, &handle, O_WRONLY);
}

static void d_symlinks(void)
{
	int fd;

	must(symlink("image", "one"), "symlink");
	must(symlink("/proc/self/root/one", "two"), "symlink");
	fd = opened("two", O_WRONLY);
	close(fd);
}

static void d_write(void)
{
	int fd = opened("image", O_RDWR);

	for (int i = 0; i < 5; i++)
		CALL(write, fd, "x", 1);
	close(fd);
	/* Another open file, likely at the same address. */
	fd = opened("image", O_RDWR);
	CALL(pwrite64, fd, "x", 1, 0);
	CALL(write, fd, "", 0);
}

static void d_write_nothing(void) { CALL(write, opened("image", O_WRONLY), "", 0); }

static void d_write_forked(void)
{
	int status, fd = opened("image", O_WRONLY);
	pid_t child;

	CALL(write, fd, "x", 1);
	child = fork();
	if (!child) {
		CALL(write, fd, "y", 1);
		CALL(write, fd, "y", 1);
		_exit(0);
	}
	waitpid(child, &status, 0);
	CALL(write, fd, "z", 1);
}

static struct iovec one = {"x", 1};

static void d_writev(void) { CALL(writev, opened("image", O_WRONLY), &one, 1); }
static void d_pwritev(void) { CALL(pwritev, opened("image", O_WRONLY), &one, 1, 0, 0); }
static void d_pwritev2(void) { CALL(pwritev2, opened("image", O_WRONLY), &one, 1, 0, 0, 0); }

static void d_sendfile(void)
{
	int to = opened("image", O_WRONLY);

	CALL(sendfile, to, opened("other", O_RDONLY), NULL, 7);
}

static void d_splice(void)
{
	int to = opened("image", O_WRONLY);
	int pipes[2];

	must(pipe(pipes), "pipe");
	CALL(write, pipes[1], "xyz", 3);
	CALL(splice, pipes[0], NULL, to, NULL, 3, 0);
}

static void d_copy_range(void)
{
	int to = opened("image", O_WRONLY);

	CALL(copy_file_range, opened("other", O_RDONLY), NULL, to, NULL, 7, 0);
}

static void *map(int prot, int flags, int fd)
{
	void *at = mmap(NULL, 4096, prot, flags, fd, 0);

	if (at == MAP_FAILED)
		must(-1, "mmap");
	return at;
}

static void d_map(void)
{
	int fd = opened("image", O_RDWR);

	map(PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	map(PROT_READ | PROT_WRITE, MAP_SHARED, fd);
}

static void d_map_harmless(void)
{
	int fd = opened("image", O_RDWR);

	map(PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
	map(PROT_READ, MAP_SHARED, fd);
	map(PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
}

static void d_protect(void)
{
	char *at = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = opened("image", O_RDWR);

	/* Behind a mapping of another kind. */
	must(mmap(at + 4096, 4096, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ? -1 : 0,
	     "mmap");
	must(mprotect(at, 8192, PROT_READ | PROT_WRITE), "mprotect");
}

/* Two mappings in one call, with memory of no file between them. */
static void protect_two(const char *first, const char *second, int opening, int sharing, int prot)
{
	char *at = mmap(NULL, 12288, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fds[] = {opened(first, opening), opened(second, opening)};

	for (int i = 0; i < 2; i++)
		must(mmap(at + 8192 * i, 4096, PROT_READ, sharing | MAP_FIXED, fds[i], 0) == MAP_FAILED ?
			     -1 :
			     0,
		     "mmap");
	must(mprotect(at, 12288, prot), "mprotect");
}

static void d_protect_two(void)
{
	protect_two("image", "other", O_RDWR, MAP_SHARED, PROT_READ | PROT_WRITE);
}

#define CODE (PROT_READ | PROT_EXEC)

static void d_map_code(void)
{
	int fd;

	make("new", 0644);
	fd = opened("new", O_RDONLY);
	map(CODE, MAP_PRIVATE, fd);
	map(CODE, MAP_PRIVATE, fd);
	map(CODE, MAP_SHARED, opened("new", O_RDONLY));
}

static void d_map_code_volume(void)
{
	make("volume/new", 0644);
	map(CODE, MAP_PRIVATE, opened("volume/new", O_RDONLY));
}

static void d_map_code_memory(void)
{
	int fd = must(memfd_create("code", 0), "memfd_create");

	must(ftruncate(fd, 4096), "ftruncate");
	map(CODE | PROT_WRITE, MAP_SHARED, fd);
}

static void d_protect_code(void)
{
	make("new", 0644);
	must(mprotect(map(PROT_READ, MAP_PRIVATE, opened("new", O_RDONLY)), 4096, CODE), "mprotect");
}

static void d_protect_two_code(void)
{
	make("new", 0644);
	make("new2", 0644);
	protect_two("new", "new2", O_RDONLY, MAP_PRIVATE, CODE);
}

/* An image file, code that is made at run time, and what is mapped but not to be run. */
static void d_map_code_harmless(void)
{
	void *at;

	make("new", 0644);
	map(PROT_READ, MAP_PRIVATE, opened("new", O_RDONLY));
	map(CODE, MAP_PRIVATE, opened("image", O_RDONLY));
	map(CODE | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	map(CODE | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
	at = map(PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
	must(mprotect(at, 4096, CODE), "mprotect");
}

static void d_script(void)
{
	make("new", 0644);
	make("volume/new", 0644);
	opened("image", O_RDONLY);
	close(opened("new", O_RDONLY));
	close(opened("new", O_RDONLY));
	opened("volume/new", O_RDONLY);
	opened("new", O_RDWR);
	opened("dir", O_DIRECTORY);
	opened("/proc/self/maps", O_RDONLY);
}

/* After many files, only those count that are named as scripts are. */
static void d_script_names(void)
{
	char name[16];

	for (int i = 0; i < 70; i++) {
		snprintf(name, sizeof(name), "new%d", i);
		make(name, 0644);
		close(opened(name, O_RDONLY));
	}
	make("new.py", 0644);
	close(opened("new.py", O_RDONLY));
}

static void d_tmpfile(void)
{
	int fd = opened(".", O_TMPFILE | O_RDWR);

	CALL(write, fd, "x", 1);
	CALL(linkat, fd, "", AT_FDCWD, "linked", AT_EMPTY_PATH);
}

static void d_tmpfile_proc(void)
{
	char name[64];
	int fd = opened(".", O_TMPFILE | O_RDWR);

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	CALL(linkat, AT_FDCWD, name, AT_FDCWD, "linked", AT_SYMLINK_FOLLOW);
}

static void d_truncate(void) { CALL(truncate, "image", 3); }
static void d_ftruncate(void) { CALL(ftruncate, opened("image", O_WRONLY), 5000000000); }
static void d_fallocate(void) { CALL(fallocate, opened("image", O_WRONLY), FALLOC_FL_KEEP_SIZE, 0, 9); }
static void d_unlink(void) { CALL(unlink, "image"); }
static void d_unlinkat(void) { CALL(unlinkat, opened("dir", O_DIRECTORY), "inner", 0); }
static void d_removedir(void) { CALL(unlinkat, AT_FDCWD, "empty", AT_REMOVEDIR); }
static void d_rmdir(void) { CALL(rmdir, "empty"); }
static void d_rename(void) { CALL(rename, "image", "dir/moved"); }

static void d_renameat(void)
{
	int dir = opened("dir", O_DIRECTORY);

	CALL(renameat, dir, "inner", AT_FDCWD, "./moved");
}

static void d_exchange(void)
{
	CALL(renameat2, AT_FDCWD, "image", AT_FDCWD, "other", RENAME_EXCHANGE);
}

static void d_no_replace(void)
{
	CALL(renameat2, AT_FDCWD, "image", AT_FDCWD, "new", RENAME_NOREPLACE);
}

static void d_link(void) { CALL(link, "image", "new"); }
static void d_linkat(void) { CALL(linkat, AT_FDCWD, "image", opened("dir", O_DIRECTORY), "new", 0); }

static void d_link_empty(void)
{
	CALL(linkat, opened("image", O_RDONLY), "", AT_FDCWD, "new", AT_EMPTY_PATH);
}

static void d_symlink(void) { CALL(symlink, "/target/of it", "new"); }
static void d_symlinkat(void) { CALL(symlinkat, "target", opened("dir", O_DIRECTORY), "new"); }
static void d_mkdir(void) { CALL(mkdir, "new", 0700); }
static void d_mkdirat(void) { CALL(mkdirat, AT_FDCWD, "dir/new", 0711); }
static void d_mknod(void) { CALL(mknod, "new", S_IFIFO | 0600, 0); }
static void d_mknodat(void) { CALL(mknodat, AT_FDCWD, "new", S_IFCHR | 0600, makedev(1, 3)); }
static void d_chmod(void) { CALL(chmod, "image", 04755); }
static void d_chmod_directory(void) { CALL(chmod, "dir", 0700); }
static void d_fchmod(void) { CALL(fchmod, opened("image", O_RDONLY), 0755); }
static void d_fchmodat(void) { CALL(fchmodat, AT_FDCWD, "image", 0755); }

static void d_fchmodat2(void)
{
	CALL(fchmodat2, opened("image", O_RDONLY), "", 0700, AT_EMPTY_PATH);
}

static void d_chown(void) { CALL(chown, "image", 5, 6); }
static void d_lchown(void) { CALL(lchown, "image", 5, -1); }
static void d_fchown(void) { CALL(fchown, opened("image", O_RDONLY), 5, 6); }
static void d_fchownat(void) { CALL(fchownat, AT_FDCWD, "image", 5, 6, AT_SYMLINK_NOFOLLOW); }

#define ATTRIBUTE "trusted.note"

static void d_setxattr(void) { CALL(setxattr, "image", ATTRIBUTE, "v", 1, 0); }
static void d_lsetxattr(void) { CALL(lsetxattr, "image", ATTRIBUTE, "v", 1, 0); }
static void d_fsetxattr(void) { CALL(fsetxattr, opened("image", O_RDONLY), ATTRIBUTE, "v", 1, 0); }

static void d_setxattrat(void)
{
	struct {
		uint64_t value;
		uint32_t size, flags;
	} args = {(uintptr_t)"v", 1, 0};

	CALL(setxattrat, AT_FDCWD, "image", 0, ATTRIBUTE, &args, sizeof(args));
}

static void d_remove(void) { CALL(removexattr, "image", ATTRIBUTE); }
static void d_lremove(void) { CALL(lremovexattr, "image", ATTRIBUTE); }
static void d_fremove(void) { CALL(fremovexattr, opened("image", O_RDONLY), ATTRIBUTE); }
static void d_removeat(void) { CALL(removexattrat, AT_FDCWD, "image", 0, ATTRIBUTE); }

static void d_removexattr(void)
{
	d_setxattr();
	d_remove();
	d_setxattr();
	d_lremove();
	d_setxattr();
	d_fremove();
}

static void d_removexattrat(void)
{
	d_setxattr();
	d_removeat();
}

/* Capabilities of a file: CAP_NET_RAW, permitted and effective. */
static void d_capability(void)
{
	static const uint32_t raw[5] = {0x02000001, 1 << 13};

	CALL(setxattr, "image", "security.capability", raw, sizeof(raw), 0);
}

static void d_no_capability(void) { CALL(removexattr, "image", "security.capability"); }

static void d_absolute(void) { CALL(unlink, "/image"); }

static void d_chroot(void)
{
	CALL(mkdir, "new", 0700); /* from then on the container is known */
	must(chroot("dir"), "chroot");
	CALL(unlink, "/inner");
}

static void d_volume(void)
{
	int fd = opened("volume/new", O_RDWR | O_CREAT);

	CALL(write, fd, "x", 1);
	CALL(ftruncate, fd, 0);
	CALL(fchmod, fd, 0700);
	map(PROT_READ | PROT_WRITE, MAP_SHARED, fd);
}

/* A name on a page that is not there yet at the entry of the call. */
static void d_cold_name(void)
{
	int fd = opened("volume/name", O_RDWR | O_CREAT);

	CALL(write, fd, "image", 6);
	CALL(unlink, map(PROT_READ, MAP_PRIVATE, fd));
}

static void d_long_name(void)
{
	static char name[4096];

	for (size_t at = 0; at < sizeof(name) - 1; at += 2)
		memcpy(name + at, "./", 2);
	memcpy(name + sizeof(name) - 1 - strlen("/image"), "/image", strlen("/image") + 1);
	CALL(unlink, name);
}

/* A directory whose path is longer than what is read of it. */
static void d_deep(void)
{
	char name[201];

	memset(name, 'd', 200);
	name[200] = 0;
	for (int i = 0; i < 25; i++) {
		must(mkdir(name, 0755), "mkdir");
		must(chdir(name), "chdir");
	}
	CALL(creat, "file", 0600);
}

/*
 * The phantom attack. The value of the attribute is on a page that comes only when this thread brings
 * it; until then the call waits in the kernel, and the name is another one when it goes on.
 */
static char name[16] = "image";
static int faults;

static void *rewrite(void *unused)
{
	static char page[4096] = "v";
	struct uffd_msg message;

	(void)unused;
	must(read(faults, &message, sizeof(message)), "read of faults");
	strcpy(name, "other");

	struct uffdio_copy copy = {
		.dst = message.arg.pagefault.address & ~4095ULL,
		.src = (uintptr_t)page,
		.len = sizeof(page),
	};

	must(ioctl(faults, UFFDIO_COPY, &copy), "UFFDIO_COPY");
	return NULL;
}

static void d_phantom(void)
{
	char *value = map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register range = {
		.range = {(uintptr_t)value, 4096},
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	pthread_t thread;

	faults = CALL(userfaultfd, O_CLOEXEC);
	must(ioctl(faults, UFFDIO_API, &api), "UFFDIO_API");
	must(ioctl(faults, UFFDIO_REGISTER, &range), "UFFDIO_REGISTER");
	if (pthread_create(&thread, NULL, rewrite, NULL))
		_exit(70);
	CALL(setxattr, name, ATTRIBUTE, value, 1, 0);
	pthread_join(thread, NULL);
}

#ifdef __x86_64__
static long int80(long number, long a, long b, long c, long d)
{
	long result;

	asm volatile("int $0x80"
		     : "=a"(result)
		     : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d)
		     : "r8", "r9", "r10", "r11", "memory");
	errno = result < 0 ? -result : 0;
	return result;
}

#define INT80(number, a, b, c, d) must(int80(number, (long)(a), (long)(b), (long)(c), (long)(d)), #number)

/* The numbers are those of 32 bits; strings and buffers are below 4 GiB in a static program. */
static void d_compat(void)
{
	int fd = INT80(8, "new", 0600, 0, 0); /* creat */

	INT80(4, fd, "x", 1, 0); /* write */
	INT80(194, fd, 5, 1, 0); /* ftruncate64: the size in two halves */
	INT80(94, fd, 0755, 0, 0); /* fchmod */
	INT80(5, "image", O_WRONLY, 0, 0); /* open */
	INT80(38, "image", "dir/moved", 0, 0); /* rename */
	INT80(301, AT_FDCWD, "empty", AT_REMOVEDIR, 0); /* unlinkat */
	INT80(10, "other", 0, 0, 0); /* unlink */
}

/* Numbers that mean something else in 64 bits: writev, fremovexattr. */
static void d_compat_harmless(void)
{
	INT80(20, 0, 0, 0, 0); /* getpid */
	INT80(199, 0, 0, 0, 0); /* getuid32 */
}
#endif

#include "calls.h"
#include "ring.h"

/* Says that it is up, and goes on when it is told to. */
static void stay(void)
{
	char byte;

	must(write(STDOUT_FILENO, "up\n", 3), "stdout");
	must(read(STDIN_FILENO, &byte, 1), "stdin");
}

/* Says that it is there, and waits for the host to do something. */
static void d_wait(void)
{
	CALL(creat, "first", 0600);
	stay();
}

static const struct {
	const char *name;
	void (*deed)(void);
} DEEDS[] = {
#define DEED(name) {#name, d_##name}
	DEED(read), DEED(fail), DEED(creat), DEED(open), DEED(openat), DEED(create_read),
	DEED(truncating), DEED(openat2), DEED(handle), DEED(symlinks), DEED(write),
	DEED(write_nothing), DEED(write_forked), DEED(writev), DEED(pwritev), DEED(pwritev2),
	DEED(sendfile), DEED(splice), DEED(copy_range), DEED(map), DEED(map_harmless),
	DEED(protect), DEED(protect_two), DEED(tmpfile), DEED(tmpfile_proc), DEED(truncate), DEED(ftruncate),
	DEED(fallocate), DEED(unlink), DEED(unlinkat), DEED(removedir), DEED(rmdir), DEED(rename),
	DEED(renameat), DEED(exchange), DEED(no_replace), DEED(link), DEED(linkat),
	DEED(link_empty), DEED(symlink), DEED(symlinkat), DEED(mkdir), DEED(mkdirat), DEED(mknod),
	DEED(mknodat), DEED(chmod), DEED(fchmod), DEED(fchmodat), DEED(fchmodat2), DEED(chown),
	DEED(lchown), DEED(fchown), DEED(fchownat), DEED(setxattr), DEED(lsetxattr),
	DEED(fsetxattr), DEED(setxattrat), DEED(remove), DEED(lremove), DEED(fremove), DEED(removeat),
	DEED(removexattr), DEED(removexattrat), DEED(capability), DEED(no_capability),
	DEED(chmod_directory), DEED(absolute),
	DEED(chroot), DEED(volume), DEED(cold_name), DEED(long_name), DEED(deep), DEED(phantom),
	DEED(wait), DEED(calls), DEED(ring_open), DEED(ring_names), DEED(ring_write), DEED(ring_fixed),
	DEED(ring_skip), DEED(ring_polled), DEED(ring_gone), DEED(ring_attribute), DEED(ring_sizes),
	DEED(ring_truncate), DEED(ring_harmless), DEED(ring_chain),
	DEED(map_code), DEED(map_code_volume), DEED(map_code_memory), DEED(protect_code),
	DEED(protect_two_code),
	DEED(map_code_harmless), DEED(script), DEED(script_names),
#ifdef __x86_64__
	DEED(compat), DEED(compat_harmless),
#endif
};

/* Names are in memory before a call is given them; what is not is for cold_name to show. */
static void warm(void)
{
	extern const char __executable_start[], _edata[];
	uintptr_t page = sysconf(_SC_PAGESIZE);
	unsigned char is_there;

	for (uintptr_t at = (uintptr_t)__executable_start & -page; at < (uintptr_t)_edata; at += page)
		if (!mincore((void *)at, page, &is_there))
			(void)*(volatile const char *)at;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 70;
	warm();
	umask(0);
	/* What was inherited: descriptors have the numbers that are expected. */
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	if (!strcmp(argv[1], "box")) {
		int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

		enter_box(argv[2]);
		/* Whoever executes nothing there is not the container's yet. */
		argv[1] = "inside";
		must(syscall(SYS_execveat, self, "", argv, environ, AT_EMPTY_PATH), "execveat");
	} else if (strcmp(argv[1], "inside") != 0) {
		must(chdir(argv[2]), "chdir");
		if (strcmp(argv[1], "in"))
			furnish();
	}
	for (size_t i = 0; i < sizeof(DEEDS) / sizeof(DEEDS[0]); i++) {
		if (!strcmp(DEEDS[i].name, argv[3])) {
			DEEDS[i].deed();
			if (getenv("STAY"))
				stay();
			return 0;
		}
	}
	fprintf(stderr, "no deed %s\n", argv[3]);
	return 70;
}
