/* SPDX-License-Identifier: Apache-2.0 */
/* Deeds through io_uring, by its system calls alone. */
#include <linux/io_uring.h>
#include <signal.h>

/* What headers of an old distribution do not have. */
#define OP_MKDIRAT 37
#define OP_SYMLINKAT 38
#define OP_LINKAT 39
#define OP_FSETXATTR 41
#define OP_SETXATTR 42
#define OP_FTRUNCATE 55
#define CQE_SKIP_SUCCESS (1U << 6)
#define FILE_INDEX_ALLOC (~0U)
#define ENTRIES 16

/* The word that says where the file goes: `splice_fd_in` in the oldest headers. */
#define FILE_INDEX(sqe) (*(uint32_t *)((char *)(sqe) + 44))

struct ring {
	int fd;
	struct io_uring_params params;
	char *rings;
	struct io_uring_sqe *sqes;
	unsigned queued, seen;
};

static unsigned *word(struct ring *ring, unsigned offset)
{
	return (unsigned *)(ring->rings + offset);
}

static struct ring ring_of(unsigned flags)
{
	struct ring ring = {.params = {.flags = flags, .sq_thread_idle = 2000}};

	ring.fd = CALL(io_uring_setup, ENTRIES, &ring.params);
	/* Both queues are in one mapping. */
	size_t submissions = ring.params.sq_off.array + ring.params.sq_entries * sizeof(unsigned);
	size_t completions =
		ring.params.cq_off.cqes + ring.params.cq_entries * sizeof(struct io_uring_cqe);

	ring.rings = mmap(NULL, submissions > completions ? submissions : completions,
			  PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_SQ_RING);
	ring.sqes = mmap(NULL, ENTRIES * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE, MAP_SHARED,
			 ring.fd, IORING_OFF_SQES);
	if (ring.rings == MAP_FAILED || ring.sqes == MAP_FAILED)
		must(-1, "mmap of a ring");
	return ring;
}

