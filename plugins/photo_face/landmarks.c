/* landmarks.c: see landmarks.h. Four blocks of four convolutions each, all 3 x 3; all but the first are
 * depthwise, then pointwise. Pixels lie row by row, their channels together. */
#include "landmarks.h"

#include <string.h>

#include "weights.h" /* made at build time: PHOTO_WEIGHTS, PHOTO_TENSORS; empty where npm was not there */

enum { BLOCKS = 4, LAYERS = 4, FEATURES = 256, OUTPUTS = 136 };

/* One convolution: `plain` is the first one of all. */
typedef struct layer_t {
  int in, out, stride;
  bool plain;
  const float *depth, *point, *bias;
} layer_t;

struct landmarks_t {
  layer_t layers[BLOCKS][LAYERS];
  const float *dense, *dense_bias;
};

#ifdef PHOTO_WEIGHTS

__asm__(".section .rodata\n"
        ".local photo_weights, photo_weights_end\n"
        "photo_weights: .incbin \"" PHOTO_WEIGHTS "\"\n"
        "photo_weights_end: .byte 0\n"
        ".previous\n");
extern const unsigned char photo_weights[], photo_weights_end[];

static const struct { int count; double scale, least; } tensors[] = {
#include "tensors.h"
};

bool landmarks_built(void) { return true; }

/* The next tensor in the order of the file; NULL when it has another size than wanted. */
typedef struct reader_t { const unsigned char *at; size_t row; apr_pool_t *pool; } reader_t;

static const float *take(reader_t *r, int count)
{
  if (r->row >= sizeof(tensors) / sizeof(tensors[0]) || tensors[r->row].count != count ||
      photo_weights_end - r->at < count)
    return NULL;
  float *out = apr_palloc(r->pool, sizeof(float) * (size_t)count);
  for (int i = 0; i < count; i++)
    out[i] = (float)(r->at[i] * tensors[r->row].scale + tensors[r->row].least);
  r->at += count;
  r->row++;
  return out;
}

landmarks_t *landmarks_load(apr_pool_t *pool)
{
  static const int channels[] = {32, 64, 128, 256};
  landmarks_t *net = apr_pcalloc(pool, sizeof(*net));
  reader_t reader = {photo_weights, 0, pool};
  int in = 3;
  for (int b = 0; b < BLOCKS; b++)
    for (int l = 0; l < LAYERS; l++) {
      layer_t *layer = &net->layers[b][l];
      *layer = (layer_t){.in = in, .out = channels[b], .stride = l == 0 ? 2 : 1, .plain = in == 3};
      layer->depth = take(&reader, layer->plain ? 9 * in * layer->out : 9 * in);
      if (!layer->plain)
        layer->point = take(&reader, in * layer->out);
      layer->bias = take(&reader, layer->out);
      if (layer->depth == NULL || (!layer->plain && layer->point == NULL) || layer->bias == NULL)
        return NULL;
      in = layer->out;
    }
  net->dense = take(&reader, FEATURES * OUTPUTS);
  net->dense_bias = take(&reader, OUTPUTS);
  return net->dense != NULL && net->dense_bias != NULL && reader.at == photo_weights_end ? net : NULL;
}

#else

bool landmarks_built(void) { return false; }

landmarks_t *landmarks_load(apr_pool_t *pool)
{
  (void)pool;
  return NULL;
}

#endif

/* As TensorFlow pads: stride 1 by one on each side; stride 2 on an even side by one after the end only. */
static int before_first(int stride) { return stride == 1 ? 1 : 0; }

static void plain(const layer_t *l, const float *in, int side, float *out)
{
  int small = side / l->stride;
  for (int y = 0; y < small; y++)
    for (int x = 0; x < small; x++, out += l->out) {
      memcpy(out, l->bias, sizeof(float) * (size_t)l->out);
      for (int ky = 0; ky < 3; ky++)
        for (int kx = 0; kx < 3; kx++) {
          int row = y * l->stride + ky - before_first(l->stride), column = x * l->stride + kx - before_first(l->stride);
          if (row < 0 || row >= side || column < 0 || column >= side)
            continue;
          const float *p = in + ((size_t)row * side + column) * l->in, *w = l->depth + (ky * 3 + kx) * l->in * l->out;
          for (int i = 0; i < l->in; i++, w += l->out)
            for (int o = 0; o < l->out; o++)
              out[o] += p[i] * w[o];
        }
    }
}

