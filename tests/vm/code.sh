#!/bin/sh
# code.sh SET: runs code that no exec names, each deed in a directory of its own, and says how each ended.
deed() {
	name=$1
	shift
	mkdir -p "/code/$name"
	cd "/code/$name" || exit 1
	"$@"
	echo "deed $name $?"
}

library() {
	/opt/deeds in "/deeds/$1" "$1"
}

script() {
	echo true >x
	"$@"
}

shebang() {
	printf '#!/bin/sh\ntrue\n' >x
	chmod 755 x
	./x
}

stdin() {
	echo true >x
	sh <x
}

sourced() {
	echo true >x
	sh -c '. ./x'
}

# A dropped shell. Whether an image file is at its place takes a moment to find out.
tainted() {
	cat /bin/busybox >sh
	chmod 755 sh
	./sh -c "busybox sleep 2; /bin/p-image case=$1/tainted; true"
}

untainted() {
	/bin/sh -c "/bin/p-image case=$1/untainted; true"
}

deed map_code library map_code
deed protect_code library protect_code
deed protect_two_code library protect_two_code
deed map_code_harmless library map_code_harmless
deed argument script sh ./x
deed shebang shebang
deed stdin stdin
deed sourced sourced
deed read script cat x
deed tainted tainted "$1"
deed untainted untainted "$1"
