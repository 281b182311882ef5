libgaokao_core_la_SOURCES += %D%/account_store.c
libgaokao_core_la_SOURCES += %D%/audit_read_store.c
libgaokao_core_la_SOURCES += %D%/audit_store.c
libgaokao_core_la_SOURCES += %D%/calendar_store.c
libgaokao_core_la_SOURCES += %D%/candidate_store.c
libgaokao_core_la_SOURCES += %D%/client_store.c
libgaokao_core_la_SOURCES += %D%/db.c
libgaokao_core_la_SOURCES += %D%/db.h
libgaokao_core_la_SOURCES += %D%/db_engine.h
libgaokao_core_la_SOURCES += %D%/db_pgsql.c
libgaokao_core_la_SOURCES += %D%/db_sqlite.c
libgaokao_core_la_SOURCES += %D%/device_store.c
libgaokao_core_la_SOURCES += %D%/erase_store.c
libgaokao_core_la_SOURCES += %D%/export_store.c
libgaokao_core_la_SOURCES += %D%/index.h
libgaokao_core_la_SOURCES += %D%/import_store.c
libgaokao_core_la_SOURCES += %D%/index_store.c
libgaokao_core_la_SOURCES += %D%/key_store.c
libgaokao_core_la_SOURCES += %D%/health.c
libgaokao_core_la_SOURCES += %D%/health.h
libgaokao_core_la_SOURCES += %D%/like.h
libgaokao_core_la_SOURCES += %D%/org_store.c
libgaokao_core_la_SOURCES += %D%/part_store.c
libgaokao_core_la_SOURCES += %D%/photo_store.c
libgaokao_core_la_SOURCES += %D%/progress_store.c
libgaokao_core_la_SOURCES += %D%/proof_store.c
libgaokao_core_la_SOURCES += %D%/range_store.c
libgaokao_core_la_SOURCES += %D%/reading_store.c
libgaokao_core_la_SOURCES += %D%/notice_store.c
libgaokao_core_la_SOURCES += %D%/pack_store.c
libgaokao_core_la_SOURCES += %D%/reseal_store.c
libgaokao_core_la_SOURCES += %D%/schema.c
libgaokao_core_la_SOURCES += %D%/schema.h
libgaokao_core_la_SOURCES += %D%/seal_store.c
libgaokao_core_la_SOURCES += %D%/season_store.c
libgaokao_core_la_SOURCES += %D%/session_store.c
libgaokao_core_la_SOURCES += %D%/submission_store.c
libgaokao_core_la_SOURCES += %D%/vault.c
libgaokao_core_la_SOURCES += %D%/vault.h
libgaokao_core_la_SOURCES += %D%/watch_store.c
libgaokao_core_la_SOURCES += %D%/write_lock.c
libgaokao_core_la_SOURCES += %D%/rehearsal_store.c
libgaokao_core_la_SOURCES += %D%/returns_store.c

# Named statements (one file an aggregate) and numbered migrations.
SQL_FILES =
SQL_FILES += %D%/sql/notice.sql
SQL_FILES += %D%/sql/pack.sql
SQL_FILES += %D%/sql/rehearsal.sql
SQL_FILES += %D%/sql/account.sql
SQL_FILES += %D%/sql/audit.sql
SQL_FILES += %D%/sql/audit_read.sql
SQL_FILES += %D%/sql/candidate.sql
SQL_FILES += %D%/sql/ctl.sql
SQL_FILES += %D%/sql/demo.sql
SQL_FILES += %D%/sql/device.sql
SQL_FILES += %D%/sql/erase.sql
SQL_FILES += %D%/sql/export.sql
SQL_FILES += %D%/sql/fee.sql
SQL_FILES += %D%/sql/import.sql
SQL_FILES += %D%/sql/index.sql
SQL_FILES += %D%/sql/job.sql
SQL_FILES += %D%/sql/key.sql
SQL_FILES += %D%/sql/org.sql
SQL_FILES += %D%/sql/part.sql
SQL_FILES += %D%/sql/photo.sql
SQL_FILES += %D%/sql/progress.sql
SQL_FILES += %D%/sql/proof.sql
SQL_FILES += %D%/sql/pull.sql
SQL_FILES += %D%/sql/range.sql
SQL_FILES += %D%/sql/reading.sql
SQL_FILES += %D%/sql/seal.sql
SQL_FILES += %D%/sql/record_key.sql
SQL_FILES += %D%/sql/reseal.sql
SQL_FILES += %D%/sql/returns.sql
SQL_FILES += %D%/sql/season.sql
SQL_FILES += %D%/sql/session.sql
SQL_FILES += %D%/sql/submission.sql
SQL_FILES += %D%/sql/watch.sql
SQL_FILES += %D%/sql/window.sql

