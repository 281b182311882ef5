libgaokao_core_la_SOURCES += \
  %D%/request.h \
  %D%/router.h \
  %D%/routes.def \
  %D%/windows.c
