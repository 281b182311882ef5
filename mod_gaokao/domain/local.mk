libgaokao_core_la_SOURCES += \
  %D%/access.c \
  %D%/access.def \
  %D%/access.h \
  %D%/act.c \
  %D%/act.h \
  %D%/audit_view.c \
  %D%/audit_view.h \
  %D%/calendar.c \
  %D%/calendar.h \
  %D%/candidate.h \
  %D%/confirm.h \
  %D%/config.c \
  %D%/core.c \
  %D%/core.h \
  %D%/document.h \
  %D%/identity.c \
  %D%/identity.h \
  %D%/own.h \
  %D%/pack.h \
  %D%/paths.c \
  %D%/paths.h \
  %D%/ports.h \
  %D%/ports_candidate.h \
  %D%/reading.h \
  %D%/review.h \
  %D%/verdict.h
