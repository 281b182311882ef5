bin_PROGRAMS += gaokao-worker
gaokao_worker_SOURCES = \
  %D%/gaokao_worker.c %D%/photo_worker.c %D%/photo_worker.h
gaokao_worker_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS)
gaokao_worker_LDADD = libgaokao_core.la $(CORE_LIBS) $(APR_LIBS) $(SECCOMP_LIBS)
