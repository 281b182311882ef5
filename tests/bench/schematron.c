/* The 30 rules of rules.h as Schematron in libxml2, on the same record: the standard way to judge XML by XPath in C. Prints the
 * best of five, with and without reading the record's XML (which stands for the document build that rules.c includes).
 *   tests/bench/schematron [rounds] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <libxml/parser.h>
#include <libxml/schematron.h>
#include "rules.h"

static double now_us(void)
{
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void append(char *text, size_t size, const char *more)
{
  size_t length = strlen(text);
  for (; *more != '\0' && length + 8 < size; more++) {
    const char *as = *more == '<' ? "&lt;" : *more == '&' ? "&amp;" : *more == '"' ? "&quot;" : NULL;
    if (as == NULL)
      text[length++] = *more;
    else
      length += (size_t)sprintf(text + length, "%s", as);
  }
  text[length] = '\0';
}

static int unmet;
static void count(void *baton, const char *format, ...) { (void)baton, (void)format, unmet++; }
static void count_error(void *baton, xmlErrorPtr error) { (void)baton, (void)error, unmet++; }

int main(int argc, const char **argv)
{
  static char schema[65536] = "<schema xmlns=\"http://purl.oclc.org/dsdl/schematron\"><pattern name=\"p\">"
                              "<rule context=\"candidate\">";
  static char record[16384] = "<candidate>";
  int rounds = argc > 1 ? atoi(argv[1]) : 5000;
  double with = 1e9, without = 1e9;
  for (int i = 0; i < 30; i++) {
    strcat(schema, "<assert test=\"");
    append(schema, sizeof(schema), bench_rules[i]);
    strcat(schema, "\">no</assert>");
  }
  strcat(schema, "</rule></pattern></schema>");
  for (int i = 1; i <= 60; i++)
    sprintf(record + strlen(record), "<f%d>%d</f%d>", i, i, i);
  strcat(record, "<r>");
  for (int i = 1; i <= 3; i++)
    sprintf(record + strlen(record), "<row><c1>x%d</c1><c2>y</c2></row>", i);
  strcat(record, "</r></candidate>");
  xmlInitParser();
  xmlSchematronParserCtxtPtr parser = xmlSchematronNewMemParserCtxt(schema, (int)strlen(schema));
  xmlSchematronPtr rules = parser != NULL ? xmlSchematronParse(parser) : NULL;
  if (rules == NULL)
    return 1;
  xmlSchematronValidCtxtPtr valid = xmlSchematronNewValidCtxt(rules, XML_SCHEMATRON_OUT_ERROR);
  xmlSchematronSetValidStructuredErrors(valid, count_error, NULL);
  xmlSetGenericErrorFunc(NULL, count); /* a program of its own: nobody shares the handler */
  for (int repeat = 0; repeat < 5; repeat++) {
    double start = now_us();
    for (int i = 0; i < rounds; i++) {
      xmlDocPtr doc = xmlReadMemory(record, (int)strlen(record), "r.xml", NULL, XML_PARSE_NONET);
      unmet = 0;
      xmlSchematronValidateDoc(valid, doc);
      xmlFreeDoc(doc);
    }
    double us = (now_us() - start) / rounds;
    with = us < with ? us : with;
    xmlDocPtr doc = xmlReadMemory(record, (int)strlen(record), "r.xml", NULL, XML_PARSE_NONET);
    start = now_us();
    for (int i = 0; i < rounds; i++) {
      unmet = 0;
      xmlSchematronValidateDoc(valid, doc);
    }
    us = (now_us() - start) / rounds;
    without = us < without ? us : without;
    xmlFreeDoc(doc);
  }
  printf("Schematron in libxml2, 30 rules (%d not met): record read and judged %.2f us, judged alone %.2f us\n", unmet, with,
         without);
  xmlSchematronFreeValidCtxt(valid);
  xmlSchematronFree(rules);
  xmlSchematronFreeParserCtxt(parser);
  xmlCleanupParser();
  return 0;
}
