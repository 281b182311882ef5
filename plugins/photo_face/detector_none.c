/* detector_none.c: a build without dlib. */
#include "detector.h"

#include <stddef.h>

const char *detector_name(void) { return NULL; }
detector_t *detector_load(void) { return NULL; }
detector_t *detector_copy(const detector_t *detector)
{
  (void)detector;
  return NULL;
}
void detector_free(detector_t *detector) { (void)detector; }
int detector_find(detector_t *detector, const unsigned char *pixels, int width, int height, long stride,
                  detector_box_t *boxes, int room)
{
  (void)detector;
  (void)pixels;
  (void)width;
  (void)height;
  (void)stride;
  (void)boxes;
  (void)room;
  return -1;
}
