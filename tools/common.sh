# shellcheck shell=bash
# shellcheck disable=SC2034 # used by those who source it
# What ./run and ./check share: Debian packages, building, waiting. Sourced, never run.

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
die() { warn "$(basename "$0"): $*"; exit 1; }

# as_root COMMAND...: directly, or by sudo.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    sudo -- "$@"
  else
    die "this needs root, and there is no sudo here: $*"
  fi
}

BUILD_PACKAGES="autoconf automake libtool gcc libc6-dev make pkg-config mawk
  apache2-bin apache2-dev libapr1-dev libaprutil1-dev libaprutil1-dbd-sqlite3 libaprutil1-dbd-pgsql media-types
  libxml2-dev libpng-dev libjpeg62-turbo-dev libjansson-dev libsodium-dev libssl-dev libpq-dev libsqlite3-dev libunistring-dev libseccomp-dev
  zlib1g-dev libzstd-dev g++ libdlib-dev libcurl4-openssl-dev"
PGSQL_PACKAGES="postgresql-15"
TLS_PACKAGES="openssl"
BUILD_PACKAGES+=" libxlsxwriter-dev" # lists as XLSX
BUILD_PACKAGES+=" libzip-dev" # imports of XLSX
BUILD_PACKAGES+=" libshp-dev" # the ministry's DBF tables
BUILD_PACKAGES+=" libcurl4-openssl-dev" # gaokao-gateway
BUILD_PACKAGES+=" libcairo2-dev libpango1.0-dev libqrencode-dev" # papers
# What papers are set in; a smaller set works too, with rare characters missing (docs/papers.md).
FONT_PACKAGES="fonts-noto-cjk fonts-babelstone-han fonts-hanazono"

# missing_packages NAME...: those dpkg does not have installed.
missing_packages() {
  local name status
  for name in "$@"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) || status=
    [ "$status" = installed ] || printf '%s\n' "$name"
  done
}

# need_packages WHAT NAME...: installs what is missing; instant when nothing is.
need_packages() {
  local what=$1 size
  local -a missing
  shift
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -gt 0 ] || return 0
  command -v apt-get >/dev/null 2>&1 || die "$what needs these Debian packages, and there is no apt-get here: ${missing[*]}"
  say "Packages for $what: ${missing[*]}"
  apt_get update -qq || warn "apt-get update failed; trying with the lists that are here"
  size=$(apt_get install --assume-no --print-uris "${missing[@]}" 2>/dev/null |
    awk '$1 ~ /^\x27/ {n++; bytes += $3} END {if (n) printf "%d packages, %.0f MB", n, bytes / 1e6}')
  say "  fetching ${size:-them} with apt-get"
  apt_get install -y -qq "${missing[@]}" >"$APT_LOG" 2>&1 || {
    tail -n 20 "$APT_LOG" >&2
    die "apt-get install failed"
  }
  say "  installed"
}
APT_LOG=${APT_LOG:-/dev/null}

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 \
    -o Dpkg::Use-Pty=0 --no-install-recommends "$@"
}

# A private server is all that is wanted: keep postgresql-common from making and starting a cluster of its own.
need_postgresql() {
  local conf=/etc/postgresql-common/createcluster.conf
  [ -n "$(missing_packages $PGSQL_PACKAGES)" ] || return 0
  if [ ! -e "$conf" ]; then
    as_root mkdir -p "${conf%/*}"
    printf '%s\n' "# Written by mod_gaokao's ./run: no cluster is made at installation." "create_main_cluster = false" |
      as_root tee "$conf" >/dev/null
  fi
  # shellcheck disable=SC2086 # a list of words
  need_packages "PostgreSQL" $PGSQL_PACKAGES
}

# Fonts are for papers only: without them the service runs, and says so.
need_fonts() {
  # shellcheck disable=SC2086 # a list of words
  (need_packages "papers (Chinese fonts, 190 MB on disk)" $FONT_PACKAGES) ||
    warn "Without these fonts papers lack rare characters, or can't be printed at all (docs/papers.md)"
}

# Node and npm are asked for by command: a machine may have them from elsewhere.
need_npm() {
  command -v npm >/dev/null 2>&1 || need_packages "the pages (npm)" nodejs npm ca-certificates
}

pg_bindir() {
  local dir
  for dir in /usr/lib/postgresql/15/bin /usr/lib/postgresql/*/bin; do
    [ ! -x "$dir/initdb" ] || { printf '%s\n' "$dir"; return 0; }
  done
  return 1
}

# newer_than STAMP PATH...: true when STAMP is absent or any file below the paths is newer.
newer_than() {
  local stamp=$1
  shift
  [ -e "$stamp" ] || return 0
  [ -n "$(find "$@" -newer "$stamp" -print -quit 2>/dev/null)" ]
}

# build_in DIR [CONFIGURE-FLAG...]: autoreconf, configure and make, each only when needed. Output goes to DIR/build.log.
build_in() {
  local dir=$1 log=$1/build.log
  shift
  mkdir -p "$dir"
  (
    flock 8
    : >"$log"
    if [ ! -e "$TOP/configure" ] || newer_than "$TOP/configure" "$TOP/configure.ac" "$TOP"/m4/gk_*.m4; then
      say "Preparing the build system" && (cd "$TOP" && autoreconf -fi) >>"$log" 2>&1
    fi &&
    if [ ! -e "$dir/config.status" ] || [ "$(cat "$dir/configure.flags" 2>/dev/null)" != "$*" ]; then
      say "Configuring" && (cd "$dir" && "$TOP/configure" --quiet "$@") >>"$log" 2>&1 &&
        printf '%s\n' "$*" >"$dir/configure.flags"
    fi &&
    if newer_than "$dir/.built" "$dir/config.status" "$TOP"/{Makefile.am,configure.ac,conf,htdocs,mod_gaokao,plugins,tests}; then
      say "Building" && touch "$dir/.building" && make -C "$dir" -j"$(jobs_count)" all >>"$log" 2>&1 &&
        mv "$dir/.building" "$dir/.built"
    fi
  ) 8>"$TOP/build/.lock" || {
    tail -n 30 "$log" >&2
    die "the build failed; the whole log is $log"
  }
}

jobs_count() { nproc 2>/dev/null || echo 2; }

# http_status ADDRESS PORT PATH: the status of a GET, or nothing. Needs no curl.
http_status() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  timeout 5 bash -c 'exec 3<>"/dev/tcp/$1/$2" || exit 1
    printf "GET %s HTTP/1.1\r\nHost: %s:%s\r\nConnection: close\r\n\r\n" "$3" "$1" "$2" >&3
    read -r _ status _ <&3 && printf "%s" "$status"' _ "$1" "$2" "$3" 2>/dev/null
}

# port_taken ADDRESS PORT
# shellcheck disable=SC2016 # expanded by the inner shell
port_taken() { timeout 2 bash -c 'exec 3<>"/dev/tcp/$1/$2"' _ "$1" "$2" 2>/dev/null; }
