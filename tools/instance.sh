# shellcheck shell=bash
# An instance: its folder, its processes, its database. Used by ./run and the tests.
#
#   gaokao.conf        settings of httpd's module, gaokao-worker and gaokaoctl
#   run.settings       what ./run was told (ports, database)
#   demo-logins.json   logins of a demonstration (0600)
#   app/               the installed product: module, programs, plugins, pages, code tables
#   conf/httpd.conf    written at each start from conf/gaokao.conf.in
#   data/              SQLite file, spools          keys/   keys of the instance, never in a backup of data/
#   tls/               certificates (--tls; tools/tls.sh)
#   packs/             policy packs                 plugins/  plugins of the operator's own
#   pg/                private PostgreSQL           log/ run/ logs; pid files, sockets, locks

# httpd's children, gaokaoctl and the worker are one person: www-data when root starts them.
if [ "$(id -u)" -eq 0 ]; then
  SERVER_USER=www-data SERVER_GROUP=www-data PG_USER=postgres
else
  SERVER_USER=$(id -un) SERVER_GROUP=$(id -gn) PG_USER=$SERVER_USER
fi

# as_user USER COMMAND...: without the caller's lock descriptors.
as_user() {
  local user=$1
  shift
  if [ "$(id -u)" -eq 0 ] && [ "$user" != root ]; then
    setpriv --reuid="$user" --regid="$(id -gn "$user")" --init-groups -- "$@" 9>&-
  else
    "$@" 9>&-
  fi
}

# Makes the folder and settles INSTANCE on its real path. As root the server's user must reach it: below a
# closed folder such as /root the instance goes to /var/lib/gaokao and INSTANCE is a link to it.
place_instance() {
  local real
  case $INSTANCE in *[!A-Za-z0-9/._+@=,-]*) die "--instance '$INSTANCE': only letters, digits and /._+@=,- can stand in the path" ;; esac
  if [ "$COMMAND" = start ] && [ ! -e "$INSTANCE" ]; then
    mkdir -p "$(dirname "$INSTANCE")"
    if [ "$(id -u)" -eq 0 ] && ! as_user "$SERVER_USER" test -x "$(cd "$(dirname "$INSTANCE")" && pwd -P)"; then
      real=/var/lib/gaokao/$(printf '%s' "$(realpath -m "$INSTANCE")" | tr / - | sed 's/^-//')
      say "$SERVER_USER cannot reach $(dirname "$INSTANCE"): the instance is kept in $real"
      mkdir -p "$real"
      ln -s "$real" "$INSTANCE"
    else
      mkdir -m 0755 "$INSTANCE"
    fi
  fi
  INSTANCE=$(realpath -m "$INSTANCE")
  [ "$COMMAND" = start ] || return 0
  if [ "$(id -u)" -eq 0 ] && ! as_user "$SERVER_USER" test -x "$INSTANCE"; then
    die "$SERVER_USER cannot reach $INSTANCE: choose another --instance"
  fi
  [ "${#INSTANCE}" -le 80 ] || die "--instance $INSTANCE: too long, sockets below it need a path of at most 80 bytes"
  mkdir -p "$INSTANCE"/{app,conf,data,keys,log,packs,plugins,run}
  chmod 0700 "$INSTANCE/keys"
  chmod 0750 "$INSTANCE/data" "$INSTANCE/log"
  chmod 0775 "$INSTANCE/run"
  [ "$(id -u)" -ne 0 ] || chown "$SERVER_USER:$SERVER_GROUP" "$INSTANCE"/{data,keys,log,packs,run}
}

# One ./run at a time, start or stop, on an instance.
lock_instance() {
  exec 9>>"$INSTANCE/run/run.lock"
  flock -n 9 || die "another ./run (process $(cat "$INSTANCE/run/run.lock" 2>/dev/null)) is at work on $INSTANCE"
  printf '%s\n' $$ >"$INSTANCE/run/run.lock"
}

# setting KEY: its value in run.settings.
setting() {
  [ -e "$INSTANCE/run.settings" ] || return 0
  sed -n "s/^$1=//p" "$INSTANCE/run.settings" | tail -n 1
}

