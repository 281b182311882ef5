/* The layout of the ABI is pinned: a change of any number here needs a new minor (members at the end) or a
 * new major, and an entry in the changelog on top of gaokao_plugin.h. For 64-bit builds. */
#include "../unit/gk_test.h"

#include <stddef.h>
#include "gaokao_plugin.h"

#define MEMBER(type, member, at) {#type "." #member, offsetof(type, member), at}
#define SIZE(type, bytes) {"sizeof " #type, sizeof(type), bytes}

static const struct {
  const char *what;
  size_t seen, wanted;
} layout[] = {
    SIZE(gaokao_error_t, 24),
    MEMBER(gaokao_error_t, en, 16),
    SIZE(gaokao_pair_t, 16),
    SIZE(gaokao_number_t, 24),
    MEMBER(gaokao_number_t, value, 16),
    SIZE(gaokao_row_t, 24),
    MEMBER(gaokao_row_t, columns, 16),
    SIZE(gaokao_call_t, 40),
    MEMBER(gaokao_call_t, request_id, 8),
    MEMBER(gaokao_call_t, deadline_us, 24),
    MEMBER(gaokao_call_t, pool, 32),
    SIZE(gaokao_option_t, 72),
    MEMBER(gaokao_option_t, type, 8),
    MEMBER(gaokao_option_t, preset, 16),
    MEMBER(gaokao_option_t, minimum, 24),
    MEMBER(gaokao_option_t, help_en, 64),
    SIZE(gaokao_host_t, 96),
    MEMBER(gaokao_host_t, context, 8),
    MEMBER(gaokao_host_t, log, 16),
    MEMBER(gaokao_host_t, error_new, 24),
    MEMBER(gaokao_host_t, option_string, 48),
    MEMBER(gaokao_host_t, random, 72),
    MEMBER(gaokao_host_t, metric_add, 88),
    SIZE(gaokao_health_t, 24),
    SIZE(gaokao_facts_t, 16),
    SIZE(gaokao_life_t, 64),
    MEMBER(gaokao_life_t, create, 8),
    MEMBER(gaokao_life_t, stop, 40),
    MEMBER(gaokao_life_t, health, 56),
    SIZE(gaokao_rule_t, 56),
    MEMBER(gaokao_rule_t, test, 16),
    MEMBER(gaokao_rule_t, severity, 24),
    MEMBER(gaokao_rule_t, fields, 48),
    SIZE(gaokao_candidate_t, 32),
    MEMBER(gaokao_candidate_t, fields, 8),
    MEMBER(gaokao_candidate_t, rows, 24),
    SIZE(gaokao_question_t, 32),
    MEMBER(gaokao_question_t, rules, 16),
    MEMBER(gaokao_question_t, candidate, 24),
    SIZE(gaokao_verdict_t, 32),
    MEMBER(gaokao_verdict_t, seen, 16),
    MEMBER(gaokao_verdict_t, reason, 24),
    SIZE(gaokao_verdict_sink_t, 24),
    MEMBER(gaokao_verdict_sink_t, verdict, 16),
    SIZE(gaokao_policy_t, 40),
    MEMBER(gaokao_policy_t, load_rules, 16),
    MEMBER(gaokao_policy_t, unload_rules, 32),
    SIZE(gaokao_export_format_t, 32),
    SIZE(gaokao_column_t, 40),
    MEMBER(gaokao_column_t, type, 32),
    SIZE(gaokao_export_header_t, 112),
    MEMBER(gaokao_export_header_t, season, 24),
    MEMBER(gaokao_export_header_t, generated, 48),
    MEMBER(gaokao_export_header_t, columns, 88),
    MEMBER(gaokao_export_header_t, anchor, 104),
    SIZE(gaokao_record_t, 72),
    MEMBER(gaokao_record_t, version, 40),
    MEMBER(gaokao_record_t, values, 56),
    MEMBER(gaokao_record_t, rows, 64),
    SIZE(gaokao_export_totals_t, 32),
    MEMBER(gaokao_export_totals_t, digest, 24),
    SIZE(gaokao_byte_sink_t, 24),
    MEMBER(gaokao_byte_sink_t, write, 16),
    SIZE(gaokao_export_t, 48),
    MEMBER(gaokao_export_t, begin, 24),
    MEMBER(gaokao_export_t, end, 40),
    SIZE(gaokao_input_t, 48),
    MEMBER(gaokao_input_t, media_type, 24),
    SIZE(gaokao_blob_t, 32),
    SIZE(gaokao_reading_t, 48),
    MEMBER(gaokao_reading_t, captured, 16),
    MEMBER(gaokao_reading_t, blobs, 32),
    SIZE(gaokao_device_t, 24),
    MEMBER(gaokao_device_t, decode, 16),
    SIZE(gaokao_limit_t, 56),
    MEMBER(gaokao_limit_t, blocks, 48),
    SIZE(gaokao_picture_t, 104),
    MEMBER(gaokao_picture_t, pixels, 24),
    MEMBER(gaokao_picture_t, limits, 56),
    MEMBER(gaokao_picture_t, profile_min_bytes, 80),
    MEMBER(gaokao_picture_t, backgrounds, 96),
    SIZE(gaokao_finding_t, 104),
    MEMBER(gaokao_finding_t, measured, 24),
    MEMBER(gaokao_finding_t, x, 56),
    MEMBER(gaokao_finding_t, remedy_en, 96),
    SIZE(gaokao_crop_t, 32),
    MEMBER(gaokao_crop_t, turn_degrees, 24),
    SIZE(gaokao_photo_sink_t, 40),
    MEMBER(gaokao_photo_sink_t, crop, 32),
    SIZE(gaokao_photo_t, 16),
    SIZE(gaokao_build_t, 24),
    MEMBER(gaokao_build_t, pool_debug, 20),
    SIZE(gaokao_descriptor_t, 80),
    MEMBER(gaokao_descriptor_t, abi_minor, 12),
    MEMBER(gaokao_descriptor_t, build, 16),
    MEMBER(gaokao_descriptor_t, name, 32),
    MEMBER(gaokao_descriptor_t, vtable, 56),
    MEMBER(gaokao_descriptor_t, option_size, 76),
};

