# gaokao-gateway but for its main file is a convenience library, so that tests can call it.
noinst_LTLIBRARIES += libgaokao_gateway.la
libgaokao_gateway_la_SOURCES =
libgaokao_gateway_la_SOURCES += %D%/card.c
libgaokao_gateway_la_SOURCES += %D%/card.h
libgaokao_gateway_la_SOURCES += %D%/frame.c
libgaokao_gateway_la_SOURCES += %D%/frame.h
libgaokao_gateway_la_SOURCES += %D%/line.c
libgaokao_gateway_la_SOURCES += %D%/line.h
libgaokao_gateway_la_SOURCES += %D%/reader.c
libgaokao_gateway_la_SOURCES += %D%/reader.h
libgaokao_gateway_la_SOURCES += %D%/spool.c
libgaokao_gateway_la_SOURCES += %D%/spool.h
libgaokao_gateway_la_SOURCES += %D%/spool_internal.h
libgaokao_gateway_la_SOURCES += %D%/spool_load.c
libgaokao_gateway_la_SOURCES += %D%/words.c
libgaokao_gateway_la_SOURCES += %D%/words.def
libgaokao_gateway_la_SOURCES += %D%/words.h
