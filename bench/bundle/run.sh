#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the benchmark of this folder on this machine. Uses nothing of the system but its shell and its kernel: the
# libraries and their loader lie here.

refuse() {
    echo "bench: $1" >&2
    exit 1
}

case $0 in
    */*) here=${0%/*} ;;
    *) here=. ;;
esac
here=$(CDPATH='' cd -P -- "$here" && pwd) || refuse "cannot enter the folder of $0"

# Where there is no uname, the kernel (6.1 or later) may tell.
if ! { system=$(uname -s) && machine=$(uname -m); } 2>/dev/null; then
    system=unknown
    machine=unknown
    if { read -r machine </proc/sys/kernel/arch; } 2>/dev/null; then system=Linux; fi
fi
[ "$system" = Linux ] || refuse "this system is '$system': the benchmark runs on Linux alone"
program=$here/$machine/aft_bench
[ -d "$here/$machine" ] || {
    built=
    for folder in "$here"/*/lib; do
        folder=${folder%/lib}
        built="$built ${folder##*/}"
    done
    refuse "this machine is '$machine': the bundle in $here has programs for${built:- none}; make one that has it"
}
lib=$here/$machine/lib
loader=
for file in "$lib"/ld-linux*; do loader=$file; done
for file in "$loader" "$program" "$here/data"; do
    [ -e "$file" ] || refuse "$file is missing: unpack the archive again"
done
[ -x "$loader" ] ||
    refuse "$loader may not be executed: unpack with tar, which keeps permissions, and not where the mount says noexec"
# The loader takes a list of folders and replaces names in it.
case $lib in
    *[:\;\$]*) refuse "the path of $here has one of the characters : ; \$, which the loader takes apart: rename the folder" ;;
esac

# A library of this system that is put before all others may not fit the C library of the bundle.
unset LD_PRELOAD LD_AUDIT
exec "$loader" --library-path "$lib" "$program" --data="$here/data" --results="$here/results" "$@"
