/* tests/bench/rules.h: the 30 rules and the record that rule engines are measured on (rules.c, schematron.c, rules.mjs): 60 fields
 * f1="1" .. f60="60", and three rows r of c1, c2. */
#ifndef GK_BENCH_RULES_H
#define GK_BENCH_RULES_H

/* Rules of a pack's kind: fields compared, conditions joined, digits compared, rows counted. */
static const char *const bench_rules[30] = {"not(f3 = '5') or f7 = '8'",
                                      "not(f1) or string-length(f1) = 3",
                                      "f4 = '4' or f5 = '5' or f6 = '6'",
                                      "not(f9) or starts-with(f9, '9')",
                                      "number(f10) >= 10 and number(f10) <= 2000",
                                      "not(f12 = f13)",
                                      "count(f14) = 1",
                                      "not(f15 = '1' and f16 = '2' and f17 = '3')",
                                      "f18 != ''",
                                      "not(contains(f19, 'x'))",
                                      "translate(f20, '0123456789', '') = ''",
                                      "f21 or f22",
                                      "not(f23 = '0') or f24",
                                      "number(f25) > number(f24)",
                                      "boolean(f26)",
                                      "not(f27 = '9') or (f28 and f29)",
                                      "string-length(f30) <= 60",
                                      "f31 = '31'",
                                      "not(f60 = '1')",
                                      "f33 = f33",
                                      "not(f34) or f35",
                                      "not(f59) or number(f59) < 100",
                                      "count(r/row) >= 1",
                                      "r/row/c1 = 'x1'",
                                      "not(r/row[not(c2)])",
                                      "f40 = '40' and f41 = '41'",
                                      "not(f42 = '1' or f42 = '2' or f42 = '3')",
                                      "substring(f43, 1, 1) = '4'",
                                      "normalize-space(f44) = f44",
                                      "not(f45 = '') and not(f46 = '') and not(f47 = '')"};

#endif
