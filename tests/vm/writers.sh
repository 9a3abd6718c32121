#!/bin/sh
# writers.sh SET: runs files that somebody wrote, while driftd knows no more than its shipped rules ask for, and
# says how each ended.
mkdir -p /written
cd /written || exit 1

# run FILE CASE: runs a copy of the image's program, which ends so.
run() {
	"$1" "case=$2"
	[ $? = 42 ]
}

# What is read afterwards is not written.
copied() {
	busybox cp /bin/p-image copied && cat copied >/dev/null && run ./copied "$1/copied"
}

moved() {
	busybox cp /bin/p-image part && busybox mv part moved && run ./moved "$1/moved"
}

changed() {
	echo x >>/bin/p-appended && run /bin/p-appended "$1/changed"
}

# Opened without a name, linked afterwards: a script, whatever the shell makes of it.
unnamed() {
	/opt/deeds in /deeds/tmpfile tmpfile || return
	sh /deeds/tmpfile/linked "case=$1/unnamed"
	[ $? = 127 ]
}

# By the host, when it is asked to.
outside() {
	: >/data/asks
	while [ ! -e /data/given ]; do busybox usleep 50000; done
	busybox rm /data/asks /data/given
	run /given "$1/outside"
}

for name in copied moved changed unnamed outside; do
	"$name" "$1"
	echo "deed $name $?"
done
