# Every test speaks TAP. A C test is one line below: "%D%/unit/test_json" builds tests/unit/test_json.c
# against the core (unit/gk_test.h). Scripts (.sh, .py) find top_srcdir, top_builddir, HTTPD, NM in the environment.
# Store tests run their suite on SQLite, and on PostgreSQL too when GK_TEST_PGSQL holds a libpq connection
# string (./check sets it): each makes a schema of its own there.
UNIT_TESTS =
UNIT_TESTS += %D%/plugin/test_abi
UNIT_TESTS += %D%/plugin/test_calls
UNIT_TESTS += %D%/plugin/test_device_idcard
UNIT_TESTS += %D%/plugin/test_device_other
UNIT_TESTS += %D%/plugin/test_export_lists
UNIT_TESTS += %D%/plugin/test_export_xml
UNIT_TESTS += %D%/plugin/test_loader
UNIT_TESTS += %D%/plugin/test_photo
UNIT_TESTS += %D%/plugin/test_policy
UNIT_TESTS += %D%/plugin/test_policy_xpath
UNIT_TESTS += %D%/plugin/test_standing
UNIT_TESTS += %D%/unit/test_calendar
UNIT_TESTS += %D%/unit/test_crypto
UNIT_TESTS += %D%/unit/test_document
UNIT_TESTS += %D%/unit/test_editable
UNIT_TESTS += %D%/unit/test_conditions
UNIT_TESTS += %D%/unit/test_flat
UNIT_TESTS += %D%/unit/test_identity
UNIT_TESTS += %D%/unit/test_image
UNIT_TESTS += %D%/unit/test_import
UNIT_TESTS += %D%/unit/test_jws
UNIT_TESTS += %D%/unit/test_merkle
UNIT_TESTS += %D%/unit/test_memory
UNIT_TESTS += %D%/unit/test_pack
UNIT_TESTS += %D%/unit/test_print
UNIT_TESTS += %D%/unit/test_seal
UNIT_TESTS += %D%/unit/test_password
UNIT_TESTS += %D%/unit/test_sheet
UNIT_TESTS += %D%/unit/test_sniff
UNIT_TESTS += %D%/unit/test_time
UNIT_TESTS += %D%/unit/test_xml

STORE_TESTS =
STORE_TESTS += %D%/store/test_account_session
STORE_TESTS += %D%/store/test_audit_seal
STORE_TESTS += %D%/store/test_candidate
STORE_TESTS += %D%/store/test_db
STORE_TESTS += %D%/store/test_flow
STORE_TESTS += %D%/store/test_job
STORE_TESTS += %D%/store/test_org_range
STORE_TESTS += %D%/store/test_submission
STORE_TESTS += %D%/store/test_vault
STORE_TESTS += %D%/store/test_photo

# gaokaoctl and gaokao-worker.
CTL_TESTS =
CTL_TESTS += %D%/ctl/test_demo
%C%_ctl_test_demo_LDADD = libgaokao_ctl.la $(LDADD)
CTL_PY = %D%/ctl/test_gaokaoctl.py

