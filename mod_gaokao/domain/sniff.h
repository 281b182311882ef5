/* domain/sniff.h: what a file is by its bytes; names and declared types are not believed. Pure. */
#ifndef GK_DOMAIN_SNIFF_H
#define GK_DOMAIN_SNIFF_H

#include <stdbool.h>
#include <apr.h>

typedef struct gk_file_type_t {
  const char *extension;    /* "pdf" */
  const char *media_type;
} gk_file_type_t;

/* One of pdf, png, jpg, xlsx, docx, zip, txt; NULL for anything else: pages and pictures that can hold
 * scripts (HTML, SVG, XML), office files with macros, text that is not UTF-8, empty files. */
const gk_file_type_t *gk_sniff(const unsigned char *bytes, apr_size_t length);

/* The name's ending fits the type ("jpeg" is "jpg"). */
bool gk_sniff_fits(const gk_file_type_t *type, const char *name);

#endif
