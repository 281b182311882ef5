libgaokao_core_la_SOURCES += \
  %D%/audit.c \
  %D%/problem.c \
  %D%/request.c \
  %D%/request.h \
  %D%/router.c \
  %D%/router.h \
  %D%/routes.def \
  %D%/windows.c
