// What happens inside a container. Each program is run with `case=PREFIX/NAME` as its second
// argument, by which the host finds its event, and a line says how it went:
// `PASS name`, `FAIL name: why`, or `SKIP name: why` where this kernel does not allow the deed.
//
//   acts case=PREFIX/init run      all cases
//   acts case=PREFIX/files files   all deeds on files
//   acts case=PREFIX/init wait     runs a dropped program that stays until /data/stop exists
//   acts case=PREFIX/stay stay     is that program
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
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

static char prefix[64];

static void fail(const char *name, const char *what)
{
	printf("FAIL %s: %s: %s\n", name, what, strerror(errno));
}

// Copies the bytes of `from` to `fd`; 0 when all went well.
static int copy_to(const char *from, int fd)
{
	char buffer[65536];
	ssize_t got;
	int in = open(from, O_RDONLY | O_CLOEXEC);

	if (in < 0 || fd < 0)
		return -1;
	while ((got = read(in, buffer, sizeof(buffer))) > 0)
		if (write(fd, buffer, got) != got)
			got = -1;
	close(in);
	return (int)got;
}

static int copy(const char *from, const char *to)
{
	int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	int result = copy_to(from, fd);

	if (fd >= 0 && close(fd) < 0)
		result = -1;
	return result;
}

static int flip_last_byte(const char *path)
{
	char byte;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	off_t end = lseek(fd, -1, SEEK_END);

	if (fd < 0 || end < 0 || pread(fd, &byte, 1, end) != 1)
		return -1;
	byte ^= 1;
	if (pwrite(fd, &byte, 1, end) != 1)
		return -1;
	return close(fd);
}

static int append(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd < 0 || write(fd, "drift", 5) != 5)
		return -1;
	return close(fd);
}

// Runs `path`, or the file behind `fd` when `path` is NULL, and says whether it ran.
static void run(const char *name, const char *path, int fd)
{
	char mark[128];
	int status = 0;

	snprintf(mark, sizeof(mark), "case=%s/%s", prefix, name);
	char *argv[] = { (char *)(path ? path : "unnamed"), mark, NULL };
	char *envp[] = { NULL };
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		if (path)
			execve(path, argv, envp);
		else
			syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
		_exit(errno);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return fail(name, "fork");
	if (!WIFEXITED(status))
		printf("FAIL %s: killed by signal %d\n", name, WTERMSIG(status));
	else if (WEXITSTATUS(status) != 42)
		printf("FAIL %s: exec: %s\n", name, strerror(WEXITSTATUS(status)));
	else
		printf("PASS %s\n", name);
}

// Runs `path` when the deed before it succeeded.
static void after(int result, const char *name, const char *path)
{
	if (result < 0)
		fail(name, "prepare");
	else
		run(name, path, -1);
}

static int drop_caches(void)
{
	sync();
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "3", 1) != 1)
		return -1;
	return close(fd);
}

static void layers(void)
{
	run("image", "/bin/p-image", -1);
	run("image-top", "/bin/p-top", -1);
	after(copy("/bin/p-image", "/bin/dropped"), "added", "/bin/dropped");
	after(flip_last_byte("/bin/p-modified"), "modified", "/bin/p-modified");
	after(append("/bin/p-appended"), "appended", "/bin/p-appended");
	after(chmod("/bin/p-chmod", 0711), "chmod", "/bin/p-chmod");
	after(chown("/bin/p-chown", 7, 7), "chown", "/bin/p-chown");
	after(chmod("/bin/p-linked", 0711), "chmod-hard-linked", "/bin/p-linked");
	after(rename("/bin/p-renamed", "/bin/p-moved"), "renamed", "/bin/p-moved");
	after(link("/bin/p-link", "/bin/p-other"), "linked", "/bin/p-other");

	int result = unlink("/bin/p-replaced");
	if (result == 0)
		result = copy("/bin/p-top", "/bin/p-replaced");
	if (result == 0)
		result = flip_last_byte("/bin/p-replaced");
	after(result, "replaced", "/bin/p-replaced");

	result = unlink("/bin/p-restored");
	if (result == 0)
		result = copy("/bin/p-image", "/bin/p-restored");
	after(result, "restored", "/bin/p-restored");

	result = drop_caches();
	after(result, "image-uncached", "/bin/p-image");
	after(result, "added-uncached", "/bin/dropped");
	after(result, "modified-uncached", "/bin/p-modified");
	after(result, "chmod-uncached", "/bin/p-chmod");
	after(result, "chmod-hard-linked-uncached", "/bin/p-linked");
	after(result, "replaced-uncached", "/bin/p-replaced");
	after(result, "restored-uncached", "/bin/p-restored");
}

