#!/usr/bin/env bash
# Usage: environment.sh DIRECTORY STAMP
# Makes a Python environment with everything in requirements.txt and leaves the file STAMP in it when it is complete.
# A directory that this script began and did not finish is made anew; one that it did not begin is only added to.
set -euo pipefail
cd "$(dirname "$0")/.."

directory=$1
stamp=$2
unfinished=$directory/.unfinished

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.11 python3.12 python3.13 python3.14}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "DenseScope needs Python 3.11 or newer: install it, or name it with 'make PYTHON=/path/to/python …'." >&2
    return 1
}

[ ! -e "$stamp" ] || exit 0
python=$(find_python)
if [ -e "$unfinished" ]; then
    rm -rf "$directory"
fi
if [ ! -e "$directory" ]; then
    mkdir -p "$directory"
    touch "$unfinished"
    "$python" -m venv "$directory" || {
        echo "'$python -m venv' fails: Debian and Ubuntu keep it in the package python3-venv." >&2
        exit 1
    }
fi
if [ ! -x "$directory/bin/python" ]; then
    echo "$directory is no Python environment: name another with DENSESCOPE_ENV, or remove it." >&2
    exit 1
fi
echo "Installing requirements.txt into $directory (once; minutes, and gigabytes for PyTorch) …"
"$directory/bin/python" -m pip install --disable-pip-version-check -r requirements.txt
rm -f "$unfinished"
touch "$stamp"
