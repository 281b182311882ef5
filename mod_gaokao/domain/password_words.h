/* domain/password_words.h: words that worn passwords are made of (password.c). */
#ifndef GK_DOMAIN_PASSWORD_WORDS_H
#define GK_DOMAIN_PASSWORD_WORDS_H

/* Lower-case; at least 3 bytes each. */
extern const char *const gk_password_words[];
extern const int gk_password_word_count;

#endif
