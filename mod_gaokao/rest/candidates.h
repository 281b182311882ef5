/* rest/candidates.h: what the handlers of a candidate's record share. */
#ifndef GK_REST_CANDIDATES_H
#define GK_REST_CANDIDATES_H

#include "domain/candidate.h"
#include "rest/request.h"

/* Answers with the whole record, its papers, fee and last review, and its version as ETag. */
gk_error_t *gk_candidate_answer(gk_request_t *request, gk_response_t *response, gk_candidate_t *candidate);

/* A reason of an act: required, 2 to 200 characters. */
const char *gk_decode_reason(gk_decode_t *d, int flags);

/* An array of short strings; faults are collected. NULL when absent. */
gk_json_t *gk_decode_words(gk_decode_t *d, const char *key, apr_size_t max_items);

#endif
