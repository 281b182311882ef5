# shellcheck shell=bash
# shellcheck disable=SC2034 # used by those who source it
# The instance's own certificates (./run --tls), below INSTANCE/tls, readable by root alone (or by who starts the instance):
#
#   ca.pem ca.key                   CA of the server's certificate: people trust ca.pem
#   server.pem server.key           the server, for 127.0.0.1, localhost and each --host; replace both by your own
#   client-ca.pem client-ca.key     CA of the export clients: another one, so that it vouches for nobody else
#   export-client.{pem,key,p12}     the province's pull; export-client.password opens the .p12
#   client-ca.crl                   which of its certificates no longer count
#
# A server.pem that ca.pem did not sign is the operator's own and is never touched.

TLS_RENEW_SECONDS=$((30 * 86400)) # made anew when less is left
TLS_DAYS=397                      # browsers take no longer ones
CA_DAYS=3650

tls_dir() { printf '%s/tls' "$INSTANCE"; }

# tls_openssl ARGUMENTS...: in that folder; quiet unless it fails.
tls_openssl() {
  local said
  said=$(cd "$(tls_dir)" && openssl "$@" 2>&1 </dev/null) || { warn "$said"; die "openssl $1 failed"; }
}

# lasts FILE: it is there and stays valid for a while.
lasts() { [ -s "$1" ] && openssl x509 -in "$1" -noout -checkend "$TLS_RENEW_SECONDS" >/dev/null 2>&1; }

new_key() { # FILE
  (umask 077 && tls_openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.new")
  mv "$(tls_dir)/$1.new" "$(tls_dir)/$1"
}

make_ca() { # NAME SUBJECT
  new_key "$1.key"
  tls_openssl req -new -x509 -key "$1.key" -sha256 -days "$CA_DAYS" -subj "$2" -out "$1.pem" -config openssl.cnf -extensions ca
}

sign() { # CA KEY SUBJECT EXTENSIONS OUT
  tls_openssl req -new -key "$2" -subj "$3" -out "$5.csr" -config openssl.cnf
  tls_openssl x509 -req -in "$5.csr" -CA "$1.pem" -CAkey "$1.key" -set_serial "0x1$(openssl rand -hex 15)" -sha256 \
    -days "$TLS_DAYS" -extfile openssl.cnf -extensions "$4" -out "$5.new"
  mv "$(tls_dir)/$5.new" "$(tls_dir)/$5"
  rm -f "$(tls_dir)/$5.csr"
}

# The names and addresses of the server's certificate, one a line.
tls_names() {
  # shellcheck disable=SC2086 # a list of words
  printf '%s\n' localhost 127.0.0.1 $HOSTS | awk '!seen[$0]++'
}

subject_alt_names() { tls_names | awk '/^[0-9.]+$/ {print "IP:" $0; next} {print "DNS:" $0}' | paste -sd, -; }

write_openssl_conf() {
  cat >"$(tls_dir)/openssl.cnf" <<END
# Written by ./run. To take a client's certificate back: docs/operator.md, "Export clients".
[req]
distinguished_name = name
prompt = no
[name]
CN = unused
[ca]
basicConstraints = critical, CA:true, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = $(subject_alt_names)
[client]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
[client_ca]
database = index.txt
crlnumber = crlnumber
default_md = sha256
default_crl_days = $CA_DAYS
certificate = client-ca.pem
private_key = client-ca.key
END
}

# server.pem is there and another authority than ca.pem signed it.
own_server_certificate() {
  [ -s "$(tls_dir)/server.pem" ] &&
    [ "$(openssl x509 -in "$(tls_dir)/server.pem" -noout -issuer_hash)" != "$(openssl x509 -in "$(tls_dir)/ca.pem" -noout -subject_hash 2>/dev/null)" ]
}

# The server's certificate names all that it is asked for.
names_fit() {
  local name kind
  for name in $(tls_names); do
    case $name in *[!0-9.]*) kind=-checkhost ;; *) kind=-checkip ;; esac
    openssl x509 -in "$(tls_dir)/server.pem" -noout "$kind" "$name" | grep -q 'does match' || return 1
  done
}

