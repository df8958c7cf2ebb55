#!/bin/sh
# Runs before everything else of docker-compose.yml: creates the passwords of Redis and MongoDB at the first start, and
# checks the memory of Redis. Later runs keep what is there.
#
# Each folder is a volume that only the services that need it mount: redis/ Redis and all apps, mongo/ MongoDB and the
# apps that use it, mongo-admin/ MongoDB alone. Inside a volume any user may read.
set -eu

secrets=${1:-/secrets}
# The user that mongod runs as in the official image. It refuses a key that others can read.
mongo_user=${MONGO_USER:-999:999}

fail() {
  echo "setup: $1" >&2
  exit 1
}

# Prints a size such as 2gb in bytes. k, m and g are multiples of 1024.
bytes() {
  size=$(echo "$1" | tr 'A-Z' 'a-z')
  number=${size%%[!0-9]*}
  case ${size#"$number"} in
    '' | b) factor=1 ;;
    k | kb) factor=1024 ;;
    m | mb) factor=1048576 ;;
    g | gb) factor=1073741824 ;;
    *) number= ;;
  esac
  [ -n "$number" ] || fail "$1 is not a size: write it like 2gb"
  echo $((number * factor))
}

# While Redis rewrites its file, it needs memory beside the data. At the limit the system would kill it.
check_memory() {
  memory=$(bytes "$REDIS_MEMORY")
  data=$(bytes "$REDIS_MAXMEMORY")
  [ "$memory" -eq 0 ] && return
  [ "$data" -gt 0 ] && [ $((memory * 2)) -ge $((data * 3)) ] ||
    fail "REDIS_MEMORY ($REDIS_MEMORY) must be at least 1.5 times REDIS_MAXMEMORY ($REDIS_MAXMEMORY): set it higher"
}

# write FILE TEXT: the file is complete or missing, also after a crash.
write() {
  printf '%s\n' "$2" >"$1.new"
  chmod 444 "$1.new"
  mv -f "$1.new" "$1"
}

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

# Creates a password unless it is there.
create() {
  [ -s "$1" ] || write "$1" "$(random)"
}

# Creates the key that mongod requires for logins in a replica set.
create_key() {
  [ -s "$1" ] && return
  rm -f "$1.new"
  random >"$1.new"
  chmod 400 "$1.new"
  chown "$mongo_user" "$1.new"
  mv -f "$1.new" "$1"
}

check_memory
mkdir -p "$secrets/redis" "$secrets/mongo" "$secrets/mongo-admin"
create "$secrets/redis/password"
create "$secrets/mongo/password"
create "$secrets/mongo-admin/password"
create_key "$secrets/mongo-admin/key"

redis=$(cat "$secrets/redis/password")
write "$secrets/redis/url" "redis://:$redis@redis:6379"
write "$secrets/redis/server.conf" "requirepass $redis"
write "$secrets/mongo/url" "mongodb://parley:$(cat "$secrets/mongo/password")@mongo:27017/parley?replicaSet=rs0&authSource=admin"
sync