# Flags win over what is remembered, except that data stay in the database they are in.
load_settings() {
  local old_db old_dsn
  old_db=$(setting db) old_dsn=$(setting dsn)
  if [ -n "$old_db" ]; then
    [ -z "$DB" ] || [ "$DB" = "$old_db" ] || die "$INSTANCE has its data in $old_db; take another --instance for $DB"
    [ -z "$DSN" ] || [ "$DSN" = "$old_dsn" ] || die "$INSTANCE has its data in another database; take another --instance"
  fi
  DB=${DB:-$old_db}
  DSN=${DSN:-$old_dsn}
  PORT=${PORT:-$(setting port)}
  CLIENT_PORT=${CLIENT_PORT:-$(setting client_port)}
  TLS=${TLS:-$(setting tls)}
  TLS=${TLS:-no}
  HOSTS=${HOSTS:-$(setting hosts)}
  EXPORT_PORT=${EXPORT_PORT:-$(setting export_port)}
  ADDRESS=${ADDRESS:-$(setting address)}
}

settle_settings() {
  DB=${DB:-sqlite}
  PORT=${PORT:-8080}
  CLIENT_PORT=${CLIENT_PORT:-8001}
  EXPORT_PORT=${EXPORT_PORT:-8444}
  ADDRESS=${ADDRESS:-127.0.0.1}
  [ "$(ports | sort -u | wc -l)" -eq "$(ports | wc -l)" ] || die "the ports must differ: $(ports | paste -sd' ' -)"
}

# Ports of this instance, one a line.
ports() {
  [ -z "$PORT" ] || printf '%s\n' "$PORT" "$CLIENT_PORT"
  [ "$TLS" != yes ] || [ -z "$EXPORT_PORT" ] || printf '%s\n' "$EXPORT_PORT"
}

# The module refuses the same; said here before anything is built.
check_exposure() {
  case $ADDRESS in 127.*) return 0 ;; esac
  [ "$TLS" = yes ] || [ "$INSECURE" = yes ] ||
    die "--address $ADDRESS is beyond this machine: passwords and ID numbers would cross the network in clear. Use --tls"
  [ "$EMPTY" = yes ] || [ -e "$INSTANCE/run.empty" ] || [ "$PUBLIC_DEMO" = yes ] ||
    die "--address $ADDRESS would show a demonstration, whose logins are no secret, to the network: use --empty, or --public-demo if that is meant"
}

# The address this machine reaches it by.
here() { case ${ADDRESS:-} in '' | 0.0.0.0) printf '127.0.0.1' ;; *) printf '%s' "$ADDRESS" ;; esac; }

# origin PORT [HOST]: as pages see it.
origin() {
  local scheme=http host=${2:-$(here)} port=:$1
  [ "$TLS" != yes ] || scheme=https host=${2:-$(tls_host)}
  case $scheme$port in http:80 | https:443) port='' ;; esac
  printf '%s://%s%s' "$scheme" "$host" "$port"
}

# Every other origin that is the same site: client port, and with TLS the certificate's other names.
more_origins() {
  local name
  origin "$CLIENT_PORT"
  [ "$TLS" = yes ] || return 0
  for name in $(tls_names); do
    [ "$name" = "$(tls_host)" ] || printf ' %s %s' "$(origin "$PORT" "$name")" "$(origin "$CLIENT_PORT" "$name")"
  done
}

# site_status PATH: status of a GET on the portal's port.
site_status() {
  if [ "$TLS" = yes ]; then https_status "$(here)" "$PORT" "$1"; else http_status "$(here)" "$PORT" "$1"; fi
}

# What the httpd that runs was started with.
running_tls() { if grep -qx 'Define GaokaoTLS' "$INSTANCE/conf/httpd.conf" 2>/dev/null; then echo yes; else echo no; fi; }

# A second start of an instance that runs: certificates that end soon are made anew and read by a graceful restart.
renew_certificates() {
  [ "$TLS" = yes ] || return 0
  make_certificates
  [ "$TLS_CHANGED" = no ] || kill -USR1 "$(httpd_parent)"
}

write_settings() {
  printf '%s\n' "# What ./run was told; read at the next start." "port=$PORT" "client_port=$CLIENT_PORT" "db=$DB" "dsn=$DSN" \
    "tls=$TLS" "hosts=$HOSTS" "export_port=$EXPORT_PORT" "address=$ADDRESS" >"$INSTANCE/run.settings.new"
  chmod 0600 "$INSTANCE/run.settings.new"
  mv "$INSTANCE/run.settings.new" "$INSTANCE/run.settings"
}

