# gaokaoctl but for its main file is a convenience library, so that tests can call it.
noinst_LTLIBRARIES += libgaokao_ctl.la
libgaokao_ctl_la_SOURCES =
libgaokao_ctl_la_SOURCES += %D%/accounts.c
libgaokao_ctl_la_SOURCES += %D%/accounts.h
libgaokao_ctl_la_SOURCES += %D%/audit.c
libgaokao_ctl_la_SOURCES += %D%/check.c
libgaokao_ctl_la_SOURCES += %D%/common.c
libgaokao_ctl_la_SOURCES += %D%/ctl.h
libgaokao_ctl_la_SOURCES += %D%/demo.c
libgaokao_ctl_la_SOURCES += %D%/demo.h
libgaokao_ctl_la_SOURCES += %D%/demo_load.c
libgaokao_ctl_la_SOURCES += %D%/demo_load.h
libgaokao_ctl_la_SOURCES += %D%/demo_names.c
libgaokao_ctl_la_SOURCES += %D%/demo_person.c
libgaokao_ctl_la_SOURCES += %D%/demo_submit.c
libgaokao_ctl_la_SOURCES += %D%/demo_units.c
libgaokao_ctl_la_SOURCES += %D%/keys.c
libgaokao_ctl_la_SOURCES += %D%/erase.c
libgaokao_ctl_la_SOURCES += %D%/lists.c
libgaokao_ctl_la_SOURCES += %D%/orgs.c
libgaokao_ctl_la_SOURCES += %D%/season.c
libgaokao_ctl_la_SOURCES += %D%/setup.c
libgaokao_ctl_la_SOURCES += %D%/verify.c

bin_PROGRAMS += gaokaoctl
gaokaoctl_SOURCES = %D%/gaokaoctl.c
gaokaoctl_LDADD = libgaokao_ctl.la libgaokao_core.la $(CORE_LIBS) $(APR_LIBS)
