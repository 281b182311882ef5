/* Photos of candidates on both engines: what a verdict makes of a picture, three refusals, crop and retake, history, seals,
 * scope, deletion (design section 8, P1, W5). */
#include "domain/erase.h"
#include "domain/photo.h"
#include "flow_test.h"

#define REPORT(verdict) \
  "{\"verdict\":\"" verdict "\",\"findings\":[{\"code\":\"eye-line\",\"severity\":\"" verdict "\",\"measured\":172," \
  "\"zh\":\"眼睛太高\",\"en\":\"Eyes too high\",\"remedy\":{\"zh\":\"裁剪\",\"en\":\"Crop\"}}]," \
  "\"facts\":{\"eye-line\":172.5},\"crop\":null}"

static const char *text_of(const char *verdict)
{
  return strcmp(verdict, "block") == 0 ? REPORT("block") : strcmp(verdict, "look") == 0 ? REPORT("look") : REPORT("fine");
}

static gk_error_t *keep(gk_photo_t *photo, gk_candidate_t **c, gk_act_t *act, apr_int64_t version, const char *verdict,
                        const char *source, const char *picture, const char *cut)
{
  gk_photo_checked_t checked = {.verdict = verdict, .jpeg = (const unsigned char *)picture,
                                .length = picture != NULL ? strlen(picture) : 0, .width_px = 480, .height_px = 640,
                                .cut = (const unsigned char *)cut, .cut_length = cut != NULL ? strlen(cut) : 0};
  gk_photo_wish_t wish = {.candidate_id = 1, .version = version, .source = source};
  const char *text = text_of(verdict);
  GK_TRY(gk_json_parse(&checked.report, text, strlen(text), act->pool));
  return act_done(act, gk_photo_keep(photo, c, act, &wish, &checked));
}

static void start(void)
{
  act_script("DELETE FROM photo");
  flow_reset();
  flow_candidate(1, 7, "01020001", "1", "filling");
}

static const char *state_of(const char *what)
{
  static char text[40];
  apr_pool_t *pool;
  const char *value = NULL;
  apr_pool_create(&pool, act_test.pool);
  act_fatal(gk_db_script_value(store_open(pool), what, &value, pool));
  apr_cpystrn(text, value != NULL ? value : "", sizeof text);
  apr_pool_destroy(pool);
  return text;
}
#define PHOTO_STATE() state_of("SELECT photo_state FROM candidate WHERE id = 1")

static void a_verdict_decides_what_becomes_of_a_picture(apr_pool_t *pool)
{
  gk_act_t *act = act_of(&who_point, pool);
  gk_photo_t photo;
  gk_candidate_t *c;
  bool found;
  start();
  GK_TEST_OK(gk_photo_get(&photo, &found, act, 1));
  GK_TEST(!found);
  GK_TEST_OK(keep(&photo, &c, act, 1, "look", "upload", "first picture", NULL));
  GK_TEST_STR(PHOTO_STATE(), "look");
  GK_TEST_INT(c->version, 2);
  GK_TEST_ERROR(keep(&photo, &c, act, 1, "look", "upload", "stale", NULL), GK_E_STALE_VERSION);
  GK_TEST_OK(keep(&photo, &c, act, 2, "fine", "camera", "second picture", NULL));
  GK_TEST_STR(PHOTO_STATE(), "accepted");
  GK_TEST_OK(gk_photo_get(&photo, &found, act, 1));
  GK_TEST(found);
  GK_TEST_INT(photo.bytes, 14);
  GK_TEST(memcmp(photo.jpeg, "second picture", 14) == 0);
  GK_TEST_STR(photo.digest, gk_sha256_hex(pool, "second picture", 14));
  /* A bad picture does not take a good one away. */
  GK_TEST_OK(keep(&photo, &c, act, 0, "block", "upload", "third picture", NULL));
  GK_TEST_STR(photo.state, "refused");
  GK_TEST_STR(PHOTO_STATE(), "accepted");
  GK_TEST_OK(gk_photo_get(&photo, &found, act, 1));
  GK_TEST(found && memcmp(photo.jpeg, "second picture", 14) == 0);
  /* A later good one does; both stay in the history. */
  GK_TEST_OK(keep(&photo, &c, act, 0, "fine", "upload", "fourth picture", NULL));
  gk_photo_view_t view;
  GK_TEST_OK(gk_photo_view(&view, act, 1));
  GK_TEST_INT(view.photos->nelts, 4);
  GK_TEST_STR(APR_ARRAY_IDX(view.photos, 0, gk_photo_t).state, "accepted");
  GK_TEST_STR(APR_ARRAY_IDX(view.photos, 2, gk_photo_t).state, "replaced");
  GK_TEST_STR(APR_ARRAY_IDX(view.photos, 3, gk_photo_t).state, "replaced");
  GK_TEST_INT(act_number("SELECT count(*) FROM photo WHERE state = 'accepted'"), 1);
  /* What is no picture is refused with the check's own sentence, and nothing is kept. */
  gk_error_t *error = keep(&photo, &c, act, 0, "block", "upload", NULL, NULL);
  GK_TEST_ERROR(error, GK_E_INVALID);
  GK_TEST_STR(act_fault(error, 0, pool), "/photo eye-line");
  GK_TEST_INT(act_number("SELECT count(*) FROM photo"), 4);
  /* One audit row a version. */
  GK_TEST_INT(act_number("SELECT version FROM candidate WHERE id = 1") - 1,
              act_number("SELECT count(*) FROM audit WHERE object_id = 1 AND action LIKE 'candidate.photo%'"));
}