SCHEMA_FILES =
SCHEMA_FILES += %D%/sql/schema/001_core.sql
SCHEMA_FILES += %D%/sql/schema/002_tally.sql
SCHEMA_FILES += %D%/sql/schema/003_former_number.sql
SCHEMA_FILES += %D%/sql/schema/004_audit_seal.sql
SCHEMA_FILES += %D%/sql/schema/005_record_key.sql
SCHEMA_FILES += %D%/sql/schema/006_keys.sql
SCHEMA_FILES += %D%/sql/schema/007_option_key.sql
SCHEMA_FILES += %D%/sql/schema/008_identity.sql
SCHEMA_FILES += %D%/sql/schema/009_index_keys.sql
SCHEMA_FILES += %D%/sql/schema/010_confirmation_index.sql
SCHEMA_FILES += %D%/sql/schema/011_photo.sql
SCHEMA_FILES += %D%/sql/schema/012_pack_life.sql
SCHEMA_FILES += %D%/sql/schema/013_export_pull.sql
SCHEMA_FILES += %D%/sql/schema/014_device.sql
SCHEMA_FILES += %D%/sql/schema/015_pull_photos.sql
SCHEMA_FILES += %D%/sql/schema/016_local_rules.sql
SCHEMA_FILES += %D%/sql/schema/017_import.sql
SCHEMA_FILES += %D%/sql/schema/018_returned.sql
SCHEMA_FILES += %D%/sql/schema/019_export_client.sql
SCHEMA_FILES += %D%/sql/schema/020_import_heading.sql

EXTRA_DIST += $(SQL_FILES) $(SCHEMA_FILES)

EXTRA_DIST += %D%/sqlgen.awk
BUILT_SOURCES += %D%/sql.h
nodist_libgaokao_core_la_SOURCES += %D%/sql.c %D%/sql.h
CLEANFILES += %D%/sql.c %D%/sql.h %D%/sql.stamp

%D%/sql.stamp: %D%/sqlgen.awk $(SQL_FILES)
	$(AM_V_GEN)$(MKDIR_P) %D% && cd $(srcdir) && top=$(abs_builddir) && \
	  $(AWK) -v out_h=$$top/%D%/sql.h.new -v out_c=$$top/%D%/sql.c.new -f %D%/sqlgen.awk $(SQL_FILES) </dev/null
	$(AM_V_at)for f in sql.h sql.c; do \
	  if cmp -s %D%/$$f.new %D%/$$f; then rm -f %D%/$$f.new; else mv -f %D%/$$f.new %D%/$$f; fi; done
	$(AM_V_at)touch $@
%D%/sql.c %D%/sql.h: %D%/sql.stamp
	@test -f $@ || { rm -f %D%/sql.stamp; $(MAKE) $(AM_MAKEFLAGS) %D%/sql.stamp; }

EXTRA_DIST += %D%/schemagen.awk
nodist_libgaokao_core_la_SOURCES += %D%/schema_texts.c
CLEANFILES += %D%/schema_texts.c

%D%/schema_texts.c: %D%/schemagen.awk $(SCHEMA_FILES)
	$(AM_V_GEN)$(MKDIR_P) %D% && cd $(srcdir) && \
	  $(AWK) -v out=$(abs_builddir)/$@.new -f %D%/schemagen.awk $(SCHEMA_FILES) </dev/null
	$(AM_V_at)mv -f $@.new $@