static void depthwise(const layer_t *l, const float *in, int side, float *out)
{
  int small = side / l->stride;
  for (int y = 0; y < small; y++)
    for (int x = 0; x < small; x++, out += l->in) {
      memset(out, 0, sizeof(float) * (size_t)l->in);
      for (int ky = 0; ky < 3; ky++)
        for (int kx = 0; kx < 3; kx++) {
          int row = y * l->stride + ky - before_first(l->stride), column = x * l->stride + kx - before_first(l->stride);
          if (row < 0 || row >= side || column < 0 || column >= side)
            continue;
          const float *restrict p = in + ((size_t)row * side + column) * l->in, *restrict w = l->depth + (ky * 3 + kx) * l->in;
          for (int i = 0; i < l->in; i++)
            out[i] += p[i] * w[i];
        }
    }
}

/* One pixel at a time, 32 outputs at once: they stay in registers or the nearest cache. */
static void pointwise(const layer_t *l, const float *in, int pixels, float *restrict out)
{
  enum { TILE = 32 };
  for (int n = 0; n < pixels; n++, in += l->in, out += l->out)
    for (int o = 0; o < l->out; o += TILE) {
      float sum[TILE];
      memcpy(sum, l->bias + o, sizeof(sum));
      const float *restrict w = l->point + o;
      for (int i = 0; i < l->in; i++, w += l->out)
        for (int k = 0; k < TILE; k++)
          sum[k] += in[i] * w[k];
      memcpy(out + o, sum, sizeof(sum));
    }
}

static void convolve(const layer_t *l, const float *in, int side, float *scratch, float *out)
{
  int small = side / l->stride;
  if (l->plain) {
    plain(l, in, side, out);
    return;
  }
  depthwise(l, in, side, scratch);
  pointwise(l, scratch, small * small, out);
}

/* sum: of all layers so far; what the next one sees is the sum without its negative parts. */
static void add(float *restrict sum, const float *restrict more, float *restrict next, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    sum[i] += more[i];
    next[i] = sum[i] > 0 ? sum[i] : 0;
  }
}

void landmarks_find(const landmarks_t *net, const float *input, double *points, apr_pool_t *pool)
{
  static const float mean[3] = {122.782f, 117.001f, 104.298f};
  const size_t most = (size_t)56 * 56 * 32;
  float *x = apr_palloc(pool, sizeof(float) * most), *sum = apr_palloc(pool, sizeof(float) * most);
  float *out = apr_palloc(pool, sizeof(float) * most), *scratch = apr_palloc(pool, sizeof(float) * most);
  int side = LANDMARKS_SIDE;
  for (size_t i = 0; i < (size_t)side * side * 3; i++)
    x[i] = (input[i] - mean[i % 3]) / 255;
  for (int b = 0; b < BLOCKS; b++) {
    const layer_t *layers = net->layers[b];
    size_t count = (size_t)(side / 2) * (side / 2) * layers[0].out;
    convolve(&layers[0], x, side, scratch, out);
    side /= 2;
    memset(sum, 0, sizeof(float) * count);
    add(sum, out, x, count);
    memcpy(sum, x, sizeof(float) * count); /* the first is cut at zero before it is summed */
    for (int l = 1; l < LAYERS; l++) {
      convolve(&layers[l], x, side, scratch, out);
      add(sum, out, x, count);
    }
  }
  float features[FEATURES] = {0};
  for (int n = 0; n < side * side; n++)
    for (int i = 0; i < FEATURES; i++)
      features[i] += x[n * FEATURES + i] / (float)(side * side);
  for (int o = 0; o < OUTPUTS; o++) {
    float value = net->dense_bias[o];
    for (int i = 0; i < FEATURES; i++)
      value += features[i] * net->dense[i * OUTPUTS + o];
    points[o] = value;
  }
}
