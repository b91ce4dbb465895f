#!/bin/sh
# Makes a Cluster of servers, three masters and their replicas; does nothing where they are one already.
#   form-cluster.sh host:port ...
set -eu
export REDISCLI_AUTH="$REDIS_ADMIN_PASSWORD"

if redis-cli --user admin -h "${1%:*}" -p "${1##*:}" cluster info | grep -q '^cluster_slots_assigned:16384'; then
    echo "The Cluster is there."
    exit
fi
exec redis-cli --user admin --cluster create "$@" --cluster-replicas 1 --cluster-yes