static void after_three_refusals_the_clerk_decides(apr_pool_t *pool)
{
  gk_act_t *act = act_of(&who_reviewer, pool);
  gk_photo_t photo;
  gk_candidate_t *c;
  gk_photo_view_t view;
  start();
  for (int i = 1; i <= 2; i++)
    GK_TEST_OK(keep(&photo, &c, act, 0, "block", "upload", "a picture", NULL));
  GK_TEST_STR(PHOTO_STATE(), "refused");
  GK_TEST_ERROR(act_done(act, gk_photo_decide(&photo, &c, act, 1, c->version, photo.id, "accept", "眼镜摘不下来")),
                GK_E_WRONG_STATE);
  GK_TEST_OK(keep(&photo, &c, act, 0, "block", "camera", "a picture", NULL));
  GK_TEST_OK(gk_photo_view(&view, act, 1));
  GK_TEST_INT(view.refusals, 3);
  gk_error_t *error = act_done(act, gk_photo_decide(&photo, &c, act, 1, c->version, photo.id, "accept", NULL));
  GK_TEST_ERROR(error, GK_E_INVALID);
  GK_TEST_STR(act_fault(error, 0, pool), "/reason required");
  GK_TEST_OK(act_done(act, gk_photo_decide(&photo, &c, act, 1, c->version, photo.id, "accept", "眼镜摘不下来")));
  GK_TEST_STR(PHOTO_STATE(), "accepted");
  bool found;
  GK_TEST_OK(gk_photo_get(&photo, &found, act, 1));
  GK_TEST(found);
  GK_TEST_STR(gk_json_str(photo.decision, "reason"), "眼镜摘不下来");
  GK_TEST_INT(photo.decided_by, who_reviewer.account_id);
  GK_TEST_OK(gk_photo_view(&view, act, 1));
  GK_TEST_INT(view.refusals, 0);
}

