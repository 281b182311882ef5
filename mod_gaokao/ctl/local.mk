# gaokaoctl but for its main file is a convenience library, so that tests can call it.
if HAVE_CTL
noinst_LTLIBRARIES += libgaokao_ctl.la
libgaokao_ctl_la_SOURCES = \
  %D%/accounts.c \
  %D%/accounts.h \
  %D%/check.c \
  %D%/common.c \
  %D%/ctl.h \
  %D%/lists.c \
  %D%/orgs.c \
  %D%/season.c \
  %D%/setup.c

bin_PROGRAMS += gaokaoctl
gaokaoctl_SOURCES = \
  %D%/gaokaoctl.c
gaokaoctl_LDADD = libgaokao_ctl.la libgaokao_core.la $(CORE_LIBS) $(APR_LIBS)
endif
