# shellcheck shell=sh
# Sourced by the other scripts: the virtual environment, and what is installed in it.
# Callers stand in the project's folder already.

say() { printf '%s\n' "== $*"; }

find_python() {
    for candidate in python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    say "Python 3.11 or newer is needed, and was not found" >&2
    return 1
}

make_venv() {
    if .venv/bin/python -c 'import pip' 2>/dev/null; then return; fi
    python=$(find_python)
    say "making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv || {
        say "no virtual environment could be made; on Debian: apt-get install python3-venv" >&2
        return 1
    }
}

lock_stamp() { printf '.venv/.installed-%s' "$1"; }

# A lock is installed again only when its bytes differ from those installed last.
install_lock() {
    if cmp -s "$1" "$(lock_stamp "$1")"; then return; fi
    say "installing $1 (a minute or two the first time)"
    rm -f "$(lock_stamp "$1")"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$1"
    cp "$1" "$(lock_stamp "$1")"
}

# The lock for development holds every line of the one for running (tests/unit/test_toolchain.py
# keeps it so), so that installing it serves both.
install_development() {
    install_lock requirements-dev.lock
    cp requirements.lock "$(lock_stamp requirements.lock)"
}
