/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the arguments of the calls are that are read at their entry. */
#ifndef DRIFTCORE_SHAPE_H
#define DRIFTCORE_SHAPE_H

#include "maps.h"

/* Arguments that no call has (struct dc_entry): what a name is relative to where no descriptor is
 * given, and nothing. */
#define DC_ARG_CWD 6
#define DC_ARG_NONE 7

/* Indices of arguments. */
struct dc_shape {
	__u8 operation; /* enum dc_operation; no index */
	__u8 dir; /* descriptor that `name` is relative to; without a name, of the file */
	__u8 name;
	__u8 old_dir;
	__u8 old_name;
	__u8 text;
	__u8 flags;
	__u8 low; /* the lower 32 bits of the value; all of it where there is no upper half */
	__u8 high;
};

#define DC_SHAPE(class, op, ...)                                                                   \
	[class - DC_CLASS_ENTRY] = {.operation = op,                                               \
				    .dir = DC_ARG_CWD,                                             \
				    .name = DC_ARG_NONE,                                           \
				    .old_dir = DC_ARG_CWD,                                         \
				    .old_name = DC_ARG_NONE,                                       \
				    .text = DC_ARG_NONE,                                           \
				    .flags = DC_ARG_NONE,                                          \
				    .low = DC_ARG_NONE,                                            \
				    .high = DC_ARG_NONE,                                           \
				    __VA_ARGS__}

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Winitializer-overrides"
static const struct dc_shape shapes[DC_CLASSES - DC_CLASS_ENTRY] = {
	DC_SHAPE(DC_CLASS_UNLINK, DC_OP_UNLINK, .name = 0),
	DC_SHAPE(DC_CLASS_UNLINKAT, DC_OP_UNLINK, .dir = 0, .name = 1, .flags = 2),
	DC_SHAPE(DC_CLASS_RMDIR, DC_OP_RMDIR, .name = 0),
	DC_SHAPE(DC_CLASS_RENAME, DC_OP_RENAME, .old_name = 0, .name = 1),
	DC_SHAPE(DC_CLASS_RENAMEAT, DC_OP_RENAME, .old_dir = 0, .old_name = 1, .dir = 2, .name = 3),
	DC_SHAPE(DC_CLASS_RENAMEAT2, DC_OP_RENAME, .old_dir = 0, .old_name = 1, .dir = 2, .name = 3,
		 .flags = 4, .low = 4),
	DC_SHAPE(DC_CLASS_LINK, DC_OP_LINK, .old_name = 0, .name = 1),
	DC_SHAPE(DC_CLASS_LINKAT, DC_OP_LINK, .old_dir = 0, .old_name = 1, .dir = 2, .name = 3,
		 .flags = 4, .low = 4),
	DC_SHAPE(DC_CLASS_SYMLINK, DC_OP_SYMLINK, .text = 0, .name = 1),
	DC_SHAPE(DC_CLASS_SYMLINKAT, DC_OP_SYMLINK, .text = 0, .dir = 1, .name = 2),
	DC_SHAPE(DC_CLASS_MKDIR, DC_OP_MKDIR, .name = 0, .low = 1),
	DC_SHAPE(DC_CLASS_MKDIRAT, DC_OP_MKDIR, .dir = 0, .name = 1, .low = 2),
	DC_SHAPE(DC_CLASS_MKNOD, DC_OP_MKNOD, .name = 0, .low = 1, .high = 2),
	DC_SHAPE(DC_CLASS_MKNODAT, DC_OP_MKNOD, .dir = 0, .name = 1, .low = 2, .high = 3),
	DC_SHAPE(DC_CLASS_TRUNCATE, DC_OP_TRUNCATE, .name = 0, .low = 1),
	DC_SHAPE(DC_CLASS_TRUNCATE64, DC_OP_TRUNCATE, .name = 0, .low = 1, .high = 2),
	DC_SHAPE(DC_CLASS_FTRUNCATE, DC_OP_TRUNCATE, .dir = 0, .low = 1),
	DC_SHAPE(DC_CLASS_FTRUNCATE64, DC_OP_TRUNCATE, .dir = 0, .low = 1, .high = 2),
	DC_SHAPE(DC_CLASS_FALLOCATE, DC_OP_ALLOCATE, .dir = 0, .low = 1),
	DC_SHAPE(DC_CLASS_CHMOD, DC_OP_MODE, .name = 0, .low = 1),
	DC_SHAPE(DC_CLASS_FCHMOD, DC_OP_MODE, .dir = 0, .low = 1),
	DC_SHAPE(DC_CLASS_FCHMODAT, DC_OP_MODE, .dir = 0, .name = 1, .low = 2),
	DC_SHAPE(DC_CLASS_FCHMODAT2, DC_OP_MODE, .dir = 0, .name = 1, .low = 2, .flags = 3),
	DC_SHAPE(DC_CLASS_CHOWN, DC_OP_OWNER, .name = 0, .high = 1, .low = 2),
	DC_SHAPE(DC_CLASS_FCHOWN, DC_OP_OWNER, .dir = 0, .high = 1, .low = 2),
	DC_SHAPE(DC_CLASS_FCHOWNAT, DC_OP_OWNER, .dir = 0, .name = 1, .high = 2, .low = 3,
		 .flags = 4),
	DC_SHAPE(DC_CLASS_SETXATTR, DC_OP_SET_XATTR, .name = 0, .text = 1),
	DC_SHAPE(DC_CLASS_FSETXATTR, DC_OP_SET_XATTR, .dir = 0, .text = 1),
	DC_SHAPE(DC_CLASS_SETXATTRAT, DC_OP_SET_XATTR, .dir = 0, .name = 1, .flags = 2, .text = 3),
	DC_SHAPE(DC_CLASS_REMOVEXATTR, DC_OP_REMOVE_XATTR, .name = 0, .text = 1),
	DC_SHAPE(DC_CLASS_FREMOVEXATTR, DC_OP_REMOVE_XATTR, .dir = 0, .text = 1),
	DC_SHAPE(DC_CLASS_REMOVEXATTRAT, DC_OP_REMOVE_XATTR, .dir = 0, .name = 1, .flags = 2,
		 .text = 3),
};
#pragma clang diagnostic pop

/* Of a class from DC_CLASS_ENTRY on. */
static __always_inline const struct dc_shape *shape_of(__u32 class)
{
	const struct dc_shape *shape = NULL;
	__u64 index = class - DC_CLASS_ENTRY;

	/* What is compared must be what is used. */
	asm volatile("" : "+r"(index));
	if (index < DC_CLASSES - DC_CLASS_ENTRY)
		shape = &shapes[index];
	/* The caller has to look at the pointer itself: what the compiler concludes from the class, not
	 * every verifier does. */
	asm volatile("" : "+r"(shape));
	return shape;
}

#endif