# ---- processes ------------------------------------------------------------------------------------------

httpd_program() { printf '%s\n' "${HTTPD:-/usr/sbin/apache2}"; }

# Pids of this instance's httpd (parent and children, also those whose parent was killed) and workers: told by
# program and by the instance's path among its arguments, or by the session of the parent in the pid file.
instance_pids() {
  local dir pid exe session=-
  [ ! -s "$INSTANCE/run/httpd.pid" ] || read -r session <"$INSTANCE/run/httpd.pid"
  for dir in /proc/[0-9]*; do
    pid=${dir#/proc/}
    exe=$(readlink "$dir/exe" 2>/dev/null) || continue
    case ${exe% (deleted)} in
      "$(httpd_program)" | "$INSTANCE"/app/bin/gaokao-worker) ;;
      *) continue ;;
    esac
    if tr '\0' '\n' <"$dir/cmdline" 2>/dev/null | grep -qxF -- "$INSTANCE" ||
      [ "$(awk '{print $4}' <<<"$(sed 's/.*) //' "$dir/stat" 2>/dev/null)")" = "$session" ]; then
      printf '%s\n' "$pid"
    fi
  done
}

# The living parent, or nothing.
httpd_parent() {
  local pid
  [ -s "$INSTANCE/run/httpd.pid" ] || return 0
  read -r pid <"$INSTANCE/run/httpd.pid"
  case " $(instance_pids | tr '\n' ' ')" in *" $pid "*) printf '%s\n' "$pid" ;; esac
}

# signal_and_wait SIGNAL SECONDS PID...: true when all are gone.
signal_and_wait() {
  local signal=$1 ticks=$(($2 * 10)) pid alive
  shift 2
  for pid in "$@"; do kill "-$signal" "$pid" 2>/dev/null || true; done
  while [ "$ticks" -gt 0 ]; do
    alive=no
    for pid in "$@"; do [ ! -e "/proc/$pid" ] || [ "$(sed 's/.*) \(.\).*/\1/' "/proc/$pid/stat" 2>/dev/null)" = Z ] || alive=yes; done
    [ "$alive" = yes ] || return 0
    sleep 0.1
    ticks=$((ticks - 1))
  done
  return 1
}

# Lets running requests end (graceful), then asks, then insists; and the same for orphans.
end_processes() {
  local parent
  local -a rest
  parent=$(httpd_parent)
  [ -z "$parent" ] || signal_and_wait WINCH 15 "$parent" || signal_and_wait TERM 10 "$parent" || true
  mapfile -t rest < <(instance_pids)
  [ "${#rest[@]}" -eq 0 ] || signal_and_wait TERM 5 "${rest[@]}" || true
  mapfile -t rest < <(instance_pids)
  [ "${#rest[@]}" -eq 0 ] || signal_and_wait KILL 5 "${rest[@]}" || die "processes that cannot be ended: ${rest[*]}"
  rm -f "$INSTANCE/run/httpd.pid"
}

# ---- the product ----------------------------------------------------------------------------------------

