bin_PROGRAMS += gaokao-worker
gaokao_worker_SOURCES = \
  %D%/gaokao_worker.c
gaokao_worker_LDADD = libgaokao_core.la $(CORE_LIBS) $(APR_LIBS)
