libgaokao_core_la_SOURCES += \
  %D%/decode.c \
  %D%/error.c \
  %D%/error.h \
  %D%/error_codes.def \
  %D%/json.c \
  %D%/json.h \
  %D%/text.c \
  %D%/text.h \
  %D%/time.c \
  %D%/time.h \
  %D%/version.c \
  %D%/version.h \
  %D%/xml.c \
  %D%/xml.h
