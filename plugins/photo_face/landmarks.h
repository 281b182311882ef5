/* landmarks.h: 68 points of a face by the net of face-api (MIT), run in plain C on a square of 112 x 112 pixels. The
 * same bytes give the same points on every machine. */
#ifndef PHOTO_LANDMARKS_H
#define PHOTO_LANDMARKS_H

#include <stdbool.h>
#include <apr_pools.h>

enum { LANDMARKS_SIDE = 112, LANDMARKS_POINTS = 68 };

typedef struct landmarks_t landmarks_t;

/* Was the net there when this was built? */
bool landmarks_built(void);

/* Unpacks the weights. NULL when there are none, or they are not those expected. */
landmarks_t *landmarks_load(apr_pool_t *pool);

/* `input`: 112 rows of 112 pixels R, G, B, 0 to 255. `points`: x, y of each, 0 to 1 across the square (may lie
 * outside). Any number of threads at once; `pool` takes 2 MB. */
void landmarks_find(const landmarks_t *net, const float *input, double *points, apr_pool_t *pool);

#endif
