libgaokao_core_la_SOURCES += \
  %D%/calls.h \
  %D%/plugin.h \
  %D%/policy.h
