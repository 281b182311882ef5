/* domain/pack.h: a season's policy pack: fields, code tables, rules, formats, fees, windows, export mapping.
 *
 * A pack is one XML file (conf/schema/pack.rng). Loaded, it is immutable and any number of threads may read
 * it; all of it lives in the pool given to gk_pack_load(). Arrays keep the file's order; all strings are
 * UTF-8. A pack holds no candidate's data and needs no network and no second file.
 */
#ifndef GK_DOMAIN_PACK_H
#define GK_DOMAIN_PACK_H

#include <stdbool.h>
#include <apr_hash.h>
#include <apr_tables.h>
#include "base/error.h"
#include "base/json.h"
#include "base/time.h"

/* A text in both languages. Members are never NULL in a loaded pack; "" where optional and absent. */
typedef struct gk_text_t { const char *zh, *en; } gk_text_t;

typedef struct gk_section_t { const char *id; gk_text_t title, help; } gk_section_t;

typedef struct gk_attribute_t { const char *name, *value; } gk_attribute_t;

typedef struct gk_table_row_t {
  const char *code;
  gk_text_t name;
  const char *initials;             /* pinyin initials for search, lower case, or "" */
  const char *parent;               /* code of the row above (divisions), or NULL */
  const char *alias;                /* another name that readings and imports use (汉 for 汉族), or NULL */
  apr_array_header_t *attributes;   /* gk_attribute_t: session="current" ...; they become derived fields */
} gk_table_row_t;

typedef struct gk_table_t {
  const char *id;
  gk_text_t title;
  apr_array_header_t *rows;         /* gk_table_row_t */
  apr_hash_t *by_code;              /* code -> gk_table_row_t * */
} gk_table_t;

typedef enum gk_field_type_t {
  GK_FIELD_TEXT, GK_FIELD_CODE, GK_FIELD_DATE, GK_FIELD_MONTH, GK_FIELD_NUMBER, GK_FIELD_FLAG, GK_FIELD_ROWS
} gk_field_type_t;

typedef enum gk_pattern_t {
  GK_PATTERN_NONE, GK_PATTERN_DIGITS, GK_PATTERN_ALNUM, GK_PATTERN_POSTCODE, GK_PATTERN_MOBILE,
  GK_PATTERN_PHONE, GK_PATTERN_NAME, GK_PATTERN_ADDRESS
} gk_pattern_t;

typedef enum gk_normalise_t {
  GK_NORMALISE_NARROW, GK_NORMALISE_NONE, GK_NORMALISE_NAME, GK_NORMALISE_ID, GK_NORMALISE_UPPER
} gk_normalise_t;

/* One pair of edit="candidate:filling point,county:any": `role` may edit at `stage`; "any" matches all.
 * Roles: candidate, point, reviewer, county, city, province, and reading (a stored card reading being
 * applied). Stages: entry (allocated or waiting, no card read yet), filling (until confirmed), correction
 * (after it). */
typedef struct gk_edit_t { const char *role, *stage; } gk_edit_t;

typedef struct gk_field_t gk_field_t;
struct gk_field_t {
  const char *id;
  gk_text_t label, help;
  const char *section;              /* section id; NULL for columns and fields of parts */
  gk_field_type_t type;
  gk_pattern_t pattern;
  gk_normalise_t normalise;
  const gk_table_t *table;          /* code fields only */
  const char *leaf_level;           /* only rows whose attribute `level` is this may be chosen, or NULL */
  int min_length, max_length;       /* text: characters; rows: number of rows; 0: no minimum */
  double min, max;                  /* number fields */
  int decimals;                     /* number fields: digits after the point allowed */
  bool multiline;                   /* text may hold line breaks */
  bool forever;                     /* date fields: 长期 is a value */
  bool personal;                    /* encrypted at rest, masked in lists and logs */
  const char *source;               /* card, point, candidate or county */
  apr_array_header_t *edit;         /* gk_edit_t */
  const char *required;             /* XPath over the candidate, NULL: never */
  const char *relevant;             /* XPath, NULL: always; an irrelevant field is hidden and not required */
  bool always_required;             /* required is "true()" and relevant absent: C can judge without XPath */
  apr_array_header_t *columns;      /* gk_field_t, rows fields only */
};

typedef enum gk_severity_t {
  GK_SEVERITY_ERROR = 1,            /* blocks */
  GK_SEVERITY_REVIEW = 2,           /* a person decides */
  GK_SEVERITY_WARN = 3              /* informs */
} gk_severity_t;

