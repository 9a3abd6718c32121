// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* All probes are one object: they share maps and globals. One hook family a file. */
#include "progs/call.h"
#include "progs/datagram.h"
#include "progs/code.h"
#include "progs/exec.h"
#include "progs/life.h"
#include "progs/lsm.h"
#include "progs/network.h"
#include "progs/other.h"
#include "progs/sweep.h"
#include "progs/unix.h"
#include "progs/vfs.h"
#include "progs/uring.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* What Rust has to agree with: named here so that their layout is in the object's BTF. */
struct dc_exec *wire_exec __attribute__((unused));
struct dc_fork *wire_fork __attribute__((unused));
struct dc_exit *wire_exit __attribute__((unused));
struct dc_file_event *wire_file __attribute__((unused));
struct dc_socket_event *wire_socket __attribute__((unused));
struct dc_call *wire_call __attribute__((unused));
struct dc_call_socket *wire_call_socket __attribute__((unused));
struct dc_writer *wire_writer __attribute__((unused));
struct dc_ancestor *wire_ancestor __attribute__((unused));
struct dc_settings *wire_settings __attribute__((unused));
enum dc_class *wire_class __attribute__((unused));
enum dc_call_reads *wire_call_reads __attribute__((unused));
struct dc_container *wire_container __attribute__((unused));
struct dc_budget *wire_budget __attribute__((unused));
