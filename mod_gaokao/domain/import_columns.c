/* domain/import_columns.c: what the columns of a file may mean (import.h). */
#include "domain/import.h"

#include <string.h>
#include <apr_strings.h>

#include "base/text.h"

static bool is(const char *a, const char *b) { return a != NULL && b != NULL && strcmp(a, b) == 0; }

static const struct {
  const char *kind, *zh, *en;
  gk_action_t action;
} kinds[] = {
    {"appraisal", "思想品德考核评语", "Appraisals", GK_ACTION_appraisal_write},
    {"examination", "体检", "Physical examination", GK_ACTION_examination_write},
    {"grades", "成绩", "Grades", GK_ACTION_grades_write},
    {"bonus", "照顾加分", "Bonus", GK_ACTION_bonus_write},
    {"roll", "学籍", "School roll", GK_ACTION_candidate_edit},
};
#define KINDS ((int)(sizeof(kinds) / sizeof(kinds[0])))

static int index_of(const char *kind)
{
  for (int i = 0; i < KINDS; i++)
    if (is(kinds[i].kind, kind))
      return i;
  return -1;
}

const char *gk_import_kind_zh(const char *kind) { return index_of(kind) >= 0 ? kinds[index_of(kind)].zh : ""; }
const char *gk_import_kind_en(const char *kind) { return index_of(kind) >= 0 ? kinds[index_of(kind)].en : ""; }

gk_error_t *gk_import_kind(gk_act_t *act, const char *kind)
{
  gk_error_t *error = NULL;
  int i = index_of(kind);
  GK_TRY(gk_act_season(act));
  if (i < 0 || (!is(kind, "roll") && gk_pack_part(act->season->pack, kind) == NULL)) {
    gk_violation(&error, act->pool, "?kind", "unknown", "没有这种导入：可以是评语、体检、成绩、照顾加分、学籍",
                 "There is no such import: appraisal, examination, grades, bonus, roll");
    return error;
  }
  if (!gk_access_allows(kinds[i].action, act->who->role))
    return gk_error(act->pool, GK_E_FORBIDDEN, "您的身份不能导入“%s”", "Your role may not import this: '%s'",
                    kinds[i].zh);
  return NULL;
}

/* ---- targets ------------------------------------------------------------------------------------------------- */

/* Names that files give to fields of the pack: those of the ministry (export mapping) and of schools. */
static const struct { const char *id, *aliases; } known[] = {
    {"name", "考生姓名|学生姓名|XM"},
    {"sex", "XB|XBDM"},
    {"nation", "MZ|MZDM"},
    {"birth", "出生年月日|出生年月|生日|CSRQ|CSNY"},
    {"id_type", "证件类别|ZJLX|ZJLXDM"},
    {"id_number", "身份证号|身份证号码|身份证|公民身份号码|公民身份证号码|证件号|身份证件号|SFZH|ZJHM|SFZJH"},
    {"school", "学校|学校名称|就读学校|毕业中学|中学名称|BYXXMC"},
    {"class", "班|班级名称|所在班级|BJ|BJMC"},
    {"student_number", "全国学籍号|学籍编号|XJH"},
    {"political", "政治面貌|ZZMM|ZZMMDM"},
    {"mobile", "手机|手机号|联系手机|LXSJ"},
    {"phone", "电话|联系电话|LXDH"},
    {"grade_language", "英语|外国语|外语等第"},
    {"grade_maths", "数学等第"},
    {"grade_biology", "生物"},
    {"grade_politics", "政治|思政"},
    {"grade_it", "信息|信息科技"},
    {"grade_gt", "通用"},
    {"address", "家庭地址|通讯地址|JTDZ|TXDZ"},
};

static const char *aliases_of(const char *id)
{
  for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
    if (is(known[i].id, id))
      return known[i].aliases;
  return "";
}

static void add(apr_array_header_t *out, const char *id, const char *zh, const char *en, gk_import_use_t use,
                const gk_field_t *field, const char *aliases, bool required)
{
  APR_ARRAY_PUSH(out, gk_import_target_t) = (gk_import_target_t){id, {zh, en}, use, field, aliases, required};
}

static void add_fields(apr_array_header_t *out, const apr_array_header_t *fields, const char *role, bool any_stage)
{
  for (int i = 0; i < fields->nelts; i++) {
    const gk_field_t *field = &APR_ARRAY_IDX(fields, i, gk_field_t);
    bool mine = gk_field_editable(field, role, "entry") || gk_field_editable(field, role, "filling");
    if (field->type == GK_FIELD_ROWS || gk_import_target(out, field->id) != NULL || (!any_stage && !mine))
      continue;
    if (any_stage && !mine && !gk_field_editable(field, role, "correction"))
      continue;
    add(out, field->id, field->label.zh, field->label.en, GK_IMPORT_FIELD, field, aliases_of(field->id), false);
  }
}

/* A roll: its people as F7 types them in. */
static void add_roll(apr_array_header_t *out, const gk_act_t *act)
{
  static const char *const person[] = {"name", "sex", "nation", "birth", "id_type"};
  const gk_pack_t *pack = act->season->pack;
  add(out, "id_number", "身份证号", "ID number", GK_IMPORT_ID, gk_pack_field(pack, "id_number"), aliases_of("id_number"), true);
  for (size_t i = 0; i < sizeof(person) / sizeof(person[0]); i++) {
    const gk_field_t *field = gk_pack_field(pack, person[i]);
    if (field != NULL)
      add(out, field->id, field->label.zh, field->label.en, GK_IMPORT_FIELD, field, aliases_of(field->id),
          !is(field->id, "nation") && !is(field->id, "id_type"));
  }
  add(out, "subject", "科类", "Subject category", GK_IMPORT_SUBJECT, NULL, "报考科类|考试科类|KLDM|KL", true);
  add_fields(out, pack->fields, gk_role_name(act->who->role), false);
}