/* Bits of a rule's stages. */
enum {
  GK_STAGE_FILL = 1,
  GK_STAGE_REVIEW = 2,
  GK_STAGE_CONFIRM = 4,
  GK_STAGE_SUBMIT = 8,
  GK_STAGE_EXPORT = 16
};

/* A worked example of a rule: the test must give `expect` on these fields. */
typedef struct gk_rule_case_t {
  bool expect;                      /* true: complies */
  gk_date_t as_of;                  /* the pack's start day unless given */
  gk_json_t *fields;                /* as a document; derived fields are computed, given ones win */
} gk_rule_case_t;

/* The city or county that added a rule for its own area. */
typedef struct gk_setter_t {
  const char *code, *name, *level; /* "430102", "芙蓉区", county */
} gk_setter_t;

typedef struct gk_rule_t {
  const char *id;
  gk_text_t title;
  gk_text_t basis;                  /* the document this rests on */
  gk_text_t message;                /* placeholders {field} stand for the value's name (code tables) or text */
  gk_text_t hint;                   /* what to do */
  gk_severity_t severity;
  int stages;                       /* GK_STAGE_ bits */
  const char *test;                 /* XPath 1.0, true: complies; context node <candidate> */
  apr_array_header_t *fields;       /* const char *: ids it concerns, first is primary */
  apr_array_header_t *subjects;     /* const char *: only for these subject codes; empty: all */
  apr_array_header_t *categories;   /* const char *: only for these category codes; empty: all */
  apr_array_header_t *areas;        /* const char *: only where the county's code begins with one of these; empty: everywhere */
  gk_date_t valid_from, valid_to;   /* both inclusive, year 0: open */
  const gk_setter_t *set_by;        /* NULL: the province */
  apr_array_header_t *cases;        /* gk_rule_case_t */
} gk_rule_t;

typedef struct gk_subject_t {
  const char *code;
  gk_text_t name;
  const char *track;                /* general, art, sport or vocational */
  bool art;                         /* goes with the art submission */
  apr_int64_t fee_fen;
  const char *initials;
} gk_subject_t;

typedef struct gk_paper_t {
  const char *id;
  gk_text_t name, hint;
  const char *required;             /* XPath; NULL: optional */
  bool always_required;
} gk_paper_t;

typedef struct gk_part_t {
  const char *id;                   /* appraisal, examination, grades, bonus, ... */
  gk_text_t name, help;
  const char *required_art;         /* XPath: must be complete for the art submission; NULL: never */
  const char *required_all;         /* likewise for the submission of everybody */
  apr_array_header_t *fields;       /* gk_field_t */
  apr_hash_t *by_id;                /* gk_field_t * */
} gk_part_t;

/* When an action is open by default: days and minutes of the day counted from the season's first day. */
typedef struct gk_pack_window_t {
  const char *action; /* read print_card review fill proof confirm other_info submit_art submit_all */
  gk_text_t name;
  int opens_day, opens_minute, closes_day, closes_minute;
} gk_pack_window_t;

/* One column of the export: the values of `fields` (ids of fields, derived fields or facts) one after
 * another. */
typedef struct gk_export_column_t {
  const char *name;                 /* KSH */
  gk_text_t title;
  const char *table;                /* T_BMK */
  char type;                        /* C, N or D */
  int width;
  apr_array_header_t *fields;       /* const char * */
  const char *format;               /* plain, date8 (20080229) or month8 (20080901) */
} gk_export_column_t;

typedef struct gk_export_rows_t {   /* a rows field that has a table of its own */
  const char *field, *table;
  apr_array_header_t *columns;      /* gk_export_column_t; fields name columns of the rows field */
} gk_export_rows_t;

typedef struct gk_pack_text_t { const char *id; gk_text_t title, body; } gk_pack_text_t;

typedef struct gk_photo_limit_t {
  const char *name;                 /* eye-line, face-width, hair-top ... of the photo plugins */
  const char *unit;
  double low, high;                 /* outside: blocks, when `blocks` */
  double look_low, look_high;       /* outside: the operator looks */
  bool blocks;
} gk_photo_limit_t;

