#!/usr/bin/env bash
# Makes .venv from the lock. Safe to repeat: does nothing when .venv already holds exactly this lock and this project.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

lock=requirements/cpu.txt
torch=2.13.0
stamp=.venv/keepwise-setup
wanted=$(cat "$lock" pyproject.toml requirements/setup.sh <(pwd) | sha256sum)
[[ -f $stamp && -x .venv/bin/keepwise && $(<"$stamp") == "$wanted" ]] && exit 0

fail() { echo "setup: $*" >&2; exit 1; }

find_python() { # the first interpreter of 3.11, for which the lock is made, else any newer one
    local candidate
    for candidate in ${PYTHON:-python3.11 python3 python}; do
        "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && { echo "$candidate"; return; }
    done
    for candidate in ${PYTHON:-python3 python python3.12 python3.13}; do
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        echo "setup: no Python 3.11; the lock is made for it and may not install on $("$candidate" -V)" >&2
        echo "$candidate"
        return
    done
    [[ -n ${PYTHON:-} ]] && fail "PYTHON=$PYTHON does not run as Python 3.11 or newer"
    fail "Python 3.11 or newer is needed, found $(python3 -V 2>&1 || echo none); install it, or name it: make setup PYTHON=python3.11"
}

make_venv() {
    local python
    python=$(find_python)
    echo "setup: making .venv with $("$python" -V)"
    # Debian ships Python without ensurepip; its own pip can fill the environment then.
    "$python" -m venv .venv 2>/dev/null && return
    "$python" -m venv --clear --without-pip .venv ||
        fail "$python cannot make a virtual environment; install its venv module (Debian: apt install python3-venv)"
    "$python" -m pip --python .venv/bin/python install --quiet pip ||
        fail "$python has neither ensurepip nor a pip of 22.3 or newer; install its venv module (Debian: apt install python3-venv)"
}

.venv/bin/python -m pip --version >/dev/null 2>&1 || make_venv
.venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "the .venv here has $(.venv/bin/python -V), 3.11 or newer is needed; remove it (make clean) and try again"
rm -f "$stamp"
pip=(.venv/bin/python -m pip --disable-pip-version-check --no-input)

# Torch first and alone: the wheel on the default index is the CUDA build, gigabytes of it. PyTorch's own index of CPU
# wheels is asked only when pip does not find the CPU build where it already looks, as an extra index that does not
# answer costs seconds a package.
echo "setup: torch $torch for CPU"
if ! found=$("${pip[@]}" install --quiet --no-deps --no-compile "torch==$torch+cpu" 2>&1); then
    echo "setup: not found where pip looks; asking PyTorch's own index of CPU wheels"
    "${pip[@]}" install --no-deps --no-compile --retries 2 --index-url https://download.pytorch.org/whl/cpu "torch==$torch+cpu" || {
        echo "$found" >&2
        fail "torch $torch for CPU could not be installed from either place; the messages above say why"
    }
fi

total=$(grep -c == "$lock")
echo "setup: $total packages of $lock"
"${pip[@]}" install --progress-bar off --no-deps --no-compile --requirement "$lock" | awk -v total="$total" '
    /^(Collecting|Processing|Requirement already)/ { n++; if (n % 20 == 0 || n == total) print "setup: fetched " n " of " total }
    /^Installing collected/ { print "setup: unpacking" }
    { fflush() }'
# pip compiles thirty thousand modules on one core, which takes longer than all else. Some are templates, no Python;
# packages' own tests, a seventh of all, are not run here.
echo "setup: compiling"
.venv/bin/python -m compileall -qq -j 0 -x 'site-packages/.*/tests?/' "$PWD/.venv/lib" || true
"${pip[@]}" install --quiet --no-deps --no-build-isolation --editable .
echo "$wanted" >"$stamp"
echo "setup: done; .venv/bin/keepwise doctor checks the installation"
