# Pages are installed as a whole folder: a new file needs no line here. npm packages of package-lock.json come
# at build time into the build's htdocs/node_modules; their files are served from htdocs/vendor/PACKAGE/. The pages run
# from the sources as they are; what is installed is bundled by esbuild: /ks as one file, for the first visit on a slow phone.
HTDOCS_VENDOR = idb lean-qr lit-html

EXTRA_DIST += htdocs

install-data-local: install-htdocs
uninstall-local: uninstall-htdocs
clean-local: clean-htdocs

if HAVE_NPM
all-local: htdocs/vendor.stamp
htdocs/vendor.stamp: $(srcdir)/htdocs/package.json $(srcdir)/htdocs/package-lock.json
	$(AM_V_GEN)$(MKDIR_P) htdocs && \
	  if test "$(srcdir)" != .; then \
	    for f in package.json package-lock.json .npmrc; do rm -f htdocs/$$f && cp $(srcdir)/htdocs/$$f htdocs/ || exit 1; done; fi && \
	  (cd htdocs && $(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error)
	$(AM_V_at)for p in $(HTDOCS_VENDOR); do test -d htdocs/node_modules/$$p || exit 1; done
	$(AM_V_at)touch $@
endif

# Only what pages load: no development builds, maps and types.
install-htdocs:
	$(MKDIR_P) $(DESTDIR)$(gkdatadir)/htdocs
	(cd $(srcdir)/htdocs && find . -name node_modules -prune -o -name vendor -prune -o \
	    -type f ! -name local.mk ! -name 'package*.json' ! -name '.*' ! -name vendor.stamp -print) | \
	  while read f; do \
	    $(MKDIR_P) "$(DESTDIR)$(gkdatadir)/htdocs/$$(dirname $$f)" && \
	    $(INSTALL_DATA) "$(srcdir)/htdocs/$$f" "$(DESTDIR)$(gkdatadir)/htdocs/$$f" || exit 1; \
	  done
	for p in $(HTDOCS_VENDOR); do \
	  test -d htdocs/node_modules/$$p || continue; \
	  (cd htdocs/node_modules && find $$p -name node_modules -prune -o -name development -prune -o -name node -prune -o \
	      -type f '(' -name '*.js' -o -name nano.mjs ')' -print) | \
	    while read f; do \
	      $(MKDIR_P) "$(DESTDIR)$(gkdatadir)/htdocs/vendor/$$(dirname $$f)" && \
	      $(INSTALL_DATA) "htdocs/node_modules/$$f" "$(DESTDIR)$(gkdatadir)/htdocs/vendor/$$f" || exit 1; \
	    done; \
	done
	if test -f htdocs/node_modules/esbuild/bin/esbuild; then \
	  h="$(DESTDIR)$(gkdatadir)/htdocs"; rm -f "$$h"/js/chunk-*.js && \
	  for edition in "ks" "hngz --splitting --chunk-names=chunk-[hash]"; do \
	    set -- $$edition; entry=$$1; shift; \
	    htdocs/node_modules/esbuild/bin/esbuild --bundle --minify --format=esm --target=es2022 --log-level=warning "$$@" \
	      --outdir="$$h/js/bundle" "$$h/js/$$entry.js" || exit 1; \
	  done && \
	  mv -f "$$h"/js/bundle/*.js "$$h/js/" && rmdir "$$h/js/bundle" && \
	  for edition in ks hngz; do \
	    grep -v 'rel="modulepreload"' "$$h/$$edition/index.html" >"$$h/index.tmp" && cat "$$h/index.tmp" >"$$h/$$edition/index.html" || exit 1; \
	  done && rm -f "$$h/index.tmp"; \
	fi

uninstall-htdocs:
	rm -rf $(DESTDIR)$(gkdatadir)/htdocs

clean-htdocs:
	rm -rf htdocs/node_modules htdocs/vendor.stamp
	test "$(srcdir)" = . || rm -f htdocs/package.json htdocs/package-lock.json htdocs/.npmrc
.PHONY: install-htdocs uninstall-htdocs clean-htdocs
