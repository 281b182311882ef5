/* base/text.h: UTF-8, names and digits as people type them. No I/O, no exam words. */
#ifndef GK_BASE_TEXT_H
#define GK_BASE_TEXT_H

#include <stdbool.h>
#include <apr_pools.h>

/* True when `text` is well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF,
 * no U+0000 inside `length`. */
bool gk_utf8_valid(const char *text, apr_size_t length);

/* Number of code points of well-formed `text`. */
apr_size_t gk_utf8_length(const char *text);

/* Reads one code point of well-formed text and moves *text behind it; 0 at the end. */
unsigned gk_utf8_next(const char **text);
/* Writes `c` as UTF-8 to `out` (4 bytes suffice), returns the number of bytes. */
apr_size_t gk_utf8_put(char *out, unsigned c);

/* The first code point that no stored text may hold, or 0: C0/C1 controls (tab and line feed pass when
 * `multiline`), U+FFFE/FFFF and other noncharacters, bidi controls, zero width, BOM, private use,
 * planes without characters (holes of planes in use pass: tables of them age). */
unsigned gk_text_forbidden(const char *text, bool multiline);

/* Well-formed `text` in Unicode's normal form C: one spelling of what looks the same, however a keyboard composes it. */
const char *gk_text_nfc(apr_pool_t *pool, const char *text);

/* Without leading and trailing white space (ASCII, U+00A0, U+3000). In `pool`. */
const char *gk_text_trim(apr_pool_t *pool, const char *text);

/* Full-width ASCII (U+FF01..FF5E) and the ideographic space become ASCII; letters keep their case. */
const char *gk_text_narrow(apr_pool_t *pool, const char *text);

/* A person's name: narrowed and trimmed, the look-alikes of the middle dot (U+0387 2022 2027 2219 22C5 2E31 30FB A78F
 * FE52 FF65, 002E between letters) become U+00B7, inner runs of spaces one space. (F8) */
const char *gk_text_name(apr_pool_t *pool, const char *name);

/* An ID number: narrowed, spaces removed, x upper-cased. */
const char *gk_text_id_number(apr_pool_t *pool, const char *number);

/* "430102********002X": what lists and logs may show. NULL stays NULL. */
const char *gk_text_mask_id(apr_pool_t *pool, const char *number);
const char *gk_text_mask_phone(apr_pool_t *pool, const char *phone);

/* Lower-case hex of bytes; and back: NULL unless all hex and even. */
char *gk_text_hex(apr_pool_t *pool, const void *bytes, apr_size_t length);
unsigned char *gk_text_unhex(apr_pool_t *pool, const char *hex, apr_size_t *length);

#endif