# Plugin tests load the built plugins and lab.so, a file of plugins that do wrong.
PLUGIN_TESTS =
PLUGIN_TESTS += %D%/plugin/test_abi
PLUGIN_TESTS += %D%/plugin/test_calls
PLUGIN_TESTS += %D%/plugin/test_device_idcard
PLUGIN_TESTS += %D%/plugin/test_device_other
PLUGIN_TESTS += %D%/plugin/test_engine
PLUGIN_TESTS += %D%/plugin/test_export_lists
PLUGIN_TESTS += %D%/plugin/test_export_xml
PLUGIN_TESTS += %D%/plugin/test_loader
PLUGIN_TESTS += %D%/plugin/test_photo
PLUGIN_TESTS += %D%/plugin/test_policy
PLUGIN_TESTS += %D%/plugin/test_policy_xpath
PLUGIN_TESTS += %D%/plugin/test_standing
%C%_plugin_test_photo_SOURCES = %D%/plugin/test_photo.c plugins/photo_face/landmarks.c
%C%_plugin_test_photo_CPPFLAGS = $(AM_CPPFLAGS) -Iplugins/photo_face
check_LTLIBRARIES += %D%/plugin/lab.la
%C%_plugin_lab_la_SOURCES = %D%/plugin/lab.c
%C%_plugin_lab_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
%C%_plugin_lab_la_CFLAGS = $(PLUGIN_CFLAGS)
%C%_plugin_lab_la_LDFLAGS = $(PLUGIN_LINK) -rpath $(abs_builddir)/%D%/plugin
# For the fault tests, which put it into an instance of their own.
check_LTLIBRARIES += %D%/plugin/faulty.la
%C%_plugin_faulty_la_SOURCES = %D%/plugin/faulty.c
%C%_plugin_faulty_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
%C%_plugin_faulty_la_CFLAGS = $(PLUGIN_CFLAGS)
%C%_plugin_faulty_la_LDFLAGS = $(PLUGIN_LINK) -rpath $(abs_builddir)/%D%/plugin
check_LTLIBRARIES += %D%/plugin/faulty_idcard.la
%C%_plugin_faulty_idcard_la_SOURCES = %D%/plugin/faulty_idcard.c plugins/device_idcard/block.c
%C%_plugin_faulty_idcard_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -I$(top_srcdir)/plugins/device_idcard
%C%_plugin_faulty_idcard_la_CFLAGS = $(PLUGIN_CFLAGS)
%C%_plugin_faulty_idcard_la_LDFLAGS = $(PLUGIN_LINK) -rpath $(abs_builddir)/%D%/plugin
# A second rule engine.
check_LTLIBRARIES += %D%/plugin/plain.la
%C%_plugin_plain_la_SOURCES = %D%/plugin/plain.c
%C%_plugin_plain_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
%C%_plugin_plain_la_CFLAGS = $(PLUGIN_CFLAGS)
%C%_plugin_plain_la_LDFLAGS = $(PLUGIN_LINK) -rpath $(abs_builddir)/%D%/plugin
check_LTLIBRARIES += %D%/plugin/faulty_photo.la
%C%_plugin_faulty_photo_la_SOURCES = %D%/plugin/faulty_photo.c
%C%_plugin_faulty_photo_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
%C%_plugin_faulty_photo_la_CFLAGS = $(PLUGIN_CFLAGS)
%C%_plugin_faulty_photo_la_LDFLAGS = $(PLUGIN_LINK) -rpath $(abs_builddir)/%D%/plugin

include %D%/gateway/local.mk

BENCHES =
BENCHES += %D%/bench/hash
BENCHES += %D%/bench/idcard
BENCHES += %D%/bench/photo
BENCHES += %D%/bench/print
BENCHES += %D%/bench/rules
BENCHES += %D%/bench/schematron
BENCHES += %D%/bench/seal
BENCHES += %D%/bench/statements
# What libxml2 says of the shipped rules, for the page tests.
BENCHES += %D%/tools/corpus

%C%_bench_rules_SOURCES = %D%/bench/rules.c %D%/bench/rules.h
%C%_bench_schematron_SOURCES = %D%/bench/schematron.c %D%/bench/rules.h
%C%_bench_schematron_CPPFLAGS = $(AM_CPPFLAGS) $(XML2_CFLAGS)
%C%_bench_schematron_LDADD = $(XML2_LIBS)
%C%_bench_idcard_SOURCES = %D%/bench/idcard.c plugins/device_idcard/block.c
%C%_bench_idcard_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/plugins/device_idcard

GUARDS =
GUARDS += %D%/guards/binaries.py
GUARDS += %D%/guards/documents.py
GUARDS += %D%/guards/layers.py
GUARDS += %D%/guards/scope.py
GUARDS += %D%/guards/source.py
GUARDS += %D%/guards/texts.py

TEST_EXTENSIONS = .sh .py
TAP_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(TAP_DRIVER)
SH_LOG_DRIVER = $(TAP_DRIVER)
SH_LOG_COMPILER = $(SHELL)
PY_LOG_DRIVER = $(TAP_DRIVER)
PY_LOG_COMPILER = $(PYTHON3)
AM_TESTS_ENVIRONMENT = \
  top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
  top_builddir='$(abs_top_builddir)'; export top_builddir; \
  HTTPD='$(HTTPD)'; export HTTPD; \
  NM='$(NM_PROGRAM)'; export NM; \
  PYTHONDONTWRITEBYTECODE=1; export PYTHONDONTWRITEBYTECODE;

# What a test program links unless it says otherwise.
LDADD = libgaokao_core.la $(CORE_LIBS) $(APR_LIBS)