static void outside_layers(void)
{
	int fd = memfd_create("p", MFD_CLOEXEC);
	if (copy_to("/bin/p-image", fd) < 0)
		fail("memfd", "write");
	else
		run("memfd", NULL, fd);
	close(fd);

	if (copy("/bin/p-image", "/bin/gone") < 0 ||
	    (fd = open("/bin/gone", O_RDONLY | O_CLOEXEC)) < 0 || unlink("/bin/gone") < 0)
		fail("deleted", "prepare");
	else
		run("deleted", NULL, fd);
	close(fd);

	after(copy("/bin/p-image", "/tmp/p"), "tmpfs", "/tmp/p");
	run("volume", "/data/p", -1);
}

// An overlay that lies: what was dropped is in its lower layer.
static int nest(const char *root)
{
	char layer[64], empty[64], merged[64], file[80], options[192];

	snprintf(layer, sizeof(layer), "%s/layer", root);
	snprintf(empty, sizeof(empty), "%s/empty", root);
	snprintf(merged, sizeof(merged), "%s/merged", root);
	snprintf(file, sizeof(file), "%s/p", layer);
	snprintf(options, sizeof(options), "lowerdir=%s:%s", layer, empty);
	if (mkdir(root, 0755) < 0 || mkdir(layer, 0755) < 0 || mkdir(empty, 0755) < 0 ||
	    mkdir(merged, 0755) < 0 || copy("/bin/p-image", file) < 0)
		return -1;
	return mount("overlay", merged, "overlay", 0, options);
}

static void nested(void)
{
	if (nest("/tmp/n") < 0)
		return fail("nested", "mount");
	run("nested", "/tmp/n/merged/p", -1);

	fflush(stdout);
	if (fork() == 0) {
		if (chroot("/tmp/n/merged") < 0 || chdir("/") < 0)
			fail("nested-chroot", "chroot");
		else
			run("nested-chroot", "/p", -1);
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return -1;
	return close(fd);
}

static void nested_in_user_namespace(void)
{
	const char *name = "nested-user-namespace";

	fflush(stdout);
	if (fork() == 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ||
		    write_file("/proc/self/uid_map", "0 0 1") < 0 ||
		    write_file("/proc/self/setgroups", "deny") < 0 ||
		    write_file("/proc/self/gid_map", "0 0 1") < 0)
			fail(name, "namespace");
		else if (mount("tmpfs", "/tmp", "tmpfs", 0, NULL) < 0)
			fail(name, "tmpfs");
		else if (nest("/tmp/n") < 0 && errno == EPERM)
			printf("SKIP %s: this kernel allows no overlay in a user namespace\n", name);
		else
			run(name, "/tmp/n/merged/p", -1);
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
}

// Says whether a deed on a file was done; a kernel that has no such deed is said so.
static void done(const char *name, long result)
{
	if (result >= 0)
		printf("PASS %s\n", name);
	else if (errno == EOPNOTSUPP)
		printf("SKIP %s: this kernel's overlay does not allow it\n", name);
	else
		fail(name, "deed");
}

static long in_file(const char *path, int flags, long (*deed)(int))
{
	int fd = open(path, flags | O_CLOEXEC, 0644);
	long result = fd < 0 ? -1 : deed ? deed(fd) : 0;

	if (fd >= 0)
		close(fd);
	return result;
}

static long write_some(int fd)
{
	return write(fd, "drift", 5) == 5 && write(fd, "drift", 5) == 5 ? 0 : -1;
}

static long allocate(int fd)
{
	return fallocate(fd, 0, 0, 8192);
}

static long map_and_write(int fd)
{
	char *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -1;
	*at = 'x';
	return munmap(at, 4096);
}

static long name_it(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, path, AT_FDCWD, "/deeds/unnamed", AT_SYMLINK_FOLLOW);
}

