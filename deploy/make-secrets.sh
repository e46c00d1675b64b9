#!/bin/sh
# Makes the secrets that docker-compose.yml hands over by file, where they are missing:  sh deploy/make-secrets.sh [FOLDER]
# The folder is closed to other users of this machine; the files in it are readable, because the users inside the
# containers are others than you.
set -eu
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
chmod 700 "$folder"

# 256 random bits as hexadecimal digits.
random() {
  od -An -N 32 -tx1 /dev/urandom | tr -d ' \n'
}

# keep NAME VALUE: writes the file unless it is there.
keep() {
  if [ -e "$folder/$1" ]; then return; fi
  printf '%s\n' "$2" >"$folder/$1"
  echo "made $folder/$1"
}

keep master_key "sk-$(random)"
keep salt_key "$(random)"
keep redis_gateway_password "$(random)"
keep redis_reader_password "$(random)"
keep redis_operator_password "$(random)"
keep grafana_admin_password "$(random)"
# Empty: the gateway uses the login in its volume. Put an access token (at-…) of a workspace here to use that instead.
if [ ! -e "$folder/codex_access_token" ]; then : >"$folder/codex_access_token"; fi
chmod 644 "$folder"/*
