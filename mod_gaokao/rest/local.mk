libgaokao_core_la_SOURCES += %D%/audit.c
libgaokao_core_la_SOURCES += %D%/parts.c
libgaokao_core_la_SOURCES += %D%/problem.c
libgaokao_core_la_SOURCES += %D%/request.c
libgaokao_core_la_SOURCES += %D%/request.h
libgaokao_core_la_SOURCES += %D%/router.c
libgaokao_core_la_SOURCES += %D%/router.h
libgaokao_core_la_SOURCES += %D%/routes.def
libgaokao_core_la_SOURCES += %D%/windows.c
libgaokao_core_la_SOURCES += \
  %D%/audit.c \
  %D%/orgs.c \
  %D%/problem.c \
  %D%/ranges.c \
  %D%/request.c \
  %D%/request.h \
  %D%/router.c \
  %D%/router.h \
  %D%/routes.def \
  %D%/windows.c
