# Data files are installed as whole folders: a new table or pack needs no line here.
EXTRA_DIST += conf/gaokao.conf.in
EXTRA_DIST += conf/packs
EXTRA_DIST += conf/schema
EXTRA_DIST += conf/tables

install-data-local: install-conf
uninstall-local: uninstall-conf

install-conf:
	$(MKDIR_P) $(DESTDIR)$(gkdatadir)
	$(INSTALL_DATA) $(srcdir)/conf/gaokao.conf.in $(DESTDIR)$(gkdatadir)/
	for d in tables packs schema; do \
	  test -d $(srcdir)/conf/$$d || continue; \
	  $(MKDIR_P) $(DESTDIR)$(gkdatadir)/$$d || exit 1; \
	  for f in $(srcdir)/conf/$$d/*; do \
	    test ! -f $$f || $(INSTALL_DATA) $$f $(DESTDIR)$(gkdatadir)/$$d/ || exit 1; \
	  done; \
	done

uninstall-conf:
	rm -f $(DESTDIR)$(gkdatadir)/gaokao.conf.in
	for d in tables packs schema; do rm -rf $(DESTDIR)$(gkdatadir)/$$d; done
.PHONY: install-conf uninstall-conf
