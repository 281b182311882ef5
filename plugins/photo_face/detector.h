/* detector.h: faces in a picture, by dlib's HOG detector where the build has it (detector_dlib.cc), else by nothing. */
#ifndef PHOTO_DETECTOR_H
#define PHOTO_DETECTOR_H

#ifdef __cplusplus
extern "C" {
#endif

typedef struct detector_t detector_t;

typedef struct detector_box_t {
  double score;                 /* above 0: a face; 1 and more: surely */
  int x, y, width, height;      /* may reach beyond the picture */
} detector_box_t;

const char *detector_name(void); /* NULL: there is none */
/* NULL: can't be had. Takes 0.2 s; copies are quick. One thread at a time uses one. */
detector_t *detector_load(void);
detector_t *detector_copy(const detector_t *detector);
void detector_free(detector_t *detector);

/* Boxes with the best score first, at most `room`; their number, -1 when it failed. RGB. */
int detector_find(detector_t *detector, const unsigned char *pixels, int width, int height, long stride,
                  detector_box_t *boxes, int room);

#ifdef __cplusplus
}
#endif
#endif
