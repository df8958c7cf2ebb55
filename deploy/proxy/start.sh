#!/bin/sh
# Starts nginx as Parley's reverse proxy: fills in nginx.conf.template, which is beside this file, from the environment.
# Every setting is optional. docs/operating.md describes them.
set -eu

fail() {
  echo "proxy: $1" >&2
  exit 1
}

# setting NAME DEFAULT CHARACTERS: prints the value. It may hold only these characters, so that it is one value in
# nginx's configuration and nothing else.
setting() {
  eval "value=\${$1:-}"
  [ -n "$value" ] || value=$2
  case $value in
    *[!$3]*) fail "$1 has a character that isn't allowed: see docs/operating.md for its form" ;;
  esac
  echo "$value"
}

# number NAME DEFAULT: prints a whole number of at least 1.
number() {
  value=$(setting "$1" "$2" 0-9)
  [ "$value" -ge 1 ] || fail "$1 must be a whole number of at least 1"
  echo "$value"
}

at_most() { if [ "$1" -gt "$2" ]; then echo "$2"; else echo "$1"; fi; }

# The container's first DNS server, in nginx's notation. nginx asks several servers in turn, and the others often don't
# know the other containers.
resolver() {
  awk '$1 == "nameserver" { sub(/%.*/, "", $2); print ($2 ~ /:/) ? "[" $2 "]" : $2; exit }' /etc/resolv.conf
}

real_ip() {
  networks=$(setting PROXY_TRUSTED "" "0-9a-fA-F.:/, ")
  [ -n "$networks" ] || return 0
  for network in $(echo "$networks" | tr ',' ' '); do printf 'set_real_ip_from %s; ' "$network"; done
  printf 'real_ip_header X-Forwarded-For; real_ip_recursive on;'
}

template=$(dirname "$0")/nginx.conf.template
PROXY_DIR=$(setting PROXY_DIR /tmp 'A-Za-z0-9._/-')
PROXY_PORT=$(number PROXY_PORT 8080)
PROXY_GATEWAY=$(setting PROXY_GATEWAY gateway:8080 'A-Za-z0-9._:-')
PROXY_HISTORY_API=$(setting PROXY_HISTORY_API history-api:8080 'A-Za-z0-9._:-')
PROXY_REQUESTS_PER_SECOND=$(number PROXY_REQUESTS_PER_SECOND 1000)
REQUEST_BURST=$((PROXY_REQUESTS_PER_SECOND * 2))
PROXY_CONNECTIONS=$(number PROXY_CONNECTIONS 10000)
# More processes would only take memory: each reserves some for all of its connections.
PROXY_WORKERS=$(number PROXY_WORKERS "$(at_most "$(nproc)" 8)")
NGINX_LOCAL_RESOLVERS=$(setting NGINX_LOCAL_RESOLVERS "$(resolver)" '][0-9a-fA-F.: ')
[ -n "$NGINX_LOCAL_RESOLVERS" ] || fail "/etc/resolv.conf names no DNS server: set NGINX_LOCAL_RESOLVERS"
REAL_IP=$(real_ip)

# nginx uses as many files as the host allows, and is told how many connections that are.
OPEN_FILES=$(ulimit -Hn)
case $OPEN_FILES in *[!0-9]*) OPEN_FILES=1048576 ;; esac
OPEN_FILES=$(at_most "$OPEN_FILES" 1048576)
WORKER_CONNECTIONS=$(at_most "$((OPEN_FILES * 15 / 16))" 65536)
echo "proxy: $PROXY_WORKERS workers with up to $WORKER_CONNECTIONS connections each (limit of open files: $OPEN_FILES)"

script=
for name in PROXY_DIR PROXY_PORT PROXY_GATEWAY PROXY_HISTORY_API PROXY_REQUESTS_PER_SECOND REQUEST_BURST \
  PROXY_CONNECTIONS PROXY_WORKERS NGINX_LOCAL_RESOLVERS REAL_IP OPEN_FILES WORKER_CONNECTIONS; do
  eval "value=\$$name"
  script="$script;s|\${$name}|$value|g"
done
sed "$script" "$template" >"$PROXY_DIR/nginx.conf"
exec nginx -c "$PROXY_DIR/nginx.conf" -g 'daemon off;'
