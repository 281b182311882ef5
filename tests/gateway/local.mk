# The gateway's tests link its library too. Those in Python are run by pytest (./check httpd).
GATEWAY_LDADD = libgaokao_gateway.la $(CURL_LIBS) $(LDADD)
GATEWAY_TESTS =
GATEWAY_TESTS += %D%/test_frame
%C%_test_frame_SOURCES = %D%/test_frame.c %D%/samples.h
%C%_test_frame_LDADD = $(GATEWAY_LDADD)
GATEWAY_TESTS += %D%/test_reader
%C%_test_reader_SOURCES = %D%/test_reader.c %D%/samples.h
%C%_test_reader_LDADD = $(GATEWAY_LDADD)
%C%_test_reader_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=gk_tick -Wl,--wrap=gk_line_open -Wl,--wrap=gk_line_ports -Wl,--wrap=tcflush
GATEWAY_TESTS += %D%/test_spool
%C%_test_spool_LDADD = $(GATEWAY_LDADD)
check_PROGRAMS += $(GATEWAY_TESTS)
TESTS += $(GATEWAY_TESTS)
EXTRA_DIST += %D%/failing_sync.c
EXTRA_DIST += %D%/peer.py
EXTRA_DIST += %D%/samples.csv
EXTRA_DIST += %D%/samples.h
EXTRA_DIST += %D%/test_gateway.py
