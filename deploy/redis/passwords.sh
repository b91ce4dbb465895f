#!/bin/sh
# Writes the passwords of a Redis deployment, new and random, beside this script; what is there stays as it is.
#   parley.env    for Parley, and for the servers
#   servers.env   for the servers only
set -eu
umask 077
cd "$(dirname "$0")"

write() {
    file=$1
    shift
    if [ -e "$file" ]; then
        echo "$file is there already"
        return
    fi
    for name in "$@"; do
        echo "$name=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')"
    done >"$file.new"
    mv "$file.new" "$file"
}

write parley.env PARLEY_REDIS_PASSWORD PARLEY_REDIS_SENTINEL_PASSWORD
write servers.env REDIS_ADMIN_PASSWORD REDIS_REPLICA_PASSWORD REDIS_WATCH_PASSWORD
