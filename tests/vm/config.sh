# Sourced by the machine: two containers of runc's, below version 2 of control groups, while driftd compares them with
# their bundles once, and again when somebody writes to a limit. One of them is changed from outside, the other is not.

printf '[config]\ninterval = 86400\n' >/run/config.toml
disk=$(cat /sys/block/vda/dev)

# bundle ID: what a container with limits is made of.
bundle() {
	bundle=/run/containerd/io.containerd.runtime.v2.task/k8s.io/$1
	own=/containers/config/$1
	mkdir -p "$bundle/rootfs" "$own/upper" "$own/work"
	mount -t overlay overlay -o "lowerdir=/containers/image2:/containers/image1,upperdir=$own/upper,workdir=$own/work" \
		"$bundle/rootfs"
	sed "s/@ID@/$1/; s/\"@MAJOR@\"/${disk%:*}/; s/\"@MINOR@\"/${disk#*:}/" /opt/bundle.json >"$bundle/config.json"
}

# await TEXT COUNT: waits until so many events have the text, but not for ever; once in vain, not again.
tries=0
await() {
	while [ "$(grep -c "$1" /run/config.events)" -lt "$2" ] && [ "$tries" -lt 300 ]; do
		usleep 200000
		tries=$((tries + 1))
	done
	if [ "$tries" -lt 300 ]; then tries=0; fi
}

# limit FILE VALUE ITEM ORIGINAL: sets a limit, and once that is told, sets it back, which is told as well.
limit() {
	echo "$2" >"/sys/fs/cgroup/driftcore/$drifts/$1"
	await "\"item\":\"$3\"" 1
	echo "$4" >"/sys/fs/cgroup/driftcore/$drifts/$1"
	await "\"item\":\"$3\"" 2
}

drifts=$(printf '%064x' 13)
twin=$(printf '%064x' 14)
driftd run --config /run/config.toml --events /run/config.events --output json >/run/alerts 2>/run/config.log &
driftd=$!
await_driftd config
for id in "$drifts" "$twin"; do
	bundle "$id"
	runc --root /run/runc run --detach --pid-file "$bundle/init.pid" --bundle "$bundle" "$id" </dev/null >"/run/runc.log" 2>&1
	echo "runc=$?" >>/run/config.facts
	cat /run/runc.log >>/run/config.log
done
# Each was compared, and its limits are watched.
await '"item":"LD_AUDIT"' 2
limit memory.max 83886080 memory.limit 67108864
limit memory.low 1048576 memory.reservation 0
limit cpu.max '20000 100000' cpu.quota '50000 100000'
limit cpu.weight 50 cpu.weight "$(cat "/sys/fs/cgroup/driftcore/$twin/cpu.weight")"
limit cpuset.cpus 0 cpuset.cpus 0-1
limit pids.max 60 pids.limit 50
limit io.max "$disk wbps=2097152" io.write_bps "$disk wbps=1048576"
limit memory.high 83886080 unified.memory.high max
kill -TERM "$driftd"
wait "$driftd"
echo "exit=$?" >>/run/config.facts
for id in "$drifts" "$twin"; do
	runc --root /run/runc delete --force "$id"
done
section config.facts </run/config.facts
section config.events </run/config.events
section config.log </run/config.log
