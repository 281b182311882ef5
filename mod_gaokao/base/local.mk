libgaokao_core_la_SOURCES += \
  %D%/error.h \
  %D%/error_codes.def \
  %D%/json.h \
  %D%/text.h \
  %D%/time.h \
  %D%/version.c \
  %D%/version.h \
  %D%/xml.h
