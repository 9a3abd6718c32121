#!/bin/sh
# deeds.sh HOW BASE: does each deed in its directory below BASE, and says how each ended. HOW is `in` for a
# container whose image has the directories, `host` where they are to be made.
exec 8</opt/deeds.list 9</opt/sockets.list
while read -r deed at <&8; do
	if [ "$1" = host ]; then
		mkdir -p "$2/$at"
	fi
	/opt/deeds "$1" "$2/$at" "$deed"
	echo "deed $deed $?"
done
while read -r name deeds <&9; do
	# shellcheck disable=SC2086 # one argument each
	/opt/net "$1-$name" $deeds
	echo "deed $name $?"
done