static void the_layout_is_pinned(apr_pool_t *pool)
{
  (void)pool;
  if (sizeof(void *) != 8)
    GK_TEST_SKIP("not a 64-bit build");
  for (size_t i = 0; i < sizeof(layout) / sizeof(layout[0]); i++) {
    GK_TEST_CASE("%s", layout[i].what);
    GK_TEST_INT(layout[i].seen, layout[i].wanted);
  }
}

static void the_numbers_are_pinned(apr_pool_t *pool)
{
  (void)pool;
  GK_TEST_INT(GAOKAO_MAGIC, 0x474b504c);
  GK_TEST_INT(GAOKAO_ABI_MAJOR, 1);
  GK_TEST(GAOKAO_DEVICE == 1 && GAOKAO_POLICY == 2 && GAOKAO_PHOTO == 3 && GAOKAO_EXPORT == 4);
  GK_TEST(GAOKAO_THREAD_SAFE == 1 && GAOKAO_PURE == 2 && GAOKAO_NEEDS_NETWORK == 4);
  GK_TEST(GAOKAO_E_FAILED == 1 && GAOKAO_E_INPUT == 2 && GAOKAO_E_BUSY == 3 && GAOKAO_E_OPTION == 4 &&
          GAOKAO_E_UNSUPPORTED == 5 && GAOKAO_E_SINK == 6);
  GK_TEST(GAOKAO_OPTION_STRING == 1 && GAOKAO_OPTION_INT == 2 && GAOKAO_OPTION_REAL == 3 &&
          GAOKAO_OPTION_BOOL == 4 && GAOKAO_OPTION_WORD == 5 && GAOKAO_OPTION_DURATION == 6);
  GK_TEST(GAOKAO_RULE_CHECK == 1 && GAOKAO_RULE_REQUIRED == 2 && GAOKAO_RULE_RELEVANT == 3 &&
          GAOKAO_RULE_QUESTION == 4);
  GK_TEST(GAOKAO_PASS == 1 && GAOKAO_FAIL == 2 && GAOKAO_ERROR == 3);
  GK_TEST(GAOKAO_STAGE_FILL == 1 && GAOKAO_STAGE_REVIEW == 2 && GAOKAO_STAGE_CONFIRM == 4 &&
          GAOKAO_STAGE_SUBMIT == 8 && GAOKAO_STAGE_EXPORT == 16);
  GK_TEST(GAOKAO_RECORD_PRESENT == 1 && GAOKAO_RECORD_ADDED == 2 && GAOKAO_RECORD_CHANGED == 3 &&
          GAOKAO_RECORD_WITHDRAWN == 4);
  GK_TEST(GAOKAO_BLOCK == 1 && GAOKAO_LOOK == 2 && GAOKAO_FINE == 3);
  GK_TEST(GAOKAO_HEALTH_GOOD == 1 && GAOKAO_HEALTH_POOR == 2 && GAOKAO_HEALTH_BAD == 3);
}

int main(void)
{
  gk_test_begin("plugin ABI");
  GK_TEST_RUN(the_layout_is_pinned);
  GK_TEST_RUN(the_numbers_are_pinned);
  return gk_test_end();
}