apr_array_header_t *gk_import_targets(const gk_act_t *act, const char *kind)
{
  apr_array_header_t *out = apr_array_make(act->pool, 32, sizeof(gk_import_target_t));
  if (is(kind, "roll")) {
    add_roll(out, act);
    return out;
  }
  const gk_part_t *part = gk_pack_part(act->season->pack, kind);
  add(out, "number", "报名顺序号", "Registration number", GK_IMPORT_NUMBER, NULL, "报名号|报名序号|报名顺序|顺序号|BMXH|BMH", false);
  add(out, "candidate_number", "考生号", "Candidate number", GK_IMPORT_CANDIDATE_NUMBER, NULL, "KSH", false);
  add(out, "id_number", "身份证号", "ID number", GK_IMPORT_ID, NULL, apr_pstrcat(act->pool, aliases_of("id_number"),
      "|证件号码", NULL), false);
  add(out, "name", "姓名", "Name", GK_IMPORT_NAME, NULL, aliases_of("name"), false);
  if (part != NULL)
    add_fields(out, part->fields, gk_role_name(act->who->role), true);
  if (is(kind, "bonus") && gk_access_allows(GK_ACTION_bonus_decide, act->who->role)) {
    add(out, "verdict", "审核结果", "Decision", GK_IMPORT_VERDICT, NULL, "审核意见|审核结论|是否通过|确认结果|是否确认", false);
    add(out, "reason", "原因", "Reason", GK_IMPORT_REASON, NULL, "理由|不通过原因|审核原因|备注", false);
  }
  return out;
}

const gk_import_target_t *gk_import_target(const apr_array_header_t *targets, const char *id)
{
  for (int i = 0; i < targets->nelts; i++)
    if (is(APR_ARRAY_IDX(targets, i, gk_import_target_t).id, id))
      return &APR_ARRAY_IDX(targets, i, gk_import_target_t);
  return NULL;
}

/* ---- headings ------------------------------------------------------------------------------------------------ */

/* Narrowed, without blanks, line breaks, stars and colons, in small letters; brackets kept. */
static char *squeeze(const char *heading, apr_pool_t *pool)
{
  const char *text = gk_text_narrow(pool, heading);
  char *out = apr_palloc(pool, strlen(text) + 1), *to = out;
  for (; *text != '\0'; text++) {
    if (strchr(" \t\r\n*:_'\"", *text) != NULL)
      continue;
    *to++ = *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text;
  }
  *to = '\0';
  return out;
}

static void drop_ending(char *text, const char *ending)
{
  apr_size_t length = strlen(text), n = strlen(ending);
  if (length > n && strcmp(text + length - n, ending) == 0)
    text[length - n] = '\0';
}

const char *gk_import_heading_key(const char *heading, apr_pool_t *pool)
{
  char *text = squeeze(heading, pool);
  drop_ending(text, "(必填)");
  drop_ending(text, "(选填)");
  drop_ending(text, "(required)");
  return text;
}

static bool one_of(const char *words, const char *key, apr_pool_t *pool)
{
  for (char *state, *word = apr_strtok(apr_pstrdup(pool, words), "|", &state); word != NULL; word = apr_strtok(NULL, "|", &state))
    if (is(squeeze(word, pool), key))
      return true;
  return false;
}

static const gk_import_target_t *exactly(const apr_array_header_t *targets, const char *key, apr_pool_t *pool)
{
  for (int i = 0; i < targets->nelts; i++) {
    const gk_import_target_t *target = &APR_ARRAY_IDX(targets, i, gk_import_target_t);
    if (is(squeeze(target->id, pool), key) || is(squeeze(target->label.zh, pool), key)
        || is(squeeze(target->label.en, pool), key))
      return target;
    if (target->field != NULL && is(squeeze(target->field->label.zh, pool), key))
      return target;
  }
  for (int i = 0; i < targets->nelts; i++)
    if (one_of(APR_ARRAY_IDX(targets, i, gk_import_target_t).aliases, key, pool))
      return &APR_ARRAY_IDX(targets, i, gk_import_target_t);
  return NULL;
}

const gk_import_target_t *gk_import_heading(const apr_array_header_t *targets, const char *heading, apr_pool_t *pool)
{
  static const char *const endings[] = {"成绩", "等第", "等级", "分数", "得分"};
  char *key = (char *)gk_import_heading_key(heading, pool);
  if (*key == '\0' || strlen(key) > 200)
    return NULL;
  const gk_import_target_t *target = exactly(targets, key, pool);
  char *bracket = strrchr(key, '(');
  if (target == NULL && bracket != NULL && bracket != key && key[strlen(key) - 1] == ')') {
    char *plain = apr_pstrmemdup(pool, key, (apr_size_t)(bracket - key));
    target = exactly(targets, plain, pool);
    key = plain;
  }
  for (size_t i = 0; target == NULL && i < sizeof(endings) / sizeof(endings[0]); i++) {
    char *shorter = apr_pstrdup(pool, key);
    drop_ending(shorter, endings[i]);
    if (!is(shorter, key))
      target = exactly(targets, shorter, pool);
  }
  return target;
}