static void a_clerk_accepts_crops_or_asks_again(apr_pool_t *pool)
{
  gk_act_t *act = act_of(&who_point, pool);
  gk_photo_t photo, other;
  gk_candidate_t *c;
  bool found;
  start();
  /* A block with a crop waits for one click, and can't be taken as it is. */
  GK_TEST_OK(keep(&photo, &c, act, 0, "block", "camera", "wide picture", "its crop"));
  GK_TEST_STR(photo.state, "look");
  GK_TEST_ERROR(act_done(act, gk_photo_decide(&other, &c, act, 1, c->version, photo.id, "accept", "好")), GK_E_WRONG_STATE);
  GK_TEST_OK(gk_photo_store_get(&other, &found, act, 1, photo.id));
  GK_TEST(found && other.cut_bytes == 8 && memcmp(other.cut, "its crop", 8) == 0);
  /* Retake needs a reason. */
  GK_TEST_ERROR(act_done(act, gk_photo_decide(&other, &c, act, 1, 2, photo.id, "retake", NULL)), GK_E_INVALID);
  GK_TEST_OK(act_done(act, gk_photo_decide(&other, &c, act, 1, 2, photo.id, "retake", "请摘掉帽子")));
  GK_TEST_STR(PHOTO_STATE(), "retake");
  GK_TEST_ERROR(act_done(act, gk_photo_decide(&other, &c, act, 1, 3, photo.id, "retake", "再来")), GK_E_WRONG_STATE);
  /* The new one is looked at and accepted; an accepted one can be called back. */
  GK_TEST_OK(keep(&photo, &c, act, 0, "look", "camera", "new picture", NULL));
  GK_TEST_OK(act_done(act, gk_photo_decide(&other, &c, act, 1, 4, photo.id, "accept", NULL)));
  GK_TEST_STR(PHOTO_STATE(), "accepted");
  GK_TEST_OK(act_done(act, gk_photo_decide(&other, &c, act, 1, 5, photo.id, "retake", "不是本人")));
  GK_TEST_STR(PHOTO_STATE(), "retake");
  GK_TEST_OK(gk_photo_get(&other, &found, act, 1));
  GK_TEST(!found);
  /* The chip's picture stands beside and changes nothing. */
  GK_TEST_OK(keep(&photo, &c, act, 0, "fine", "chip", "chip picture", NULL));
  GK_TEST_STR(photo.state, "chip");
  GK_TEST_STR(PHOTO_STATE(), "retake");
}

/* What a sheet shows is what is signed: another photo, or none, voids it; after the signature it waits for a correction. */
static void another_photo_voids_the_proof(apr_pool_t *pool)
{
  gk_act_t *act = act_of(&who_point, pool);
  gk_photo_t photo, other;
  gk_candidate_t *c;
  apr_int64_t version = 1;
  start();
#define PROOFED() act_script("UPDATE candidate SET state = 'proofed', proof_version = 1 WHERE id = 1")
#define SHEET() act_number("SELECT proof_version FROM candidate WHERE id = 1")
  PROOFED();
  /* A picture that waits, or is refused, is on no sheet. */
  GK_TEST_OK(keep(&photo, &c, act, version++, "look", "camera", "waits", NULL));
  GK_TEST_INT(SHEET(), 1);
  GK_TEST_OK(keep(&other, &c, act, version++, "block", "camera", "bad", NULL));
  GK_TEST_STR(state_of("SELECT state FROM candidate WHERE id = 1"), "proofed");
  GK_TEST_OK(keep(&photo, &c, act, version++, "look", "camera", "waits again", NULL));
  GK_TEST_OK(act_done(act, gk_photo_decide(&other, &c, act, 1, version++, photo.id, "accept", NULL)));
  GK_TEST_INT(SHEET(), 0);
  GK_TEST_STR(c->state, "filling");
  GK_TEST_STR(state_of("SELECT state FROM candidate WHERE id = 1"), "filling");
  /* Another one in its place, by itself. */
  PROOFED();
  GK_TEST_OK(keep(&photo, &c, act, version++, "fine", "camera", "better", NULL));
  GK_TEST_INT(SHEET(), 0);
  /* And taken away. */
  PROOFED();
  GK_TEST_OK(act_done(act, gk_photo_decide(&other, &c, act, 1, version++, photo.id, "retake", "不是本人")));
  GK_TEST_INT(SHEET(), 0);
  /* Signed without a photo: the first one may still come. */
  act_script("UPDATE candidate SET state = 'confirmed', confirmed_version = 1 WHERE id = 1");
  GK_TEST_OK(keep(&photo, &c, act, version++, "fine", "camera", "the first", NULL));
  GK_TEST_STR(photo.state, "accepted");
  GK_TEST_STR(c->state, "confirmed");
  /* Signed with one: it stays, another one waits, and says what to do. */
  GK_TEST_OK(keep(&other, &c, act, version++, "fine", "camera", "the second", NULL));
  GK_TEST_STR(other.state, "look");
  GK_TEST_STR(PHOTO_STATE(), "look");
  GK_TEST_ERROR(act_done(act, gk_photo_decide(&photo, &c, act, 1, version, other.id, "accept", NULL)), GK_E_WRONG_STATE);
  GK_TEST_ERROR(act_done(act, gk_photo_decide(&photo, &c, act, 1, version, photo.id, "retake", "不是本人")), GK_E_WRONG_STATE);
  act_script("UPDATE candidate SET state = 'filling', confirmed_version = 0 WHERE id = 1");
  GK_TEST_OK(act_done(act, gk_photo_decide(&photo, &c, act, 1, version, other.id, "accept", NULL)));
  GK_TEST_STR(PHOTO_STATE(), "accepted");
#undef PROOFED
#undef SHEET
}