# Fuzz targets: replayed over their corpus here; run by libFuzzer in a build with --enable-fuzz (make fuzz).
FUZZ_TARGETS =
FUZZ_TARGETS += %D%/fuzz/fuzz_chip
FUZZ_TARGETS += %D%/fuzz/fuzz_config
FUZZ_TARGETS += %D%/fuzz/fuzz_decode
FUZZ_TARGETS += %D%/fuzz/fuzz_exam
FUZZ_TARGETS += %D%/fuzz/fuzz_flat
FUZZ_TARGETS += %D%/fuzz/fuzz_frame
FUZZ_TARGETS += %D%/fuzz/fuzz_head
FUZZ_TARGETS += %D%/fuzz/fuzz_idcard
FUZZ_TARGETS += %D%/fuzz/fuzz_identity
FUZZ_TARGETS += %D%/fuzz/fuzz_image
FUZZ_TARGETS += %D%/fuzz/fuzz_json
FUZZ_TARGETS += %D%/fuzz/fuzz_jws
FUZZ_TARGETS += %D%/fuzz/fuzz_keys
FUZZ_TARGETS += %D%/fuzz/fuzz_options
FUZZ_TARGETS += %D%/fuzz/fuzz_pack
FUZZ_TARGETS += %D%/fuzz/fuzz_rules
FUZZ_TARGETS += %D%/fuzz/fuzz_sealed
FUZZ_TARGETS += %D%/fuzz/fuzz_page
FUZZ_TARGETS += %D%/fuzz/fuzz_session
FUZZ_TARGETS += %D%/fuzz/fuzz_returns
FUZZ_TARGETS += %D%/fuzz/fuzz_sheet
FUZZ_TARGETS += %D%/fuzz/fuzz_sniff
FUZZ_TARGETS += %D%/fuzz/fuzz_text
FUZZ_TARGETS += %D%/fuzz/fuzz_typed
FUZZ_TARGETS += %D%/fuzz/fuzz_xml
FUZZ_TARGETS += %D%/fuzz/fuzz_xpath
FUZZ_TARGETS += %D%/fuzz/fuzz_zip
FUZZ_ENTRY = %D%/fuzz/entry.c %D%/fuzz/gk_fuzz.h
FUZZ_LINK = $(AM_LDFLAGS) $(GK_FUZZ_LDFLAGS)
%C%_fuzz_fuzz_chip_SOURCES = %D%/fuzz/fuzz_chip.c $(FUZZ_ENTRY)
%C%_fuzz_fuzz_chip_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_fuzz_config_SOURCES = %D%/fuzz/fuzz_config.c $(FUZZ_ENTRY)
%C%_fuzz_fuzz_config_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_fuzz_decode_SOURCES = %D%/fuzz/fuzz_decode.c $(FUZZ_ENTRY)
%C%_fuzz_fuzz_decode_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_fuzz_exam_SOURCES = %D%/fuzz/fuzz_exam.c plugins/device_exam/items.c $(FUZZ_ENTRY)
%C%_fuzz_fuzz_exam_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/plugins/device_exam
%C%_fuzz_fuzz_exam_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_fuzz_flat_SOURCES = %D%/fuzz/fuzz_flat.c $(FUZZ_ENTRY)
%C%_fuzz_fuzz_flat_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_fuzz_frame_SOURCES = %D%/fuzz/fuzz_frame.c $(FUZZ_ENTRY)
%C%_fuzz_fuzz_frame_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_fuzz_frame_LDADD = $(GATEWAY_LDADD)
%C%_fuzz_fuzz_head_SOURCES = %D%/fuzz/fuzz_head.c $(FUZZ_ENTRY)
%C%_fuzz_fuzz_head_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_fuzz_idcard_SOURCES = %D%/fuzz/fuzz_idcard.c plugins/device_idcard/block.c $(FUZZ_ENTRY)
%C%_fuzz_fuzz_idcard_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/plugins/device_idcard
%C%_fuzz_fuzz_idcard_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_fuzz_identity_SOURCES = %D%/fuzz/fuzz_identity.c $(FUZZ_ENTRY)
%C%_fuzz_fuzz_identity_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_fuzz_image_SOURCES = %D%/fuzz/fuzz_image.c $(FUZZ_ENTRY)
%C%_fuzz_fuzz_image_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_fuzz_json_SOURCES = %D%/fuzz/fuzz_json.c $(FUZZ_ENTRY)
%C%_fuzz_fuzz_json_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_fuzz_jws_SOURCES = %D%/fuzz/fuzz_jws.c $(FUZZ_ENTRY)
%C%_fuzz_fuzz_jws_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_fuzz_keys_SOURCES = %D%/fuzz/fuzz_keys.c $(FUZZ_ENTRY)
%C%_fuzz_fuzz_keys_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_fuzz_options_SOURCES = %D%/fuzz/fuzz_options.c $(FUZZ_ENTRY)
%C%_fuzz_fuzz_options_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_fuzz_pack_SOURCES = %D%/fuzz/fuzz_pack.c $(FUZZ_ENTRY)
%C%_fuzz_fuzz_pack_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_fuzz_page_SOURCES = %D%/fuzz/fuzz_page.c $(FUZZ_ENTRY)
%C%_fuzz_fuzz_page_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_fuzz_page_LDADD = $(GATEWAY_LDADD)
%C%_fuzz_fuzz_rules_SOURCES = %D%/fuzz/fuzz_rules.c $(FUZZ_ENTRY)
%C%_fuzz_fuzz_rules_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_fuzz_sealed_SOURCES = %D%/fuzz/fuzz_sealed.c %D%/unit/key_file.h $(FUZZ_ENTRY)
%C%_fuzz_fuzz_sealed_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_fuzz_session_SOURCES = %D%/fuzz/fuzz_session.c %D%/fuzz/keys.h $(FUZZ_ENTRY)
%C%_fuzz_fuzz_session_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_fuzz_returns_SOURCES = %D%/fuzz/fuzz_returns.c $(FUZZ_ENTRY)
%C%_fuzz_fuzz_returns_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_fuzz_sheet_SOURCES = %D%/fuzz/fuzz_sheet.c $(FUZZ_ENTRY)
%C%_fuzz_fuzz_sheet_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_fuzz_sniff_SOURCES = %D%/fuzz/fuzz_sniff.c $(FUZZ_ENTRY)
%C%_fuzz_fuzz_sniff_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_fuzz_text_SOURCES = %D%/fuzz/fuzz_text.c $(FUZZ_ENTRY)
%C%_fuzz_fuzz_text_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_fuzz_typed_SOURCES = %D%/fuzz/fuzz_typed.c %D%/fuzz/keys.h $(FUZZ_ENTRY)
%C%_fuzz_fuzz_typed_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_fuzz_zip_SOURCES = %D%/fuzz/fuzz_zip.c $(FUZZ_ENTRY)
%C%_fuzz_fuzz_zip_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_fuzz_xml_SOURCES = %D%/fuzz/fuzz_xml.c $(FUZZ_ENTRY)
%C%_fuzz_fuzz_xml_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_fuzz_xpath_SOURCES = %D%/fuzz/fuzz_xpath.c plugins/policy_xpath/rewrite.c $(FUZZ_ENTRY)
%C%_fuzz_fuzz_xpath_LDFLAGS = $(FUZZ_LINK)

