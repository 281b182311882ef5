libgaokao_core_la_SOURCES += \
  %D%/access.c \
  %D%/access.def \
  %D%/access.h \
  %D%/act.h \
  %D%/core.h \
  %D%/document.h \
  %D%/identity.c \
  %D%/identity.h \
  %D%/pack.h \
  %D%/verdict.h
