libgaokao_core_la_SOURCES += \
  %D%/problem.c \
  %D%/request.c \
  %D%/audit.c \
  %D%/request.h \
  %D%/router.c \
  %D%/router.h \
  %D%/routes.def \
  %D%/windows.c