/* photo_history_days: what is history loses its picture and keeps its story. */
static void old_history_lets_go_of_its_pictures(apr_pool_t *pool)
{
  gk_act_t *act = act_of(&who_point, pool);
  gk_config_t *config = (gk_config_t *)gk_core_config(act_test.core);
  gk_photo_t bad, good, other;
  gk_candidate_t *c;
  apr_int64_t count;
  bool found;
  start();
  GK_TEST_OK(keep(&bad, &c, act, 0, "block", "camera", "refused one", NULL));
  GK_TEST_OK(keep(&good, &c, act, 0, "fine", "camera", "accepted one", NULL));
  act_script("UPDATE photo SET taken_us = taken_us - 40 * CAST(86400000000 AS BIGINT)");
  GK_TEST_OK(act_done(act, gk_photo_expire(&count, act))); /* nothing is set: they stay */
  GK_TEST_INT(count, 0);
  config->photo_history_days = 41;
  GK_TEST_OK(act_done(act, gk_photo_expire(&count, act)));
  GK_TEST_INT(count, 0);
  config->photo_history_days = 39;
  GK_TEST_OK(act_done(act, gk_photo_expire(&count, act)));
  config->photo_history_days = 0;
  GK_TEST_INT(count, 1);
  GK_TEST_INT(act_number("SELECT count(*) FROM audit WHERE action = 'photo.expire'"), 1);
  GK_TEST_OK(gk_photo_store_get(&other, &found, act, 1, bad.id));
  GK_TEST(found && other.jpeg == NULL && other.bytes == 0);
  GK_TEST_STR(gk_json_str(gk_json_at(gk_json_get(other.report, "findings"), 0), "code"), "eye-line");
  GK_TEST_ERROR(act_done(act, gk_photo_picture(&other, act, 1, bad.id)), GK_E_GONE);
  GK_TEST_ERROR(act_done(act, gk_photo_decide(&other, &c, act, 1, 0, bad.id, "accept", "补录")), GK_E_GONE);
  GK_TEST_OK(gk_photo_get(&other, &found, act, 1));
  GK_TEST(found && other.bytes > 0 && memcmp(other.jpeg, "accepted one", 12) == 0);
}

static void strangers_see_nothing(apr_pool_t *pool)
{
  gk_act_t *act = act_of(&who_point, pool), *stranger = act_of(&who_other, pool);
  gk_photo_t photo;
  gk_candidate_t *c;
  gk_json_t *items;
  apr_int64_t last;
  bool more, found;
  start();
  GK_TEST_OK(keep(&photo, &c, act, 0, "look", "upload", "a picture", NULL));
  apr_int64_t id = photo.id;
  GK_TEST_OK(gk_photo_queue(&items, &last, &more, act, "look", 0, 10));
  GK_TEST_INT(gk_json_size(items), 1);
  GK_TEST_INT(last, id);
  GK_TEST_STR(gk_json_str(gk_json_get(gk_json_at(items, 0), "candidate"), "number"), "01020001");
  GK_TEST_OK(gk_photo_queue(&items, &last, &more, act, "look", id, 10));
  GK_TEST_INT(gk_json_size(items), 0);
  GK_TEST_OK(gk_photo_queue(&items, &last, &more, stranger, "look", 0, 10));
  GK_TEST_INT(gk_json_size(items), 0);
  GK_TEST_ERROR(act_done(stranger, gk_photo_picture(&photo, stranger, 1, id)), GK_E_NOT_FOUND);
  GK_TEST_OK(gk_photo_get(&photo, &found, stranger, 1));
  GK_TEST(!found);
  GK_TEST_ERROR(keep(&photo, &c, stranger, 0, "fine", "upload", "theirs", NULL), GK_E_NOT_FOUND);
  GK_TEST_OK(act_done(act, gk_photo_picture(&photo, act, 1, id)));
  GK_TEST_INT(act_number("SELECT count(*) FROM audit WHERE action = 'candidate.photo.read'"), 1);
  /* Once the record is submitted nobody changes it. */
  act_script("UPDATE candidate SET state = 'submitted' WHERE id = 1");
  GK_TEST_ERROR(keep(&photo, &c, act, 0, "fine", "upload", "late", NULL), GK_E_WRONG_STATE);
}

