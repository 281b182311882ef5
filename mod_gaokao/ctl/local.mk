if HAVE_CTL
bin_PROGRAMS += gaokaoctl
gaokaoctl_SOURCES = \
  %D%/gaokaoctl.c
gaokaoctl_LDADD = libgaokao_core.la $(CORE_LIBS) $(APR_LIBS)
endif
