#!/bin/busybox sh
# First program of the machine: loads what the root disk needs, then goes over to it. The root
# must be a real mount: pivot_root does not work from rootfs.
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
for module in $(/bin/busybox cat /modules/disk); do
	/bin/busybox insmod "/modules/$module" || echo "initramfs: cannot load $module"
done
tries=0
while [ ! -b /dev/vda ] && [ "$tries" -lt 100 ]; do
	/bin/busybox usleep 50000
	tries=$((tries + 1))
done
/bin/busybox mount -t ext4 /dev/vda /root || echo "initramfs: cannot mount /dev/vda"
/bin/busybox cp -r /modules /root/
/bin/busybox umount /proc
/bin/busybox umount /dev
exec /bin/busybox switch_root /root /init
