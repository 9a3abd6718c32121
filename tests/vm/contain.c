// Makes a container by hand, as a runtime would: an overlay mounted on the host, namespaces of
// its own, pivot_root, a tmpfs on /tmp and a bind mount on /data; then runs a program of its image.
//
//   contain BASE NAME PROGRAM ARGUMENT...
//
// BASE/image1 and BASE/image2 are the layers (the second on top), BASE/volume the bind mount,
// BASE/NAME is made for upper, work and merged.
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(int result, const char *what)
{
	if (result < 0) {
		printf("FAIL contain: %s: %s\n", what, strerror(errno));
		exit(1);
	}
}

static char *text(const char *format, ...)
{
	char *out;
	va_list list;

	va_start(list, format);
	if (vasprintf(&out, format, list) < 0)
		exit(1);
	va_end(list);
	return out;
}

static void directory(const char *path)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		must(-1, path);
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: contain BASE NAME PROGRAM ARGUMENT...\n");
		return 2;
	}
	const char *base = argv[1];
	const char *home = text("%s/%s", base, argv[2]);
	const char *merged = text("%s/merged", home);

	setvbuf(stdout, NULL, _IOLBF, 0);
	directory(home);
	directory(text("%s/upper", home));
	directory(text("%s/work", home));
	directory(merged);
	// On the host, as Docker and containerd do: the sensor looks the layers up there.
	must(mount("overlay", merged, "overlay", 0,
		   text("lowerdir=%s/image2:%s/image1,upperdir=%s/upper,workdir=%s/work", base, base,
			home, home)),
	     "mount overlay");
	must(unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC), "unshare");

	pid_t child = fork();
	must(child, "fork");
	if (child == 0) {
		must(setsid(), "setsid"); // as runtimes do
		must(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL), "make / a slave");
		must(mount(merged, merged, NULL, MS_BIND | MS_REC, NULL), "bind the root");
		must(mount(text("%s/volume", base), text("%s/data", merged), NULL, MS_BIND, NULL),
		     "bind the volume");
		must(chdir(merged), "chdir");
		must(mount("proc", "proc", "proc", 0, NULL), "mount proc");
		must(mount("tmpfs", "tmp", "tmpfs", 0, NULL), "mount tmpfs");
		// TOMOYO, which Debian's 5.10 runs, refuses execveat(2) where /dev/fd leads nowhere.
		must(mount("tmpfs", "dev", "tmpfs", 0, NULL), "mount /dev");
		must(symlink("/proc/self/fd", "dev/fd"), "symlink /dev/fd");
		must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
		must(umount2(".", MNT_DETACH), "umount the old root");
		must(chdir("/"), "chdir /");
		execv(argv[3], argv + 3);
		must(-1, argv[3]);
	}
	int status;
	must(waitpid(child, &status, 0), "wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
