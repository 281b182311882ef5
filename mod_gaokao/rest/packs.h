/* rest/packs.h: shared by packs.c and pack_life.c. */
#ifndef GK_REST_PACKS_H
#define GK_REST_PACKS_H

#include "domain/ports.h"
#include "rest/request.h"

gk_json_t *gk_rest_pack_json(const gk_pack_row_t *pack, apr_pool_t *pool);
/* The test that conditions stand for; faults go to the decoder. */
const char *gk_rest_conditions(gk_decode_t *d, gk_json_t *conditions);
/* The pack and its ETag. */
void gk_rest_pack_answer(gk_response_t *response, const gk_pack_row_t *pack, apr_pool_t *pool);

#endif
