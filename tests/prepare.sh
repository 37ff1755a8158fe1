#!/bin/sh
# Install what the tests need beside Python: curl, Node.js with the Comunica client and axe-core, Chromium, Virtuoso, HAProxy. As root through apt; otherwise it says what to run.
set -eu
cd "$(dirname "$0")"
missing=""
command -v curl >/dev/null 2>&1 || missing="curl"
command -v npm >/dev/null 2>&1 || missing="$missing nodejs npm"
command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || missing="$missing chromium"
command -v haproxy >/dev/null 2>&1 || missing="$missing haproxy"
command -v virtuoso-t >/dev/null 2>&1 || missing="$missing virtuoso-opensource-7-bin"
if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        # shellcheck disable=SC2086 # a list of packages
        apt-get update -q >&2 && apt-get install -y -q $missing >&2
    else
        echo "Tests of real clients, browsers and engines are skipped. Install what they need with: apt-get install $missing" >&2
    fi
fi
command -v npm >/dev/null 2>&1 || exit 0
# npm ci removes and lays everything anew: run it only when the lock file has changed.
if ! cmp -s clients/package-lock.json clients/node_modules/.solnum-lock 2>/dev/null; then
    (cd clients && npm ci --no-audit --no-fund --loglevel=error >&2)
    cp clients/package-lock.json clients/node_modules/.solnum-lock
fi
