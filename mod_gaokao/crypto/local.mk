libgaokao_core_la_SOURCES += \
  %D%/crypto.h \
  %D%/digest.c \
  %D%/internal.h \
  %D%/keys.c \
  %D%/password.c \
  %D%/seal.c \
  %D%/session.c \
  %D%/slip.c \
  %D%/totp.c
