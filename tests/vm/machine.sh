#!/bin/sh
# The machine: asks driftd in every order of start, makes containers, and writes what was seen
# to the second serial port, in sections between markers.
export PATH=/bin:/sbin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
# The filesystems of tracing and BPF are there on any machine with systemd.
mount -t tracefs tracefs /sys/kernel/tracing
mount -t bpf bpf /sys/fs/bpf
mount -t securityfs securityfs /sys/kernel/security
ip link set lo up
stty -F /dev/ttyS1 raw -echo
exec 3>/dev/ttyS1

section() {
	echo "@@begin $1" >&3
	cat >&3
	echo "@@end $1" >&3
}

present() {
	if [ -e "$2" ]; then echo "$1=yes"; else echo "$1=no"; fi
}

# What is known of a process: read from the kernel's own structures, which differ.
cat >/run/fields.yaml <<'EOF'
- rule: fields
  desc: prints what is known of a process
  condition: evt.type = execve and proc.args contains "case="
  priority: INFO
  output: >-
    %proc.args %proc.vpid %proc.pvpid %thread.vtid %proc.sid %proc.vpgid %proc.is_sid_leader
    %proc.is_vpgid_leader %proc.is_pgid_leader %proc.sname %proc.sid.exepath %proc.vpgid.name
    %thread.cap_effective %thread.cap_permitted %thread.cap_inheritable %proc.is_exe_writable
    %proc.pid.ts %proc.pidns_init_start_ts
- rule: descriptor
  desc: prints by which call a file was opened
  condition: evt.type = openat2 and evt.is_open_write = true and fd.num >= 0 and proc.args endswith " openat2"
  priority: INFO
  output: call=%evt.type file=%fd.name
EOF

# However slow the machine is, what can be proved is.
printf '[proof]\nmax_milliseconds = 60000\n' >/run/driftd.toml

# await_driftd ORDER: waits until driftd is ready or has ended. However long it takes: whoever runs the machine
# ends it when it takes too long.
await_driftd() {
	while ! grep -q -w ready "/run/$1.log" && [ -d "/proc/$driftd" ] &&
		! grep -q zombie "/proc/$driftd/status"; do
		usleep 100000
	done
}

# start ORDER ARGUMENT...: starts driftd and waits until it is ready or has ended.
start() {
	order=$1
	shift
	driftd run --config /run/driftd.toml --events-all "/run/$order.events" --rules /run/fields.yaml --output json "$@" >"/run/$order.alerts" 2>"/run/$order.log" &
	driftd=$!
	await_driftd "$order"
}

# stop ORDER: ends driftd, which drains first, and reports the order's sections.
stop() {
	kill -TERM "$driftd"
	wait "$driftd"
	echo "exit=$?" >>"/run/$1.facts"
	section "$1.facts" <"/run/$1.facts"
	section "$1.log" <"/run/$1.log"
	grep '"rule":"fields"' "/run/$1.alerts" | section "$1.fields"
	grep '"rule":"descriptor"' "/run/$1.alerts" | section "$1.descriptors"
	section "$1.acts" <"/run/$1.acts"
	if [ -f "/run/$1.events" ]; then
		section "$1.events" <"/run/$1.events"
	fi
}

host() {
	/bin/p "case=$1/host"
	unshare -m /bin/p "case=$1/host-private-mounts"
}

{
	echo "release=$(uname -r)"
	present btf /sys/kernel/btf/vmlinux
	present overlay_loaded_at_boot /sys/module/overlay
} | section facts

if [ -n "$overhead" ]; then
	# shellcheck source=/dev/null
	. /bin/overhead.sh
	echo "@@done" >&3
	poweroff -f
fi

# 1. Without overlay: nothing can load the module.
if [ -x /bin/driftd ]; then
	echo /bin/false >/proc/sys/kernel/modprobe
	timeout 60 driftd run --output json >/run/without.out 2>&1
	echo "exit=$?" | section without.facts
	section without.log </run/without.out
	echo /sbin/modprobe >/proc/sys/kernel/modprobe
fi

# 2. Cold: driftd comes first; overlay is loaded when somebody mounts one.
if [ -x /bin/driftd ]; then
	start cold
	host cold
	contain /containers cold /bin/acts case=cold/init run >/run/cold.acts 2>&1
	stop cold
else
	contain /containers cold /bin/acts case=cold/init run >/run/cold.acts 2>&1
	section cold.acts </run/cold.acts
fi
{
	present overlay_loaded /sys/module/overlay
	present overlay_btf /sys/kernel/btf/overlay
} | section overlay

# 3. Warm: overlay is loaded and a container with a dropped program runs when driftd comes.
if [ -x /bin/driftd ]; then
	contain /containers stay /bin/acts case=warm/stay-init wait >/run/stay.acts 2>&1 &
	stay=$!
	tries=0
	while [ ! -e /containers/volume/started ] && [ "$tries" -lt 200 ]; do
		usleep 50000
		tries=$((tries + 1))
	done
	start warm
	host warm
	contain /containers warm /bin/acts case=warm/init run >/run/warm.acts 2>&1
	: >/containers/volume/stop
	wait "$stay"
	cat /run/stay.acts >>/run/warm.acts
	stop warm
fi

# 4. What is done to files and sockets, in a container and on the host, as each hook set sees it.
if [ -x /bin/driftd ]; then
	for set in $(echo "$hooks" | tr , " "); do
		start "$set" --hooks "$set"
		contain /containers "$set" /bin/sh /opt/deeds.sh in /deeds >"/run/$set.acts" 2>&1
		contain /containers "$set-code" /bin/sh /opt/code.sh "$set" >/run/code.acts 2>&1
		sh /opt/deeds.sh host "/twin-$set" >/run/twins.acts 2>&1
		stop "$set"
		section "$set.twins" </run/twins.acts
		section "$set.code" </run/code.acts
	done
fi

# 5. Who wrote what runs, with no more than the shipped rules ask for.
if [ -x /bin/driftd ]; then
	for set in $(echo "$hooks" | tr , " "); do
		driftd run --config /run/driftd.toml --hooks "$set" --output json >/run/alerts 2>"/run/$set-writers.log" &
		driftd=$!
		await_driftd "$set-writers"
		contain /containers "$set-writers" /bin/sh /opt/writers.sh "$set" >/run/acts 2>&1 &
		container=$!
		while [ ! -e /containers/volume/asks ] && [ -d "/proc/$container" ]; do usleep 50000; done
		busybox cp /bin/p "/containers/$set-writers/merged/given"
		: >/containers/volume/given
		wait "$container"
		kill -TERM "$driftd"
		wait "$driftd"
		section "$set.writers" </run/acts
		section "$set.writers.log" <"/run/$set-writers.log"
		section "$set.writers.alerts" </run/alerts
	done
fi

# 6. How containers are limited, against what their bundles say.
if [ -x /bin/driftd ]; then
	# shellcheck source=/dev/null
	. /bin/config.sh
fi

echo "@@done" >&3
poweroff -f
