// detector_dlib.cc: dlib's frontal face detector behind C. No exception leaves this file.
#include <dlib/image_processing/frontal_face_detector.h>

#include "detector.h"

struct detector_t {
  dlib::frontal_face_detector faces;
};

namespace {

// The caller's pixels as dlib wants to see them: nothing is copied.
struct view_t {
  typedef dlib::rgb_pixel pixel_type;
  const unsigned char *pixels;
  long width, height, stride;
};

inline long num_rows(const view_t &v) { return v.height; }
inline long num_columns(const view_t &v) { return v.width; }
inline const void *image_data(const view_t &v) { return v.pixels; }
inline long width_step(const view_t &v) { return v.stride; }

}  // namespace

namespace dlib {
template <>
struct image_traits<view_t> {
  typedef rgb_pixel pixel_type;
};
}  // namespace dlib

extern "C" const char *detector_name(void) { return "dlib HOG"; }

extern "C" detector_t *detector_load(void)
{
  try {
    return new detector_t{dlib::get_frontal_face_detector()};
  } catch (...) {
    return nullptr;
  }
}

extern "C" detector_t *detector_copy(const detector_t *detector)
{
  try {
    return new detector_t(*detector);
  } catch (...) {
    return nullptr;
  }
}

extern "C" void detector_free(detector_t *detector) { delete detector; }

extern "C" int detector_find(detector_t *detector, const unsigned char *pixels, int width, int height, long stride,
                             detector_box_t *boxes, int room)
{
  try {
    std::vector<dlib::rect_detection> found;
    detector->faces(view_t{pixels, width, height, stride}, found, 0.0);
    int n = 0;
    for (const dlib::rect_detection &f : found) {
      if (n == room)
        break;
      boxes[n++] = {f.detection_confidence, static_cast<int>(f.rect.left()), static_cast<int>(f.rect.top()),
                    static_cast<int>(f.rect.width()), static_cast<int>(f.rect.height())};
    }
    return n;
  } catch (...) {
    return -1;
  }
}