# Installs the build into INSTANCE/app, so that a later build does not touch what runs.
install_product() {
  local build=${GK_BUILD:-$TOP/build/product} stamp=$INSTANCE/app/.installed
  if newer_than "$stamp" "$build"/*.la "$build"/gaokaoctl "$build"/gaokao-gateway "$build"/gaokao-worker "$build"/plugins "$TOP/htdocs" "$TOP/conf"; then
    make -C "$build" -s install prefix="$INSTANCE/app" moduledir="$INSTANCE/app/modules" >"$INSTANCE/log/install.log" 2>&1 || {
      tail -n 20 "$INSTANCE/log/install.log" >&2
      die "make install failed"
    }
    touch "$stamp"
  fi
}

gaokaoctl() {
  (cd "$INSTANCE" && as_user "$SERVER_USER" "$INSTANCE/app/bin/gaokaoctl" "$@" --instance "$INSTANCE")
}

# Settings that ./run decides are set; whatever else stands in gaokao.conf stays as it is.
write_instance_conf() {
  local file=$INSTANCE/gaokao.conf so plugins='' demo=on
  DB_PARAMS=data/gaokao.db
  [ "$DB" = sqlite ] || DB_PARAMS=$(bounded_dsn "${DSN:-$(private_dsn)}")
  for so in "$INSTANCE"/app/lib/gaokao/plugins/*.so; do
    so=$(basename "$so" .so)
    case $so in example* | '*') ;; *) plugins="$plugins $so" ;; esac
  done
  if [ "$EMPTY" = yes ] || [ -e "$INSTANCE/run.empty" ]; then demo=off; elif [ "$PUBLIC_DEMO" = yes ]; then demo=public; fi
  [ -e "$file" ] || cat >"$file" <<'END'
# Settings of the instance, read by httpd's module, gaokao-worker and gaokaoctl. Relative paths are below the
# instance's folder. ./run sets these lines at each start and leaves lines of your own alone.
END
  set_in_conf "$file" db_engine "$DB" db_params "$DB_PARAMS" keys_file keys/gaokao.keys \
    plugin_dir app/lib/gaokao/plugins plugins "${plugins# }" data_dir app/share/gaokao spool_dir data/spool \
    site "$(origin "$PORT")" more_origins "$(more_origins)" demo "$demo"
  chmod 0640 "$file"
  [ "$(id -u)" -ne 0 ] || chown "root:$SERVER_GROUP" "$file"
}

# set_in_conf FILE KEY VALUE...
set_in_conf() {
  local file=$1
  shift
  while [ $# -gt 0 ]; do
    KEY=$1 VALUE=$2 awk '
      BEGIN { line = ENVIRON["KEY"] " = " ENVIRON["VALUE"] }
      $1 == ENVIRON["KEY"] && $2 == "=" { if (!done++) print line; next }
      { print }
      END { if (!done) print line }' "$file" >"$file.new"
    mv "$file.new" "$file"
    shift 2
  done
}

write_httpd_conf() {
  local conf
  conf=$(<"$INSTANCE/app/share/gaokao/gaokao.conf.in")
  # fill WORD VALUE: replaces @WORD@
  fill() { conf=${conf//"@$1@"/"$2"}; }
  fill INSTANCE "$INSTANCE"
  fill USER "$SERVER_USER"
  fill GROUP "$SERVER_GROUP"
  fill HTTPD_MODULES "${HTTPD_MODULES:-/usr/lib/apache2/modules}"
  fill MODULE_DIR "$INSTANCE/app/modules"
  fill HTDOCS "$INSTANCE/app/share/gaokao/htdocs"
  fill ADDRESS "$ADDRESS"
  fill PORT "$PORT"
  fill CLIENT_PORT "$CLIENT_PORT"
  fill EXPORT_PORT "$EXPORT_PORT"
  fill TLS "$([ "$TLS" = yes ] && echo 'Define GaokaoTLS' || echo '#Define GaokaoTLS')"
  fill INSECURE "$([ "$INSECURE" = yes ] && echo on || echo off)"
  fill DBD_DRIVER "$([ "$DB" = sqlite ] && echo sqlite3 || echo pgsql)"
  [ "$DB" != sqlite ] || DB_PARAMS=$INSTANCE/$DB_PARAMS
  fill DBD_PARAMS "${DB_PARAMS//\"/\\\"}"
  fill BIN_DIR "$INSTANCE/app/bin"
  printf '%s\n' "$conf" >"$INSTANCE/conf/httpd.conf"
}

start_httpd() {
  : >>"$INSTANCE/log/error.log"
  ERROR_LOG_START=$(wc -c <"$INSTANCE/log/error.log")
  # No process of the instance lives (start looked): a pid file left by kill -9 may name a zombie or a stranger.
  rm -f "$INSTANCE/run/httpd.pid"
  # GK_PRELOAD: a sanitizer's runtime has to come first in a program that was built without it. GK_LIBRARY_PATH: its APR.
  (cd "$INSTANCE" && env ${GK_PRELOAD:+"LD_PRELOAD=$GK_PRELOAD"} ${GK_LIBRARY_PATH:+"LD_LIBRARY_PATH=$GK_LIBRARY_PATH"} "$(httpd_program)" -d "$INSTANCE" -f conf/httpd.conf -k start 9>&- </dev/null) ||
    { show_error_log; die "httpd did not start"; }
}

show_error_log() {
  warn "The end of $INSTANCE/log/error.log:"
  tail -c "+$((${ERROR_LOG_START:-0} + 1))" "$INSTANCE/log/error.log" | tail -n 25 >&2
}

# -k start returns before anything is served, and also when post_config fails: only /readyz tells.
wait_until_ready() {
  local ticks=300 status=
  while [ "$ticks" -gt 0 ]; do
    status=$(site_status /readyz || true)
    [ "$status" != 200 ] || return 0
    if [ "$ticks" -lt 280 ] && [ -z "$(httpd_parent)" ]; then
      show_error_log
      die "httpd ended while starting"
    fi
    sleep 0.1
    ticks=$((ticks - 1))
  done
  show_error_log
  die "httpd runs, but /readyz answers ${status:-nothing} after 30 seconds"
}

# ---- the database ---------------------------------------------------------------------------------------

# A server that hangs or a network that is dead must not hold a connection for ever: libpq's own presets do. What the
# operator set stays; an address (postgresql://...) is left alone.
bounded_dsn() { # DSN
  local dsn=$1 word
  case $dsn in
    *://*) ;;
    *)
      for word in connect_timeout=2 tcp_user_timeout=3000 keepalives_idle=5 keepalives_interval=2 keepalives_count=2; do
        case " $dsn" in *" ${word%%=*}="* | *" ${word%%=*} "*) ;; *) dsn="$dsn $word" ;; esac
      done
      ;;
  esac
  printf '%s' "$dsn"
}

private_dsn() { printf 'host=%s dbname=gaokao user=gaokao' "$INSTANCE/run/pg"; }

start_postgresql() {
  local bin data=$INSTANCE/pg socket=$INSTANCE/run/pg
  bin=$(pg_bindir) || die "PostgreSQL's programs are not there"
  mkdir -p "$data" "$socket"
  chmod 0700 "$data"
  chmod 0750 "$socket"
  [ "$(id -u)" -ne 0 ] || chown "$PG_USER:$PG_USER" "$data"
  [ "$(id -u)" -ne 0 ] || chown "$PG_USER:$SERVER_GROUP" "$socket"
  if [ ! -e "$data/ready" ]; then
    say "Creating a private PostgreSQL"
    stop_postgresql # left by a first start that was cut off
    find "$data" -mindepth 1 -delete
    (cd "$INSTANCE" && as_user "$PG_USER" "$bin/initdb" -D "$data" -U postgres --encoding=UTF8 --locale=C \
      --data-checksums --auth=peer >"$INSTANCE/log/initdb.log" 2>&1) ||
      { tail -n 20 "$INSTANCE/log/initdb.log" >&2; die "initdb failed"; }
    as_user "$PG_USER" tee -a "$data/postgresql.conf" >/dev/null <<END
# ---- mod_gaokao ----
listen_addresses = ''
unix_socket_directories = '$socket'
max_connections = 150
timezone = 'UTC'
log_timezone = 'UTC'
# Logs without persons: no statement parameters, no DETAIL with key values.
log_error_verbosity = terse
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_min_error_statement = panic
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%a.log'
log_truncate_on_rotation = on
${PG_FAST:+fsync = off}
END
    # The server's own user is the role gaokao, the one who started it the superuser; nobody else gets in.
    as_user "$PG_USER" tee "$data/pg_hba.conf" >/dev/null <<<"local all all peer map=instance"
    as_user "$PG_USER" tee "$data/pg_ident.conf" >/dev/null <<END
instance $SERVER_USER gaokao
instance root gaokao
instance $PG_USER postgres
END
  fi
  if ! as_user "$PG_USER" "$bin/pg_ctl" -D "$data" status >/dev/null 2>&1; then
    (cd "$INSTANCE" && as_user "$PG_USER" "$bin/pg_ctl" -D "$data" -w -t 60 -l "$data/start.log" start >/dev/null </dev/null) ||
      { tail -n 20 "$data/start.log" >&2; die "PostgreSQL did not start"; }
  fi
  if [ ! -e "$data/ready" ]; then
    (cd "$INSTANCE" && as_user "$PG_USER" "$bin/psql" -qX -v ON_ERROR_STOP=1 -h "$socket" -U postgres -d postgres \
      -c 'CREATE ROLE gaokao LOGIN') || die "the database's role could not be created"
    create_database
    as_user "$PG_USER" touch "$data/ready"
  fi
}

# An empty database, with what gaokaoctl verify asks.
create_database() {
  local psql
  psql="$(pg_bindir)/psql -qX -v ON_ERROR_STOP=1 -h $INSTANCE/run/pg -U postgres"
  # shellcheck disable=SC2086 # words
  (cd "$INSTANCE" && as_user "$PG_USER" $psql -d postgres -c 'DROP DATABASE IF EXISTS gaokao' -c 'CREATE DATABASE gaokao OWNER gaokao' &&
    as_user "$PG_USER" $psql -d gaokao -c 'CREATE EXTENSION amcheck' \
      -c 'GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO gaokao') 2>"$INSTANCE/log/database.log" ||
    { cat "$INSTANCE/log/database.log" >&2; die "the database could not be created"; }
}

stop_postgresql() {
  local bin
  [ -e "$INSTANCE/pg/postmaster.pid" ] || return 0
  bin=$(pg_bindir) || return 0
  as_user "$PG_USER" "$bin/pg_ctl" -D "$INSTANCE/pg" -m fast -w -t 60 stop >/dev/null || warn "PostgreSQL did not stop"
}

# First start: schema, tree, packs, season, demonstration. Later: only upgrades of the schema. A first start that was
# cut off leaves data/filling behind, and the next one begins from nothing; a database without that mark is never touched.
fill_database() {
  local pack
  if [ -e "$INSTANCE/data/filled" ]; then
    gaokaoctl upgrade >"$INSTANCE/log/upgrade.log" 2>&1 || { tail -n 20 "$INSTANCE/log/upgrade.log" >&2; die "gaokaoctl upgrade failed"; }
    return 0
  fi
  [ ! -e "$INSTANCE/data/filling" ] || clear_unfinished
  [ "$DB" != sqlite ] || [ ! -s "$INSTANCE/data/gaokao.db" ] ||
    die "$INSTANCE/data/gaokao.db is there, but was not filled by ./run: move it away, or mark it as complete with: touch $INSTANCE/data/filled"
  as_user "$SERVER_USER" touch "$INSTANCE/data/filling"
  say "Filling the database"
  ctl_step init
  ctl_step load-orgs
  for pack in "$INSTANCE"/app/share/gaokao/packs/*.xml; do
    [ ! -e "$pack" ] || ctl_step load-pack "$pack"
  done
  ctl_step season
  if [ "$EMPTY" = yes ]; then
    touch "$INSTANCE/run.empty"
    ctl_step account create --role province --login province --name 省教育考试院
    install -m 0600 "$INSTANCE/log/fill.log" "$INSTANCE/first-account.txt"
    rm -f "$INSTANCE/log/fill.log" # it holds a password
  else
    ctl_step demo --candidates "$CANDIDATES" --logins "$INSTANCE/data/demo-logins.json"
    install -m 0600 "$INSTANCE/data/demo-logins.json" "$INSTANCE/demo-logins.json"
    rm -f "$INSTANCE/data/demo-logins.json"
  fi
  as_user "$SERVER_USER" mv "$INSTANCE/data/filling" "$INSTANCE/data/filled"
}

ctl_step() {
  gaokaoctl "$@" >"$INSTANCE/log/fill.log" 2>&1 || { tail -n 20 "$INSTANCE/log/fill.log" >&2; die "gaokaoctl $1 failed"; }
}

clear_unfinished() {
  if [ "$DB" = sqlite ]; then
    rm -f "$INSTANCE"/data/gaokao.db "$INSTANCE"/data/gaokao.db-wal "$INSTANCE"/data/gaokao.db-shm
  elif [ -z "$DSN" ]; then
    create_database
  fi
}

print_addresses() {
  say ""
  say "  Candidates (考生版)   $(origin "$PORT")/ks/"
  say "  Console (WEB版)       $(origin "$PORT")/hngz/"
  say "  Client edition        $(origin "$CLIENT_PORT")/"
  say "  API                   $(origin "$PORT")/api/v1/  (contract: /api/openapi.json)"
  say "  Instance              $INSTANCE  ($DB)"
  [ "$TLS" != yes ] || print_trust
  say ""
}

print_logins() {
  if [ -r "$INSTANCE/demo-logins.json" ]; then
    say "  Demonstration logins ($INSTANCE/demo-logins.json):"
    sed 's/^/    /' "$INSTANCE/demo-logins.json"
    say ""
  elif [ -r "$INSTANCE/first-account.txt" ]; then
    say "  First account ($INSTANCE/first-account.txt; its password must be changed at the first login):"
    sed 's/^/    /' "$INSTANCE/first-account.txt"
    say ""
  fi
}
