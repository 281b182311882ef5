# Writes the loopback page's files into a C file: awk -f page_files.awk page/index.html page/page.css page/page.js >page_files.c
BEGIN {
  print "/* Made from mod_gaokao/gateway/page/ by page_files.awk. */"
  print "#include \"gateway/page.h\"\n\n#include <string.h>\n"
}
FNR == 1 {
  if (count++) print "    \"\";\n"
  name = FILENAME
  sub(/.*\//, "", name)
  names[count] = name == "index.html" ? "" : name
  types[count] = name ~ /html$/ ? "text/html" : name ~ /css$/ ? "text/css" : "text/javascript"
  print "static const char file_" count "[] ="
}
{
  gsub(/\\/, "\\\\")
  gsub(/"/, "\\\"")
  print "    \"" $0 "\\n\""
}
END {
  print "    \"\";\n"
  print "const char *gk_page_file(const char *name, const char **type)\n{"
  for (i = 1; i <= count; i++)
    print "  if (strcmp(name, \"" names[i] "\") == 0) {\n    *type = \"" types[i] "; charset=utf-8\";\n    return file_" i ";\n  }"
  print "  return NULL;\n}"
}
