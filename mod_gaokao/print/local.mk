# The only folder that needs them.
AM_CPPFLAGS += $(PRINT_CFLAGS)
CORE_LIBS += $(PRINT_LIBS) -lm

libgaokao_core_la_SOURCES += %D%/cards.c
libgaokao_core_la_SOURCES += %D%/flow.c
libgaokao_core_la_SOURCES += %D%/fonts.c
libgaokao_core_la_SOURCES += %D%/lists.c
libgaokao_core_la_SOURCES += %D%/page.c
libgaokao_core_la_SOURCES += %D%/papers.c
libgaokao_core_la_SOURCES += %D%/papers.h
libgaokao_core_la_SOURCES += %D%/print.h
libgaokao_core_la_SOURCES += %D%/print_internal.h
libgaokao_core_la_SOURCES += %D%/record.c
