# What the machine does in the place of its tests, where it counts instructions: a loop over a file, on the
# host and in a container, with nothing attached, with programs that do nothing, and with driftd by each hook
# set: with the rules that ship, and asked for all that happens to files.

printf '[sensor]\nevents_per_second = 0\n' >/run/driftd.toml

# turns STATE: a line for each loop.
turns() {
	for what in getppid read write; do
		echo "$1 host $what $(/opt/turns $what 4000 /opt/loop)"
		echo "$1 container $what $(contain /containers "$1-$what" /opt/turns $what 4000 /opt/loop)"
	done
}

# empty STATE HOOK...: the loops beside programs that do nothing, at these hooks.
empty() {
	state=$1
	shift
	rm -f /run/floor /run/floor.out
	mkfifo /run/floor
	/opt/floor "$@" </run/floor >/run/floor.out 2>&1 &
	floor=$!
	exec 4>/run/floor
	while ! grep -q . /run/floor.out; do usleep 100000; done
	if grep -q ready /run/floor.out; then
		turns "$state"
	else
		cat /run/floor.out >&2
	fi
	exec 4>&-
	wait "$floor"
}

# with STATE ARGUMENT...: the loops beside driftd.
with() {
	state=$1
	shift
	driftd run --config /run/driftd.toml --output json "$@" >/run/alerts 2>"/run/$state.log" &
	driftd=$!
	while ! grep -q -w ready "/run/$state.log" && [ -d "/proc/$driftd" ] &&
		! grep -q zombie "/proc/$driftd/status"; do
		usleep 100000
	done
	turns "$state"
	kill -TERM "$driftd"
	wait "$driftd"
}

# Where the sets look at opens, reads and writes.
ends="fexit:do_dentry_open fentry:fd_install"
{
	turns nothing
	empty empty raw:sys_enter raw:sys_exit
	for set in $(echo "$hooks" | tr , " "); do
		case $set in
		fentry) empty fentry-empty fentry:security_file_open fentry:security_file_permission $ends ;;
		lsm) empty lsm-empty lsm:file_open lsm:file_permission $ends ;;
		esac
		with "$set-rules" --hooks "$set"
		with "$set" --hooks "$set" --events-all /run/events --rules /run/fields.yaml
		rm -f /run/events
	done
} 2>/run/overhead.errors | section overhead
cat /run/overhead.errors /run/*.log | section overhead.log
