/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that programs at hooks cost: some that do nothing.
 *
 *   floor [HOOK...]
 *
 * HOOK is raw:TRACEPOINT, fentry:FUNCTION, fexit:FUNCTION or lsm:HOOK; where none is named, the entry and
 * the exit of system calls. Says "ready" when they are attached, and takes them off when its standard
 * input ends.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* The kernel's types as it shows them; NULL where it does not. */
static const char *kernel_types(size_t *size)
{
	int file = open("/sys/kernel/btf/vmlinux", O_RDONLY);
	struct stat about;
	size_t read_so_far = 0;
	char *types = NULL;
	ssize_t part;

	if (file >= 0 && !fstat(file, &about))
		types = malloc(about.st_size);
	while (types && read_so_far < (size_t)about.st_size) {
		part = read(file, types + read_so_far, about.st_size - read_so_far);
		if (part <= 0)
			break;
		read_so_far += part;
	}
	if (file >= 0)
		close(file);
	*size = read_so_far;
	return types;
}

/* What follows a type's header. */
static size_t rest_of(const struct btf_type *type)
{
	size_t count = BTF_INFO_VLEN(type->info);

	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_DATASEC:
	case BTF_KIND_ENUM64:
		return count * 12;
	case BTF_KIND_ENUM:
	case BTF_KIND_FUNC_PROTO:
		return count * 8;
	}
	return 0;
}

/* The number of a function's type; 0 where there is none. */
static uint32_t function_type(const char *name)
{
	size_t size;
	const char *types = kernel_types(&size);
	const struct btf_header *header = (const void *)types;
	uint32_t number = 0, found = 0;
	size_t at;

	if (!types || size < sizeof(*header))
		return 0;
	const char *texts = types + header->hdr_len + header->str_off;
	size_t begin = header->hdr_len + header->type_off;

	for (at = begin; at < begin + header->type_len && !found;) {
		const struct btf_type *type = (const void *)(types + at);

		number++;
		if (BTF_INFO_KIND(type->info) == BTF_KIND_FUNC &&
		    !strcmp(texts + type->name_off, name))
			found = number;
		at += sizeof(*type) + rest_of(type);
	}
	free((void *)types);
	return found;
}

/* Attached as long as the descriptor that it returns is open. */
static int attach(const char *hook)
{
	const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_TRACING,
		.insns = (uintptr_t)nothing,
		.insn_cnt = 2,
		.license = (uintptr_t)"Dual BSD/GPL",
	};
	union bpf_attr open = {};
	const char *name = strchr(hook, ':');
	char function[128];

	if (!name++)
		return -1;
	if (!strncmp(hook, "raw:", 4)) {
		load.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
		open.raw_tracepoint.name = (uintptr_t)name;
	} else if (!strncmp(hook, "lsm:", 4)) {
		load.prog_type = BPF_PROG_TYPE_LSM;
		load.expected_attach_type = BPF_LSM_MAC;
		snprintf(function, sizeof(function), "bpf_lsm_%s", name);
		load.attach_btf_id = function_type(function);
	} else {
		load.expected_attach_type =
			strncmp(hook, "fexit:", 6) ? BPF_TRACE_FENTRY : BPF_TRACE_FEXIT;
		load.attach_btf_id = function_type(name);
	}
	open.raw_tracepoint.prog_fd = bpf(BPF_PROG_LOAD, &load);
	if ((int)open.raw_tracepoint.prog_fd < 0)
		return -1;
	return bpf(BPF_RAW_TRACEPOINT_OPEN, &open);
}

int main(int argc, char **argv)
{
	static char *of_calls[] = {"raw:sys_enter", "raw:sys_exit"};
	char **hooks = argc > 1 ? argv + 1 : of_calls;
	int count = argc > 1 ? argc - 1 : 2;
	char byte;

	for (int i = 0; i < count; i++)
		if (attach(hooks[i]) < 0) {
			perror(hooks[i]);
			return 1;
		}
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
