#!/bin/sh
# Install what the tests need beside Python: Node.js and the Comunica client. As root through apt; otherwise it says what to run.
set -eu
cd "$(dirname "$0")"
if ! command -v npm >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        apt-get update -q >&2 && apt-get install -y -q nodejs npm >&2
    else
        echo "Node.js is missing, the Comunica tests are skipped. Install it with: apt-get install nodejs npm" >&2
        exit 0
    fi
fi
# npm ci removes and lays everything anew: run it only when the lock file has changed.
if ! cmp -s clients/package-lock.json clients/node_modules/.solnum-lock 2>/dev/null; then
    (cd clients && npm ci --no-audit --no-fund --loglevel=error >&2)
    cp clients/package-lock.json clients/node_modules/.solnum-lock
fi
