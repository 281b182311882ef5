# weights.awk: the list of tensors in a manifest of face-api, one a line, becomes the rows of landmarks.c's table:
# number of weights, scale and smallest value of its 8-bit form, in the order of the file.
/"name"/ {
  if (!match($0, /"shape":\[[0-9,]*\]/)) exit 1
  shape = substr($0, RSTART + 9, RLENGTH - 10)
  count = 1
  n = split(shape, sides, ",")
  for (i = 1; i <= n; i++) count *= sides[i]
  if (!match($0, /"scale":[-0-9.e]+/)) exit 1
  scale = substr($0, RSTART + 8, RLENGTH - 8)
  if (!match($0, /"min":[-0-9.e]+/)) exit 1
  printf "{%d, %s, %s},\n", count, scale, substr($0, RSTART + 6, RLENGTH - 6)
}
