# The module: the only code that sees httpd's headers. APR's symbols come from httpd at load time.
if HAVE_MODULE
module_LTLIBRARIES += mod_gaokao.la
mod_gaokao_la_SOURCES = \
  mod_gaokao/mod_gaokao.c
mod_gaokao_la_CPPFLAGS = $(AM_CPPFLAGS) $(HTTPD_CPPFLAGS)
mod_gaokao_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -export-symbols-regex '^gaokao_module$$'
mod_gaokao_la_LIBADD = libgaokao_core.la $(CORE_LIBS)
endif
