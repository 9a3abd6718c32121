// Does a thing over and over, and says how long the processor was at it for one turn.
//
//   turns WHAT COUNT FILE
//
// WHAT is getppid; read: open, read and close; or write: open, write and close.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void turn(const char *what, const char *file)
{
	char byte = 'x';
	int fd;

	if (what[0] == 'g') {
		syscall(SYS_getppid);
		return;
	}
	fd = open(file, what[0] == 'r' ? O_RDONLY : O_WRONLY);
	if (fd < 0 || (what[0] == 'r' ? read(fd, &byte, 1) : write(fd, &byte, 1)) != 1) {
		perror(file);
		exit(1);
	}
	close(fd);
}

static long long busy_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

int main(int argc, char **argv)
{
	if (argc != 4 || !strstr("getppid read write", argv[1])) {
		fprintf(stderr, "usage: turns getppid|read|write COUNT FILE\n");
		return 2;
	}
	int count = atoi(argv[2]);

	// Once over for caches of every kind, and for the copy that overlay makes of a file.
	for (int i = 0; i < 100; i++)
		turn(argv[1], argv[3]);

	long long before = busy_ns();

	for (int i = 0; i < count; i++)
		turn(argv[1], argv[3]);
	printf("%lld\n", (busy_ns() - before) / count);
	return 0;
}