check_PROGRAMS += $(UNIT_TESTS) $(STORE_TESTS) $(CTL_TESTS) $(PLUGIN_TESTS) $(BENCHES) $(FUZZ_TARGETS)
TESTS += $(UNIT_TESTS) $(STORE_TESTS) $(CTL_TESTS) $(CTL_PY) $(PLUGIN_TESTS) $(GUARDS)
if FUZZ
AM_CPPFLAGS += -DGK_LIBFUZZER
fuzz: $(BUILT_SOURCES) $(FUZZ_TARGETS)
else
TESTS += $(FUZZ_TARGETS)
endif

EXTRA_DIST += $(GUARDS) $(CTL_PY)
EXTRA_DIST += %D%/README.md
EXTRA_DIST += %D%/bench/devices
EXTRA_DIST += %D%/bench/haar
EXTRA_DIST += %D%/bench/people.py
EXTRA_DIST += %D%/bench/photos
EXTRA_DIST += %D%/bench/pulls.py
EXTRA_DIST += %D%/bench/export_peer.mjs
EXTRA_DIST += %D%/bench/gateway.py
EXTRA_DIST += %D%/bench/read.lua
EXTRA_DIST += %D%/bench/run
EXTRA_DIST += %D%/bench/save.lua
EXTRA_DIST += %D%/faults
EXTRA_DIST += %D%/faults/failing.c
EXTRA_DIST += %D%/fuzz/corpus
EXTRA_DIST += %D%/fuzz/dict
EXTRA_DIST += %D%/fuzz/run
EXTRA_DIST += %D%/guards/gk_guard.py
EXTRA_DIST += %D%/httpd
EXTRA_DIST += %D%/photo/cases.h
EXTRA_DIST += %D%/photo/files.h
EXTRA_DIST += %D%/photo/pictures.h
EXTRA_DIST += %D%/photo/run
EXTRA_DIST += %D%/plugin/lab.h
EXTRA_DIST += %D%/plugin/packs.h
EXTRA_DIST += %D%/store/act_test.h
EXTRA_DIST += %D%/store/flow_test.h
EXTRA_DIST += %D%/store/store_test.h
EXTRA_DIST += %D%/tools
EXTRA_DIST += %D%/unit/gk_test.h
EXTRA_DIST += %D%/unit/key_file.h
EXTRA_DIST += %D%/web
