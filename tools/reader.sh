# shellcheck shell=bash
# ./run reader on|off: a demonstration's card reader. A simulated reader (tools/reader_sim.py) on a pseudo-terminal, a real
# gaokao-gateway that reads it and posts to this instance as a device of the demonstration's point.
#
#   INSTANCE/gateway/             the gateway's folder: settings, key, spool
#   INSTANCE/run/reader           the reader's terminal; run/reader.pid, run/gateway.pid
#   INSTANCE/log/gateway.log      what the clerk would be told

READER_PACKAGES="python3"

# spawn NAME COMMAND...: in the background as the server's user, with run/NAME.pid and log/NAME.log.
spawn() {
  local name=$1
  local -a as=()
  shift
  [ "$(id -u)" -ne 0 ] || as=(setpriv --reuid="$SERVER_USER" --regid="$SERVER_GROUP" --init-groups --)
  (
    cd "$INSTANCE" || exit 1
    exec 9>&- </dev/null >>"$INSTANCE/log/$name.log" 2>&1
    exec setsid "${as[@]}" "$@"
  ) &
  printf '%s\n' $! >"$INSTANCE/run/$name.pid"
}

# The living process of run/NAME.pid, or nothing: told by the instance's path among its arguments.
spawned() { # NAME
  local pid
  [ -s "$INSTANCE/run/$1.pid" ] || return 0
  read -r pid <"$INSTANCE/run/$1.pid"
  { tr '\0' '\n' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -qF -- "$INSTANCE/" || return 0
  printf '%s\n' "$pid"
}

reader_off() {
  local name pid found=no
  for name in gateway reader; do
    pid=$(spawned "$name")
    rm -f "$INSTANCE/run/$name.pid"
    [ -n "$pid" ] || continue
    found=yes
    signal_and_wait TERM 5 "$pid" || signal_and_wait KILL 5 "$pid" || warn "process $pid cannot be ended"
  done
  rm -f "$INSTANCE/run/reader"
  [ "$found" = yes ]
}

# A python3 that the server's user may run: root's own may lie in a closed folder.
reader_python() {
  local python
  for python in /usr/bin/python3 "$(command -v python3 || true)"; do
    ! as_user "$SERVER_USER" "$python" -c 'import pty' 2>/dev/null || { printf '%s\n' "$python"; return 0; }
  done
  return 1
}

reader_on() {
  local python
  local -a words
  [ -n "$(httpd_parent)" ] || die "the instance does not run: ./run first"
  [ -r "$INSTANCE/demo-logins.json" ] || die "this is no demonstration: at a real point gaokao-gateway reads a real reader (docs/gateway.md)"
  python=$(reader_python) || {
    # shellcheck disable=SC2086 # a list of words
    need_packages "the simulated reader" $READER_PACKAGES
    python=$(reader_python) || die "the server's user can't run python3"
  }
  reader_off || true
  mkdir -p "$INSTANCE/app/reader" "$INSTANCE/gateway"
  cp -p "$TOP/tools/reader_sim.py" "$INSTANCE/app/reader/"
  chmod 0700 "$INSTANCE/gateway"
  [ "$(id -u)" -ne 0 ] || chown "$SERVER_USER:$SERVER_GROUP" "$INSTANCE/gateway"
  words=(--server "$(origin "$PORT" 127.0.0.1)" --gateway "$INSTANCE/app/bin/gaokao-gateway" --folder "$INSTANCE/gateway"
    --reader "$INSTANCE/run/reader" --page-port "$((CLIENT_PORT < 65535 ? CLIENT_PORT + 1 : 8571))")
  if [ "$TLS" = yes ]; then
    install -m 0644 "$INSTANCE/tls/ca.pem" "$INSTANCE/run/ca.pem"
    words+=(--ca "$INSTANCE/run/ca.pem")
  fi
  # The logins are root's; the device it makes is the gateway's.
  "$python" "$TOP/tools/reader_demo.py" --logins "$INSTANCE/demo-logins.json" "${words[@]}" || die "the demonstration's device could not be enrolled"
  [ "$(id -u)" -ne 0 ] || chown -R "$SERVER_USER:$SERVER_GROUP" "$INSTANCE/gateway"
  rm -f "$INSTANCE/gateway/page.url"
  spawn reader "$python" "$INSTANCE/app/reader/reader_sim.py" "$INSTANCE/run/reader" --every "$EVERY"
  spawn gateway "$INSTANCE/app/bin/gaokao-gateway" --folder "$INSTANCE/gateway" run
  local ticks=100
  while [ "$ticks" -gt 0 ] && ! grep -q . "$INSTANCE/gateway/page.url" 2>/dev/null; do
    sleep 0.1
    ticks=$((ticks - 1))
  done
  say "A card every $EVERY seconds. Watch them come: $(origin "$PORT")/hngz/ (login of the point: demo-logins.json)"
  say "The clerk's page: $(cat "$INSTANCE/gateway/page.url" 2>/dev/null || echo "log/gateway.log says why there is none")"
  say "./run reader off ends it"
}

reader() {
  place_instance
  [ -d "$INSTANCE/run" ] || die "there is no instance in $INSTANCE: ./run first"
  load_settings
  lock_instance
  case $READER in
    on) reader_on ;;
    off) if reader_off; then say "The reader is off"; else say "It was not on"; fi ;;
    *) usage >&2; die "./run reader on, or ./run reader off" ;;
  esac
}
