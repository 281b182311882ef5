/* gateway/line.c: see line.h. */
#include "gateway/line.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <apr_strings.h>

const int gk_line_speeds[] = {115200, 57600, 38400, 19200, 9600, 0};

static speed_t constant(int speed)
{
  switch (speed) {
  case 115200:
    return B115200;
  case 57600:
    return B57600;
  case 38400:
    return B38400;
  case 19200:
    return B19200;
  case 9600:
    return B9600;
  default:
    return B0;
  }
}

int gk_line_open(const char *path, int speed)
{
  struct termios settings;
  int fd, why;
  if (constant(speed) == B0) {
    errno = EINVAL;
    return -1;
  }
  if ((fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)) < 0)
    return -1;
  if (tcgetattr(fd, &settings) == 0) {
    cfmakeraw(&settings);
    settings.c_cflag &= ~(tcflag_t)(CSTOPB | CRTSCTS | PARENB);
    settings.c_cflag |= CLOCAL | CREAD;
    cfsetispeed(&settings, constant(speed));
    cfsetospeed(&settings, constant(speed));
    if (tcsetattr(fd, TCSANOW, &settings) == 0) {
      (void)ioctl(fd, TIOCEXCL);
      (void)tcflush(fd, TCIOFLUSH);
      return fd;
    }
  }
  why = errno;
  close(fd);
  errno = why;
  return -1;
}

apr_array_header_t *gk_line_ports(apr_pool_t *pool)
{
  static const char *const patterns[] = {"/dev/ttyUSB*", "/dev/ttyACM*", "/dev/ttyS[0-3]"};
  apr_array_header_t *ports = apr_array_make(pool, 8, sizeof(const char *));
  for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
    glob_t found;
    if (glob(patterns[i], 0, NULL, &found) == 0)
      for (size_t n = 0; n < found.gl_pathc; n++)
        APR_ARRAY_PUSH(ports, const char *) = apr_pstrdup(pool, found.gl_pathv[n]);
    globfree(&found);
  }
  return ports;
}
