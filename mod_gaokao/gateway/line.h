/* gateway/line.h: the serial or USB-serial line to the reader. */
#ifndef GK_GATEWAY_LINE_H
#define GK_GATEWAY_LINE_H

#include <apr_pools.h>
#include <apr_tables.h>

/* Speeds the module knows, the usual one first; ends with 0. */
extern const int gk_line_speeds[];

/* Opens `path` raw at `speed` (8 data bits, no parity, 1 stop bit), without blocking, for this process alone. -1 with errno set
 * when it can't; a `speed` that is not in gk_line_speeds is EINVAL. */
int gk_line_open(const char *path, int speed);

/* Paths where a reader may be (/dev/ttyUSB*, ttyACM*, ttyS0..3), USB first: const char * in `pool`. */
apr_array_header_t *gk_line_ports(apr_pool_t *pool);

#endif
