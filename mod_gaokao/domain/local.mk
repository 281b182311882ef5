libgaokao_core_la_SOURCES += \
  %D%/document.h \
  %D%/identity.h \
  %D%/pack.h \
  %D%/verdict.h
