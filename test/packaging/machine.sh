# A machine of its own for a test: this one's files under a layer that nobody keeps, and its own
# processes, network, users and /run. $1 is where the layer is mounted, $2 a folder that is seen
# there as /mnt; what else is given runs as its first process. For root, in namespaces of
# unshare(1). Nothing of it reaches this machine: what belongs to the kernel is read-only, and the
# devices are the harmless ones.
set -e
root=$1/root
shared=$2
shift 2

mount --make-rprivate /
mount -t tmpfs none "${root%/root}"
mkdir "${root%/root}/upper" "${root%/root}/work" "$root"
mount -t overlay overlay "$root" \
  -o "lowerdir=/,upperdir=${root%/root}/upper,workdir=${root%/root}/work"

mount -o bind,ro "$shared" "$root/mnt"
mount -t proc proc "$root/proc"
mount -o bind,ro /proc/sys "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 none "$root/sys/fs/cgroup"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 none "$root/run"
mount -t tmpfs -o mode=1777 none "$root/tmp"
mount -t tmpfs -o mode=755 none "$root/dev"
for device in null zero full random urandom tty; do
  : >"$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/2 "$root/dev/stderr"

# A node as Debian's package has it, wherever the one that runs here is.
if ! [ -e "$root/usr/bin/node" ]; then ln -s "$NODE" "$root/usr/bin/node"; fi
ip link set lo up
# Not chroot(8): systemd gives its services namespaces of mounts, which need a root that is one.
cd "$root"
mkdir -p "$root/run/outside"
pivot_root . run/outside
umount -l /run/outside
rmdir /run/outside
exec "$@" </dev/null
