# gaokao-gateway but for its main file is a convenience library, so that tests can call it.
noinst_LTLIBRARIES += libgaokao_gateway.la
libgaokao_gateway_la_SOURCES =
libgaokao_gateway_la_SOURCES += %D%/camera.c
libgaokao_gateway_la_SOURCES += %D%/card.c
libgaokao_gateway_la_SOURCES += %D%/card.h
libgaokao_gateway_la_SOURCES += %D%/config.def
libgaokao_gateway_la_SOURCES += %D%/decoder.c
libgaokao_gateway_la_SOURCES += %D%/device.c
libgaokao_gateway_la_SOURCES += %D%/device.h
libgaokao_gateway_la_SOURCES += %D%/files.c
libgaokao_gateway_la_SOURCES += %D%/files.h
libgaokao_gateway_la_SOURCES += %D%/frame.c
libgaokao_gateway_la_SOURCES += %D%/frame.h
libgaokao_gateway_la_SOURCES += %D%/gateway.h
libgaokao_gateway_la_SOURCES += %D%/handed.c
libgaokao_gateway_la_SOURCES += %D%/line.c
libgaokao_gateway_la_SOURCES += %D%/line.h
libgaokao_gateway_la_SOURCES += %D%/page.c
libgaokao_gateway_la_SOURCES += %D%/page.h
libgaokao_gateway_la_SOURCES += %D%/page_request.c
libgaokao_gateway_la_SOURCES += %D%/post.c
libgaokao_gateway_la_SOURCES += %D%/reader.c
libgaokao_gateway_la_SOURCES += %D%/reader.h
libgaokao_gateway_la_SOURCES += %D%/run.c
libgaokao_gateway_la_SOURCES += %D%/sign.c
libgaokao_gateway_la_SOURCES += %D%/spool.c
libgaokao_gateway_la_SOURCES += %D%/spool.h
libgaokao_gateway_la_SOURCES += %D%/spool_internal.h
libgaokao_gateway_la_SOURCES += %D%/spool_load.c
libgaokao_gateway_la_SOURCES += %D%/state.c
libgaokao_gateway_la_SOURCES += %D%/words.c
libgaokao_gateway_la_SOURCES += %D%/words.def
libgaokao_gateway_la_SOURCES += %D%/words.h

# The loopback page's files, in the program.
nodist_libgaokao_gateway_la_SOURCES = %D%/page_files.c
GATEWAY_PAGE = %D%/page/index.html %D%/page/page.css %D%/page/page.js
EXTRA_DIST += $(GATEWAY_PAGE)
EXTRA_DIST += %D%/page_files.awk
CLEANFILES += %D%/page_files.c
%D%/page_files.c: %D%/page_files.awk $(GATEWAY_PAGE)
	$(AM_V_GEN)$(MKDIR_P) %D% && top=$(abs_builddir) && cd $(srcdir) && \
	  $(AWK) -f %D%/page_files.awk $(GATEWAY_PAGE) >$$top/%D%/page_files.c.new && \
	  mv $$top/%D%/page_files.c.new $$top/%D%/page_files.c

bin_PROGRAMS += gaokao-gateway
gaokao_gateway_SOURCES = %D%/gaokao_gateway.c
gaokao_gateway_LDADD = libgaokao_gateway.la libgaokao_core.la $(CURL_LIBS) $(CORE_LIBS) $(APR_LIBS)
