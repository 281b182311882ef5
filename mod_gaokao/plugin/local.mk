libgaokao_core_la_SOURCES += %D%/calls.h
libgaokao_core_la_SOURCES += %D%/plugin.h
libgaokao_core_la_SOURCES += %D%/policy.h
