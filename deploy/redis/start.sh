#!/bin/sh
# Starts a Redis server or a sentinel in the current folder, which keeps its data.
#   start.sh server [file.conf ...] [-- "replicaof host port"]
#   start.sh sentinel
# The files beside this script are put together with the passwords of the environment. A server's files are made anew at
# each start, but for whom it follows: that is given for the first start, and from then on the sentinels decide it. A
# sentinel's file is its memory and made once.
set -eu
umask 077
from=$(dirname "$0")

# Prints files with each @NAME@ replaced by that variable, which has to be there: letters and digits only.
filled() {
    replace=
    for name in $(cat "$@" | sed -n 's/.*@\([A-Z_]*\)@.*/\1/p' | sort -u); do
        eval "value=\${$name-}"
        case $value in
            '' | *[!A-Za-z0-9]*)
                echo "$name is missing, or is not made of letters and digits only." >&2
                exit 1
                ;;
        esac
        replace="${replace}s/@$name@/$value/g;"
    done
    cat "$@" | sed "$replace"
}

kind=$1
shift
case $kind in
    server)
        filled "$from/users.acl" >users.acl
        files="$from/redis.conf"
        while [ $# -gt 0 ] && [ "$1" != -- ]; do
            files="$files $from/$1"
            shift
        done
        follows=${2-}
        if [ -e redis.conf ]; then
            follows=$(sed -n '/^replicaof /p' redis.conf)
        fi
        # shellcheck disable=SC2086
        filled $files >redis.conf.new
        echo "$follows" >>redis.conf.new
        mv redis.conf.new redis.conf
        exec redis-server "$PWD/redis.conf"
        ;;
    sentinel)
        filled "$from/sentinel.acl" >users.acl
        if [ ! -e sentinel.conf ]; then
            filled "$from/sentinel.conf" >sentinel.conf.new
            mv sentinel.conf.new sentinel.conf
        fi
        exec redis-server "$PWD/sentinel.conf" --sentinel
        ;;
    *)
        echo "usage: start.sh server|sentinel" >&2
        exit 2
        ;;
esac