# Makes what is missing or ends soon. Sets TLS_CHANGED=yes when a running httpd has to read it.
make_certificates() {
  local dir
  dir=$(tls_dir) TLS_CHANGED=no
  mkdir -p "$dir"
  chmod 0700 "$dir"
  write_openssl_conf
  if own_server_certificate; then
    lasts "$dir/server.pem" || warn "The server's certificate $dir/server.pem ends within 30 days: renew it where you got it"
    names_fit || warn "The server's certificate $dir/server.pem does not name all of: $(tls_names | paste -sd' ' -)"
  else
    if ! lasts "$dir/ca.pem"; then
      say "Making the instance's certificate authority"
      make_ca ca "/O=mod_gaokao/CN=mod_gaokao $(uname -n) $(openssl rand -hex 4)"
      rm -f "$dir/server.pem"
    fi
    if ! lasts "$dir/server.pem" || ! names_fit; then
      say "Making the server's certificate: $(tls_names | paste -sd' ' -)"
      new_key server.key
      sign ca server.key "/O=mod_gaokao/CN=$(tls_host)" server server.pem
      TLS_CHANGED=yes
    fi
  fi
  if ! lasts "$dir/client-ca.pem"; then
    make_ca client-ca "/O=mod_gaokao/CN=mod_gaokao export clients $(openssl rand -hex 4)"
    rm -f "$dir/export-client.pem" "$dir/client-ca.crl"
    : >"$dir/index.txt"
    printf '01\n' >"$dir/crlnumber"
    TLS_CHANGED=yes
  fi
  if [ ! -s "$dir/client-ca.crl" ]; then # as long as its CA: httpd refuses everybody once a list is past its end
    tls_openssl ca -config openssl.cnf -name client_ca -gencrl -out client-ca.crl
    TLS_CHANGED=yes
  fi
  if ! lasts "$dir/export-client.pem"; then
    say "Making the export client's certificate"
    new_key export-client.key
    sign client-ca export-client.key "/O=mod_gaokao/CN=export" client export-client.pem
    (umask 077 && openssl rand -hex 12 >"$dir/export-client.password" &&
      tls_openssl pkcs12 -export -inkey export-client.key -in export-client.pem -certfile ca.pem -name export \
        -passout file:export-client.password -out export-client.p12)
  fi
  chmod 0600 "$dir"/*.key "$dir"/*.p12 "$dir/export-client.password"
  chmod 0644 "$dir"/*.pem "$dir/client-ca.crl"
}

# The host of the address people use: the first --host, or 127.0.0.1.
tls_host() { printf '%s' "${HOSTS:-127.0.0.1}" | awk '{printf "%s", $1}'; }

# https_status ADDRESS PORT PATH: like http_status, and the certificate must be right.
https_status() {
  local trust=ca.pem
  ! own_server_certificate || trust=server.pem
  printf 'GET %s HTTP/1.1\r\nHost: localhost:%s\r\nConnection: close\r\n\r\n' "$3" "$2" |
    timeout 5 openssl s_client -quiet -verify_quiet -verify_return_error -partial_chain -CAfile "$(tls_dir)/$trust" \
      -connect "$1:$2" 2>/dev/null | awk 'NR == 1 {printf "%s", $2}'
}

print_trust() {
  local dir
  dir=$(tls_dir)
  if own_server_certificate; then
    say "  Certificate           $dir/server.pem, your own"
  else
    say "  Certificate           signed by $dir/ca.pem: import that file as an authority for web sites where it shall be trusted"
    say "                        (Windows: certutil -addstore Root ca.pem; Chromium and Firefox: Settings, Certificates; curl --cacert)."
    say "                        Compare its fingerprint before: $(openssl x509 -in "$dir/ca.pem" -noout -fingerprint -sha256 | sed 's/.*=//')"
  fi
  say "  Export client         https://$(tls_host):$EXPORT_PORT/api/v1/ for $dir/export-client.p12 (its password: export-client.password)"
  say ""
}
