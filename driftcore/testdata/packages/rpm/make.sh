#!/bin/bash
# Makes the RPM databases beside this file, by the real tools: see README.md.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Debian builds rpm without ndb. This wheel has an rpm 4.16 with it, and with the reader of Berkeley DB.
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q install --no-deps rpm-inspector-rpm==4.16.1.3.210404
other=$(echo "$work"/venv/lib/python3*/site-packages/rpm_inspector_rpm/bin/rpm)

spec() {
    cat > "$work/$1.spec"
    rpmbuild --quiet --define "_topdir $work/top" --define "_buildhost test" \
        --define "_binary_filedigest_algorithm ${2:-8}" --target "${3:-noarch}" -bb "$work/$1.spec"
}

spec drift-tool <<'SPEC'
Name: drift-tool
Epoch: 2
Version: 1.4~rc1
Release: 3
Summary: A program, its configuration and a file that it writes later
License: Apache-2.0
%description
%{summary}
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/etc
echo tool > %{buildroot}/usr/bin/drift-tool
ln -s drift-tool %{buildroot}/usr/bin/drift-link
echo conf > %{buildroot}/etc/drift-tool.conf
%files
%attr(755,root,root) /usr/bin/drift-tool
/usr/bin/drift-link
%config(noreplace) /etc/drift-tool.conf
%ghost /var/log/drift-tool.log
SPEC

spec drift-old 1 x86_64 <<'SPEC'
Name: drift-old
Version: 0.9
Release: 1
Summary: Digests of an old kind
License: Apache-2.0
%description
%{summary}
%install
mkdir -p %{buildroot}/usr/lib
echo old > %{buildroot}/usr/lib/drift-old
%files
%attr(644,root,root) /usr/lib/drift-old
SPEC

spec drift-many <<'SPEC'
Name: drift-many
Version: 3
Release: 1
Summary: A header of several pages
License: Apache-2.0
%description
%{summary}
%install
mkdir -p %{buildroot}/usr/share/drift-many
for number in $(seq 100 159); do
    echo $number > %{buildroot}/usr/share/drift-many/file-$number
done
%files
/usr/share/drift-many
SPEC

install() {
    local rpm=$1 backend=$2
    shift 2
    mkdir -p "$work/$backend"
    "$rpm" --rcfile /usr/lib/rpm/rpmrc --macros /usr/lib/rpm/macros --root "$work/$backend" --quiet \
        --define "_db_backend $backend" --dbpath /var/lib/rpm -i --nodeps --nosignature --ignorearch \
        --ignoreos "$@"
}

# SQLite: pages as small as can be, so that these few packages make a tree with overflow pages; and one
# package more that is in the write-ahead log alone, as after a kill.
install rpm sqlite "$work"/top/RPMS/*/drift-{tool,old}-*.rpm
python3 - "$work/sqlite/var/lib/rpm/rpmdb.sqlite" "$here" <<'PYTHON'
import shutil
import sqlite3
import sys

path, here = sys.argv[1:]
db = sqlite3.connect(path, isolation_level=None)
db.execute("PRAGMA journal_mode = DELETE")
db.execute("PRAGMA page_size = 512")
db.execute("VACUUM")
db.execute("PRAGMA journal_mode = WAL")
db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
PYTHON
cp "$work/sqlite/var/lib/rpm/rpmdb.sqlite" "$here/"
install rpm sqlite "$work"/top/RPMS/*/drift-many-*.rpm
python3 - "$work/sqlite/var/lib/rpm/rpmdb.sqlite" "$here" <<'PYTHON'
import shutil
import sqlite3
import sys

path, here = sys.argv[1:]
full = sqlite3.connect(path).execute("SELECT hnum, blob FROM Packages ORDER BY hnum DESC").fetchone()
copy = path + ".copy"
shutil.copy(here + "/rpmdb.sqlite", copy)
db = sqlite3.connect(copy, isolation_level=None)
db.execute("PRAGMA wal_autocheckpoint = 0")
db.execute("INSERT INTO Packages VALUES (?, ?)", full)
shutil.copy(copy + "-wal", here + "/rpmdb.sqlite-wal")
PYTHON

# ndb
install "$other" ndb "$work"/top/RPMS/*/drift-{tool,old,many}-*.rpm
cp "$work/ndb/var/lib/rpm/Packages.db" "$here/"

# Berkeley DB: the headers as SQLite has them, loaded by Berkeley DB's own tool as rpm would store
# them; then read by rpm's own reader.
python3 - "$work/sqlite/var/lib/rpm/rpmdb.sqlite" > "$work/dump" <<'PYTHON'
import sqlite3
import struct
import sys

print("VERSION=3\nformat=bytevalue\ntype=hash\ndb_pagesize=4096\nHEADER=END")
rows = sqlite3.connect(sys.argv[1]).execute("SELECT hnum, blob FROM Packages").fetchall()
rows.append((0, struct.pack("=I", max(number for number, _ in rows))))
for number, blob in rows:
    print(" " + struct.pack("=I", number).hex())
    print(" " + blob.hex())
print("DATA=END")
PYTHON
mkdir -p "$work/bdb"
db5.3_load -f "$work/dump" "$work/bdb/Packages"
cp "$work/bdb/Packages" "$here/"
"$other" --rcfile /usr/lib/rpm/rpmrc --macros /usr/lib/rpm/macros --define "_db_backend bdb_ro" \
    --dbpath "$work/bdb" -qa --queryformat '%{nevra}\n' | sort
ls -l "$here"
