# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What every script begins with.
set -euo pipefail

# Nothing goes on behind a script that has ended: see watcher.py, from which it begins anew.
[[ -v AFT_SCRIPT_$$ ]] || ! command -v python3 >/dev/null ||
    exec python3 -IS "$(dirname "${BASH_SOURCE[0]}")/watcher.py" "$BASH" "$0" "$@"

# Ctrl-C reaches what the script runs as well. A program that ends itself on it with a status would be one that failed, and
# the script go on.
end_on_interrupt() { trap 'exit 130' INT; }
end_on_interrupt

# bash calls this one; CMake, pytest and others say by themselves what they lack.
command_not_found_handle() {
    echo "${0##*/}: $1 is missing: scripts/setup installs it, or says how" >&2
    return 127
}