/* The next request. */
static struct io_uring_sqe *request(struct ring *ring, int op, int fd, const void *address, unsigned len)
{
	unsigned tail = *word(ring, ring->params.sq_off.tail);
	unsigned index = tail & (ENTRIES - 1);
	struct io_uring_sqe *sqe = &ring->sqes[index];

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = op;
	sqe->fd = fd;
	sqe->addr = (uintptr_t)address;
	sqe->len = len;
	word(ring, ring->params.sq_off.array)[index] = index;
	__atomic_store_n(word(ring, ring->params.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
	ring->queued++;
	return sqe;
}

/* Begins what is queued and waits for `count` results; the last of them. */
static int done(struct ring *ring, unsigned count)
{
	unsigned *head = word(ring, ring->params.cq_off.head);
	unsigned *tail = word(ring, ring->params.cq_off.tail);
	struct io_uring_cqe *cqes = (void *)(ring->rings + ring->params.cq_off.cqes);
	unsigned flags = ring->params.flags & IORING_SETUP_SQPOLL ? IORING_ENTER_SQ_WAKEUP : 0;
	int result = 0;

	CALL(io_uring_enter, ring->fd, ring->queued, count, flags | IORING_ENTER_GETEVENTS, NULL, 0);
	ring->queued = 0;
	for (unsigned got = 0; got < count; got++) {
		unsigned at = *head;

		if (at == __atomic_load_n(tail, __ATOMIC_ACQUIRE))
			_exit(71);
		result = cqes[at & (ring->params.cq_entries - 1)].res;
		__atomic_store_n(head, at + 1, __ATOMIC_RELEASE);
		if (result == -EINVAL) /* an operation that this kernel does not have */
			_exit(77);
		errno = result < 0 ? -result : 0;
		if (result < 0 && result != -ENOENT)
			must(-1, "request");
	}
	return result;
}

static struct io_uring_sqe *open_request(struct ring *ring, const char *path, int flags)
{
	struct io_uring_sqe *sqe = request(ring, IORING_OP_OPENAT, AT_FDCWD, path, 0644);

	sqe->open_flags = flags;
	return sqe;
}

static void d_ring_open(void)
{
	struct ring ring = ring_of(0);
	static struct open_how {
		uint64_t flags, mode, resolve;
	} how = {O_WRONLY | O_CREAT | O_TRUNC, 0600, 0};

	open_request(&ring, "image", O_WRONLY);
	done(&ring, 1);
	request(&ring, IORING_OP_OPENAT2, opened("dir", O_DIRECTORY), "new", sizeof(how))->off =
		(uintptr_t)&how;
	done(&ring, 1);
	/* By a worker. */
	open_request(&ring, "other", O_RDWR | O_TRUNC)->flags = IOSQE_ASYNC;
	done(&ring, 1);
	/* By another name than its own. */
	must(symlink("image", "one"), "symlink");
	open_request(&ring, "one", O_RDWR);
	done(&ring, 1);
}

static void d_ring_names(void)
{
	struct ring ring = ring_of(0);
	int dir = opened("dir", O_DIRECTORY);
	struct io_uring_sqe *sqe;

	sqe = request(&ring, IORING_OP_RENAMEAT, AT_FDCWD, "image", dir);
	sqe->off = (uintptr_t)"moved";
	done(&ring, 1);
	sqe = request(&ring, IORING_OP_RENAMEAT, AT_FDCWD, "other", AT_FDCWD);
	sqe->off = (uintptr_t)"dir/moved";
	sqe->rename_flags = RENAME_EXCHANGE;
	done(&ring, 1);
	request(&ring, IORING_OP_UNLINKAT, dir, "inner", 0);
	done(&ring, 1);
	request(&ring, IORING_OP_UNLINKAT, AT_FDCWD, "empty", 0)->unlink_flags = AT_REMOVEDIR;
	done(&ring, 1);
	request(&ring, OP_MKDIRAT, AT_FDCWD, "new", 0711);
	done(&ring, 1);
	request(&ring, OP_SYMLINKAT, AT_FDCWD, "/target/of it", 0)->off = (uintptr_t)"soft";
	done(&ring, 1);
	request(&ring, OP_LINKAT, AT_FDCWD, "other", dir)->off = (uintptr_t)"hard";
	done(&ring, 1);
}

static void d_ring_write(void)
{
	struct ring ring = ring_of(0);
	int fd = opened("image", O_WRONLY);

	for (int i = 0; i < 3; i++) {
		request(&ring, IORING_OP_WRITE, fd, "x", 1);
		done(&ring, 1);
	}
	fd = opened("image", O_WRONLY);
	request(&ring, IORING_OP_WRITEV, fd, &one, 1)->flags = IOSQE_ASYNC;
	done(&ring, 1);
}

/* Into a slot of the ring, and from there: no descriptor is there at any time. */
static void d_ring_fixed(void)
{
	struct ring ring = ring_of(0);
	int none[4] = {-1, -1, -1, -1}, slot;

	CALL(io_uring_register, ring.fd, IORING_REGISTER_FILES, none, 4);
	FILE_INDEX(open_request(&ring, "image", O_WRONLY)) = 3;
	done(&ring, 1);
	request(&ring, IORING_OP_WRITE, 2, "x", 1)->flags = IOSQE_FIXED_FILE;
	done(&ring, 1);
	FILE_INDEX(open_request(&ring, "new", O_WRONLY | O_CREAT)) = FILE_INDEX_ALLOC;
	slot = done(&ring, 1);
	request(&ring, IORING_OP_WRITE, slot, "x", 1)->flags = IOSQE_FIXED_FILE;
	done(&ring, 1);
}

/* Nobody is told of a request that succeeds. */
static void d_ring_skip(void)
{
	struct ring ring = ring_of(0);
	int fd = opened("image", O_WRONLY);

	request(&ring, IORING_OP_UNLINKAT, AT_FDCWD, "other", 0)->flags = CQE_SKIP_SUCCESS;
	request(&ring, IORING_OP_WRITE, fd, "x", 1)->flags = CQE_SKIP_SUCCESS;
	open_request(&ring, "dir/inner", O_WRONLY)->flags = CQE_SKIP_SUCCESS;
	request(&ring, IORING_OP_NOP, -1, NULL, 0);
	done(&ring, 1);
}

/* By a thread of the kernel's that looks at the ring: no call is made for the request. */
static void d_ring_polled(void)
{
	struct ring ring = ring_of(IORING_SETUP_SQPOLL);

	request(&ring, IORING_OP_UNLINKAT, AT_FDCWD, "image", 0);
	done(&ring, 1);
	open_request(&ring, "other", O_WRONLY);
	done(&ring, 1);
}

/* Closed, and its slot used again, before the ring says that it was opened. */
static void d_ring_gone(void)
{
	struct ring ring = ring_of(0);
	int none = -1;

	/* What is in the cache is opened at once, by the caller itself. */
	must(access("image", R_OK), "access");
	must(access("other", R_OK), "access");
	CALL(io_uring_register, ring.fd, IORING_REGISTER_FILES, &none, 1);
	FILE_INDEX(open_request(&ring, "image", O_WRONLY)) = 1;
	FILE_INDEX(request(&ring, IORING_OP_CLOSE, 0, NULL, 0)) = 1;
	FILE_INDEX(open_request(&ring, "other", O_WRONLY)) = 1;
	done(&ring, 3);
}

static void d_ring_attribute(void)
{
	struct ring ring = ring_of(0);
	struct io_uring_sqe *sqe;

	sqe = request(&ring, OP_SETXATTR, 0, ATTRIBUTE, 1);
	sqe->off = (uintptr_t)"v";
	sqe->addr3 = (uintptr_t)"image";
	done(&ring, 1);
	request(&ring, OP_FSETXATTR, opened("other", O_RDONLY), ATTRIBUTE, 1)->off = (uintptr_t)"v";
	done(&ring, 1);
}

static void d_ring_sizes(void)
{
	struct ring ring = ring_of(0);

	/* offset 0, 9 bytes, the mode in `len` */
	request(&ring, IORING_OP_FALLOCATE, opened("image", O_WRONLY), (void *)9, FALLOC_FL_KEEP_SIZE);
	done(&ring, 1);
}

static void d_ring_truncate(void)
{
	struct ring ring = ring_of(0);

	request(&ring, OP_FTRUNCATE, opened("image", O_WRONLY), NULL, 0)->off = 5;
	done(&ring, 1);
}

static void d_ring_harmless(void)
{
	struct ring ring = ring_of(0);
	static char buffer[16];

	request(&ring, IORING_OP_READ, opened("image", O_RDONLY), buffer, sizeof(buffer));
	done(&ring, 1);
	open_request(&ring, "image", O_RDONLY);
	done(&ring, 1);
	open_request(&ring, "missing", O_WRONLY);
	done(&ring, 1);
	request(&ring, IORING_OP_UNLINKAT, AT_FDCWD, "missing", 0);
	done(&ring, 1);
	request(&ring, IORING_OP_WRITE, opened("volume/new", O_RDWR | O_CREAT), "x", 1);
	done(&ring, 1);
}

/* One after the other, by one submission. */
static void d_ring_chain(void)
{
	struct ring ring = ring_of(0);

	request(&ring, OP_MKDIRAT, AT_FDCWD, "new", 0700)->flags = IOSQE_IO_LINK;
	open_request(&ring, "new/file", O_WRONLY | O_CREAT | O_EXCL)->flags = IOSQE_IO_LINK;
	request(&ring, IORING_OP_UNLINKAT, AT_FDCWD, "new/file", 0);
	done(&ring, 3);
}
