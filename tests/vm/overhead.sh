# What the machine does in the place of its tests, where it counts instructions: a loop over a file, on the
# host and in a container, with nothing attached, with programs that do nothing at each system call, and
# with driftd asked for all that happens to files, by each hook set.

printf '[sensor]\nevents_per_second = 0\n' >/run/driftd.toml

# turns STATE: a line for each loop.
turns() {
	for what in getppid read write; do
		echo "$1 host $what $(/opt/turns $what 4000 /opt/loop)"
		echo "$1 container $what $(contain /containers "$1-$what" /opt/turns $what 4000 /opt/loop)"
	done
}

{
	turns nothing
	mkfifo /run/floor
	/opt/floor </run/floor >/run/floor.out &
	floor=$!
	exec 4>/run/floor
	while ! grep -q ready /run/floor.out; do usleep 100000; done
	turns empty
	exec 4>&-
	wait "$floor"
	for set in $(echo "$hooks" | tr , " "); do
		start "$set" --hooks "$set"
		turns "$set"
		kill -TERM "$driftd"
		wait "$driftd"
		rm -f "/run/$set.events"
	done
} | section overhead
section overhead.log <"/run/$set.log"