static void pictures_lie_sealed_and_go_with_the_record(apr_pool_t *pool)
{
  gk_act_t *act = act_of(&who_point, pool);
  gk_photo_t photo;
  gk_candidate_t *c;
  bool found;
  start();
  GK_TEST_OK(keep(&photo, &c, act, 0, "fine", "upload", "MARKED picture of a face", NULL));
  const char *like = store.engine == GK_SQLITE
                         ? "SELECT count(*) FROM photo WHERE instr(picture, CAST('MARKED' AS BLOB)) > 0 OR "
                           "instr(report, CAST('Eyes' AS BLOB)) > 0"
                         : "SELECT count(*) FROM photo WHERE position('\\x4d41524b4544'::bytea in picture) > 0 OR "
                           "position('\\x45796573'::bytea in report) > 0";
  GK_TEST_INT(act_number(like), 0);
  /* A picture moved to another row does not open: it is bound to its candidate and its digest. */
  act_script("UPDATE photo SET digest = 'other'");
  GK_TEST_ERROR(gk_photo_get(&photo, &found, act, 1), GK_E_SEALED);
  /* Deletion takes pictures, reports and numbers along. */
  start();
  GK_TEST_OK(keep(&photo, &c, act, 0, "fine", "upload", "MARKED picture of a face", NULL));
  act_script("UPDATE candidate SET state = 'withdrawn' WHERE id = 1");
  gk_erased_t erased;
  gk_act_t *operator = act_of(&who_system, pool);
  GK_TEST_OK(act_done(operator, gk_candidate_erase(&erased, operator, 2014, NULL, 1, "asked for it")));
  GK_TEST_INT(act_number("SELECT count(*) FROM photo WHERE digest <> '' OR measures <> '' OR length(picture) > 0 OR "
                         "length(report) > 0"), 0);
}

static void a_crop_that_does_not_help_is_a_refusal(apr_pool_t *pool)
{
  static const struct { const char *report, *state; } rows[] = {{"{\"crop\":{\"verdict\":\"fine\"}}", "look"},
                                                               {"{\"crop\":{\"verdict\":\"look\"}}", "look"},
                                                               {"{\"crop\":{\"verdict\":\"block\"}}", "refused"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    gk_photo_checked_t checked = {.verdict = "block", .cut = (const unsigned char *)"crop", .cut_length = 4};
    GK_TEST_OK(gk_json_parse(&checked.report, rows[i].report, strlen(rows[i].report), pool));
    GK_TEST_STR(gk_photo_state_for(&checked), rows[i].state);
  }
}

int main(void)
{
  gk_test_begin("photo");
  GK_TEST_RUN(a_crop_that_does_not_help_is_a_refusal);
  STORE_EACH_ENGINE({
    act_start();
    flow_start();
    GK_TEST_RUN(a_verdict_decides_what_becomes_of_a_picture);
    GK_TEST_RUN(after_three_refusals_the_clerk_decides);
    GK_TEST_RUN(a_clerk_accepts_crops_or_asks_again);
    GK_TEST_RUN(another_photo_voids_the_proof);
    GK_TEST_RUN(old_history_lets_go_of_its_pictures);
    GK_TEST_RUN(strangers_see_nothing);
    GK_TEST_RUN(pictures_lie_sealed_and_go_with_the_record);
    act_end();
  });
  return gk_test_end();
}