// Each once; then what fails or only reads, of which nothing must be said.
static void files(void)
{
	done("create", in_file("/deeds/new", O_WRONLY | O_CREAT | O_EXCL, NULL));
	done("write", in_file("/deeds/write", O_WRONLY, write_some));
	done("map", in_file("/deeds/map", O_RDWR, map_and_write));
	done("empty", in_file("/deeds/empty", O_WRONLY | O_TRUNC, NULL));
	done("truncate", truncate("/deeds/truncate", 2));
	done("allocate", in_file("/deeds/allocate", O_WRONLY, allocate));
	done("unlink", unlink("/deeds/unlink"));
	done("rmdir", rmdir("/deeds/rmdir"));
	done("rename", rename("/deeds/rename", "/deeds/renamed"));
	done("exchange", syscall(SYS_renameat2, AT_FDCWD, "/deeds/left", AT_FDCWD, "/deeds/right",
				 2 /* RENAME_EXCHANGE */));
	done("link", link("/deeds/link", "/deeds/linked"));
	done("symlink", symlink("link", "/deeds/symlink"));
	done("mkdir", mkdir("/deeds/mkdir", 0700));
	done("fifo", mkfifo("/deeds/fifo", 0600));
	done("mknod", mknod("/deeds/mknod", S_IFREG | 0600, 0));
	done("chmod", chmod("/deeds/chmod", 0711));
	done("chown", chown("/deeds/chown", 7, 7));
	done("setxattr", setxattr("/deeds/xattr", "trusted.deed", "1", 1, 0));
	done("removexattr", removexattr("/deeds/xattr", "trusted.deed"));
	done("unnamed", in_file("/deeds", O_WRONLY | O_TMPFILE, name_it));

	if (in_file("/deeds/link", O_RDONLY, NULL) < 0 || in_file("/deeds/silent", O_WRONLY, NULL) < 0)
		fail("silent", "open");
	if (unlink("/deeds/absent") == 0 || rmdir("/deeds") == 0 ||
	    rename("/deeds/absent", "/deeds/silent") == 0 || mkdir("/deeds/silent", 0700) == 0 ||
	    open("/deeds/silent", O_WRONLY | O_CREAT | O_EXCL, 0644) >= 0)
		printf("FAIL silent: what must fail did not\n");
	printf("PASS silent\n");
}

int main(int argc, char **argv)
{
	char *slash;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 3 || strncmp(argv[1], "case=", 5) != 0 || !(slash = strchr(argv[1], '/'))) {
		fprintf(stderr, "usage: acts case=PREFIX/NAME run|files|wait|stay\n");
		return 2;
	}
	snprintf(prefix, sizeof(prefix), "%.*s", (int)(slash - argv[1] - 5), argv[1] + 5);

	if (strcmp(argv[2], "run") == 0) {
		printf("PASS init\n");
		layers();
		outside_layers();
		nested();
		nested_in_user_namespace();
	} else if (strcmp(argv[2], "files") == 0) {
		files();
	} else if (strcmp(argv[2], "wait") == 0) {
		char mark[80];

		if (copy("/bin/acts", "/bin/stay") < 0) {
			fail("stay", "prepare");
			return 1;
		}
		snprintf(mark, sizeof(mark), "case=%s/stay", prefix);
		execl("/bin/stay", "/bin/stay", mark, "stay", NULL);
		fail("stay", "exec");
		return 1;
	} else {
		printf("PASS stay\n");
		if (write_file("/data/started", "1") < 0)
			fail("stay", "write /data/started");
		while (access("/data/stop", F_OK) < 0)
			usleep(50000);
	}
	return 0;
}
