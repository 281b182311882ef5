libgaokao_core_la_SOURCES += %D%/access.c
libgaokao_core_la_SOURCES += %D%/access.def
libgaokao_core_la_SOURCES += %D%/access.h
libgaokao_core_la_SOURCES += %D%/account.h
libgaokao_core_la_SOURCES += %D%/act.c
libgaokao_core_la_SOURCES += %D%/act.h
libgaokao_core_la_SOURCES += %D%/audit_view.c
libgaokao_core_la_SOURCES += %D%/audit_view.h
libgaokao_core_la_SOURCES += %D%/calendar.c
libgaokao_core_la_SOURCES += %D%/calendar.h
libgaokao_core_la_SOURCES += %D%/candidate.h
libgaokao_core_la_SOURCES += %D%/config.c
libgaokao_core_la_SOURCES += %D%/confirm.h
libgaokao_core_la_SOURCES += %D%/core.c
libgaokao_core_la_SOURCES += %D%/core.h
libgaokao_core_la_SOURCES += %D%/document.h
libgaokao_core_la_SOURCES += %D%/identity.c
libgaokao_core_la_SOURCES += %D%/identity.h
libgaokao_core_la_SOURCES += %D%/org.h
libgaokao_core_la_SOURCES += %D%/own.h
libgaokao_core_la_SOURCES += %D%/pack.h
libgaokao_core_la_SOURCES += %D%/part.c
libgaokao_core_la_SOURCES += %D%/part.h
libgaokao_core_la_SOURCES += %D%/paths.c
libgaokao_core_la_SOURCES += %D%/paths.h
libgaokao_core_la_SOURCES += %D%/ports.h
libgaokao_core_la_SOURCES += %D%/ports_candidate.h
libgaokao_core_la_SOURCES += %D%/range.h
libgaokao_core_la_SOURCES += %D%/reading.h
libgaokao_core_la_SOURCES += %D%/review.h
libgaokao_core_la_SOURCES += %D%/session.h
libgaokao_core_la_SOURCES += %D%/verdict.h
libgaokao_core_la_SOURCES += \
  %D%/access.c \
  %D%/access.def \
  %D%/access.h \
  %D%/account.h \
  %D%/act.c \
  %D%/act.h \
  %D%/audit_view.c \
  %D%/audit_view.h \
  %D%/calendar.c \
  %D%/calendar.h \
  %D%/candidate.h \
  %D%/config.c \
  %D%/confirm.h \
  %D%/core.c \
  %D%/core.h \
  %D%/document.h \
  %D%/identity.c \
  %D%/identity.h \
  %D%/org.c \
  %D%/org.h \
  %D%/own.h \
  %D%/pack.h \
  %D%/paths.c \
  %D%/paths.h \
  %D%/ports.h \
  %D%/ports_candidate.h \
  %D%/ports_org.h \
  %D%/ports_range.h \
  %D%/range.c \
  %D%/range.h \
  %D%/reading.h \
  %D%/review.h \
  %D%/session.h \
  %D%/verdict.h
