libgaokao_core_la_SOURCES +=
