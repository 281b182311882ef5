# The module: the only code that sees httpd's headers. APR's symbols come from httpd at load time.
module_LTLIBRARIES += mod_gaokao.la
mod_gaokao_la_SOURCES =
mod_gaokao_la_SOURCES += %D%/body.c
mod_gaokao_la_SOURCES += %D%/config.c
mod_gaokao_la_SOURCES += %D%/dbd.c
mod_gaokao_la_SOURCES += %D%/directives.def
mod_gaokao_la_SOURCES += %D%/handler.c
mod_gaokao_la_SOURCES += %D%/httpd_internal.h
mod_gaokao_la_SOURCES += %D%/lifecycle.c
mod_gaokao_la_SOURCES += %D%/metrics.c
mod_gaokao_la_SOURCES += %D%/status.c
mod_gaokao_la_SOURCES += %D%/watchdog.c
mod_gaokao_la_SOURCES += %D%/worker.c
mod_gaokao_la_SOURCES += mod_gaokao/mod_gaokao.c
mod_gaokao_la_CPPFLAGS = $(AM_CPPFLAGS) $(HTTPD_CPPFLAGS)
mod_gaokao_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -export-symbols-regex '^gaokao_module$$'
mod_gaokao_la_LIBADD = libgaokao_core.la $(CORE_LIBS)
