#!/bin/sh
# Starts Redis with the users of users.acl:  sh start.sh CONF SECRETS RUN [redis-server options]
#   CONF     folder of redis.conf and users.acl
#   SECRETS  folder of redis_gateway_password, and if wanted redis_reader_password and redis_operator_password
#   RUN      folder that may be written, for the list of users with the digests of their passwords
# REDIS_KEY_PREFIX is the gateway's: its user reaches no other keys.
set -eu
umask 077
conf=$1 secrets=$2 run=$3
shift 3
prefix=${REDIS_KEY_PREFIX:-codex-gateway:}

case $prefix in
  '' | *[!A-Za-z0-9:._-]*)
    echo "start.sh: REDIS_KEY_PREFIX may have letters, digits and : . _ - only" >&2
    exit 1
    ;;
esac
if [ ! -s "$secrets/redis_gateway_password" ]; then
  echo "start.sh: $secrets/redis_gateway_password is missing or empty" >&2
  exit 1
fi

# Prints the digest that stands for a password in a list of users.
digest() {
  tr -d '\r\n' <"$1" | sha256sum | cut -c 1-64
}

# Commands for sed: comments go, the prefix comes, each user gets its digest or goes.
edits="/^#/d;s/@PREFIX@/$prefix/g"
for role in gateway reader operator; do
  file=$secrets/redis_${role}_password
  mark=$(echo "$role" | tr a-z A-Z)
  if [ -s "$file" ]; then edits="$edits;s/@$mark@/$(digest "$file")/"; else edits="$edits;/^user $role /d"; fi
done
sed -e "$edits" "$conf/users.acl" >"$run/users.acl"

exec redis-server "$conf/redis.conf" --aclfile "$run/users.acl" "$@"
