# Pages are installed as a whole folder.
install-data-local: install-htdocs
uninstall-local: uninstall-htdocs

install-htdocs:
	$(MKDIR_P) $(DESTDIR)$(gkdatadir)/htdocs
uninstall-htdocs:
	rm -rf $(DESTDIR)$(gkdatadir)/htdocs
.PHONY: install-htdocs uninstall-htdocs
