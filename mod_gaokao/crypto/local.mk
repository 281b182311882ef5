libgaokao_core_la_SOURCES += \
  %D%/crypto.h