typedef struct gk_photo_profile_t {
  const char *id;                   /* moe-480x640 */
  gk_text_t name;
  int width_px, height_px, dpi;
  int min_bytes, max_bytes;
  int min_quality;
  const char *required;             /* no; all: everybody's submission asks for an accepted photo; art: the art one too; confirm:
                                     * proof sheet and signature as well */
  apr_array_header_t *backgrounds;  /* const char *: "100,197,255" */
  apr_array_header_t *limits;       /* gk_photo_limit_t */
} gk_photo_profile_t;

typedef struct gk_retention_t { const char *kind; int days; } gk_retention_t;

/* A derived field that gk_derive() can give for this pack (domain/document.h). */
typedef struct gk_derived_t {
  const char *name;                 /* address_length */
  const char *field;                /* the field it comes from, or NULL */
  bool numeric;                     /* digits of at most 15 places: may be compared as a number */
} gk_derived_t;

typedef struct gk_pack_t {
  const char *id;                   /* hunan-2014 */
  int version;
  int season;                       /* year of the examination */
  gk_text_t title;
  gk_date_t start;                  /* first day of registration, day 0 of the windows */
  apr_array_header_t *sections;     /* gk_section_t */
  apr_array_header_t *fields;       /* gk_field_t */
  apr_hash_t *fields_by_id;
  apr_array_header_t *derived;      /* gk_derived_t */
  apr_hash_t *derived_by_name;
  apr_array_header_t *tables;       /* gk_table_t; the subjects make one more, "subject" */
  apr_hash_t *tables_by_id;
  apr_array_header_t *rules;        /* gk_rule_t */
  apr_hash_t *rules_by_id;
  bool local_city, local_county;    /* who may add stricter rules for the own area (domain/pack_local.h) */
  int local_max;                    /* and how many */
  apr_array_header_t *subjects;     /* gk_subject_t */
  apr_hash_t *subjects_by_code;
  const char *registration_format;  /* "{county:4}{serial:4}" */
  const char *candidate_format;     /* "{year:2}{division:6}{exam_type:1}{subject:1}{serial:4}" */
  int serial_first, serial_last;
  apr_array_header_t *papers;       /* gk_paper_t */
  apr_array_header_t *parts;        /* gk_part_t */
  apr_array_header_t *windows;      /* gk_pack_window_t */
  const char *export_generation;    /* "2012" or "2017" */
  apr_array_header_t *export_columns; /* gk_export_column_t */
  apr_array_header_t *export_rows;  /* gk_export_rows_t */
  apr_array_header_t *notices;      /* gk_pack_text_t */
  apr_array_header_t *texts;        /* gk_pack_text_t: pledge, proof_note, card_note ... */
  gk_photo_profile_t photo;
  apr_array_header_t *retention;    /* gk_retention_t */
  apr_array_header_t *warnings;     /* gk_violation_t: what gk_pack_load let pass but an approver should see */
} gk_pack_t;

/* Names a rule may use besides fields and derived fields: set by the core beside the derived ones. */
#define GK_PACK_FACTS "county number candidate_number point"

/* Loads a pack: parses, validates against the RELAX NG schema in file `rng_path` (NULL: skip, for a pack that
 * was loaded before), builds the tables and checks that every reference resolves, ids and codes are unique,
 * XPath compiles and uses only names that exist and constructs that libxml2 and browsers answer alike
 * (faults.md IN-7), and that patterns, formats and dates make sense.
 * Errors: PACK with every fault as a violation (pointer: "line N"), TOO_LARGE above GK_XML_MAX_BYTES, CONFIG when
 * the schema file can't be read. */
gk_error_t *gk_pack_load(gk_pack_t **out, const char *bytes, apr_size_t length, const char *rng_path,
                         apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* Lookups: NULL when there is none (or `id` is NULL). */
const gk_field_t *gk_pack_field(const gk_pack_t *pack, const char *id);
const gk_table_t *gk_pack_table(const gk_pack_t *pack, const char *id);
const gk_table_row_t *gk_table_row(const gk_table_t *table, const char *code);
/* The row whose Chinese name or alias is `name` (card readings, imports); else the row whose code is. */
const gk_table_row_t *gk_table_row_named(const gk_table_t *table, const char *name);
const char *gk_table_row_attribute(const gk_table_row_t *row, const char *name);
const gk_rule_t *gk_pack_rule(const gk_pack_t *pack, const char *id);
const gk_subject_t *gk_pack_subject(const gk_pack_t *pack, const char *code);
const gk_part_t *gk_pack_part(const gk_pack_t *pack, const char *id);
const gk_field_t *gk_part_field(const gk_part_t *part, const char *id);
const gk_field_t *gk_field_column(const gk_field_t *rows_field, const char *id);
const gk_paper_t *gk_pack_paper(const gk_pack_t *pack, const char *id);
const gk_pack_window_t *gk_pack_window(const gk_pack_t *pack, const char *action);
const gk_pack_text_t *gk_pack_text(const gk_pack_t *pack, const char *id); /* texts, then notices */
int gk_pack_retention_days(const gk_pack_t *pack, const char *kind);       /* 0: not named */
/* Words of the enums as the XML and JSON spell them. */
const char *gk_field_type_word(gk_field_type_t type);
const char *gk_severity_word(gk_severity_t severity);
/* GK_STAGE_ bit of "fill" ...; 0 for another word. */
int gk_stage_bit(const char *word);

/* True when `role` may edit the field at `stage` (a "role:any" pair matches every stage). */
bool gk_field_editable(const gk_field_t *field, const char *role, const char *stage);

/* A stored value as people read it: the row's name for codes, 是/否 (Yes/No) for flags, the text else. NULL
 * for NULL. */
const char *gk_field_display(const gk_field_t *field, const char *value, bool english, apr_pool_t *pool);

/* Opening and closing moment of a window when the season starts on `start` (year 0: the pack's own start). */
void gk_pack_window_times(const gk_pack_t *pack, const gk_pack_window_t *window, gk_date_t start,
                          apr_time_t *opens, apr_time_t *closes);

/* "01040317": `county` has the four digits of city and county. Errors: INVALID when a piece doesn't fit. */
gk_error_t *gk_pack_registration_number(const char **out, const gk_pack_t *pack, const char *county,
                                        int serial, apr_pool_t *pool);
/* "14430121150001". `division`: 6 digits. */
gk_error_t *gk_pack_candidate_number(const char **out, const gk_pack_t *pack, const char *division,
                                     const char *exam_type, const char *subject, int serial,
                                     apr_pool_t *pool);

/* Ids (const char *) of the always-required, always-relevant fields that are absent from the
 * document's JSON. */
apr_array_header_t *gk_pack_missing_always(const gk_pack_t *pack, const gk_json_t *document,
                                           apr_pool_t *pool);

/* What the form needs, both languages: {"pack","version","season","title":{zh,en},
 * "sections":[{id,zh,en,help,fields:[..]}],"subjects":[{code,zh,en,track,art,fee_fen}],"tables":["sex",..],
 * "texts":{id:{title,body}}}. A field: id, zh, en, help{zh,en}, type, table, leaf_level, pattern, upper,
 * min_length, max_length, min, max, decimals, multiline, forever, personal, required, relevant, source, edit[{role,stage}],
 * columns; members that say nothing are absent. With a `role` (may be NULL) a field also has "editable" for that
 * role at `stage`. */
gk_json_t *gk_pack_form_json(const gk_pack_t *pack, const char *role, const char *stage, apr_pool_t *pool);
/* {"id","zh","en","rows":[[code, zh, en, initials, parent|null, {attributes}|null], ...]} */
gk_json_t *gk_pack_table_json(const gk_table_t *table, apr_pool_t *pool);
/* Rules of a stage (0: all) as browsers and the admin page need them: id, title, basis, severity, stages,
 * test, fields, subjects, categories, areas, set_by {code, name, level} (absent: the province), message, hint, valid_from,
 * valid_to. */
gk_json_t *gk_pack_rules_json(const gk_pack_t *pack, int stage, apr_pool_t *pool);
gk_json_t *gk_setter_json(const gk_setter_t *setter, apr_pool_t *pool);
/* {"id","zh","en","help","required_art","required_all","fields":[...]} of each part; papers; photo profile. */
gk_json_t *gk_pack_parts_json(const gk_pack_t *pack, apr_pool_t *pool);
gk_json_t *gk_pack_papers_json(const gk_pack_t *pack, apr_pool_t *pool);
gk_json_t *gk_pack_photo_json(const gk_pack_t *pack, apr_pool_t *pool);

/* Checks one rule's expression the way gk_pack_load does (the rule builder's "try"): NULL when fine. */
gk_error_t *gk_pack_check_xpath(const gk_pack_t *pack, const char *expression, apr_pool_t *pool);
/* Names (const char *) of fields, derived fields and facts that an expression reads, each once. */
apr_array_header_t *gk_pack_xpath_names(const gk_pack_t *pack, const char *expression, apr_pool_t *pool);

#endif
