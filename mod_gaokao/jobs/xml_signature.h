/* jobs/xml_signature.h: XML Signature for one kind of document and in one form only: enveloped over the whole document
 * (URI=""), exclusive C14N, SHA-256, ECDSA over P-256, the Signature as the last child of the root, KeyName but no key in it.
 * Whoever verifies brings the key.
 */
#ifndef GK_JOBS_XML_SIGNATURE_H
#define GK_JOBS_XML_SIGNATURE_H

#include "base/xml.h"
#include "crypto/crypto.h"

/* `text`: a document whose last characters are `</ROOT>`; *out is the same with the Signature before them, under the active key
 * of purpose export. */
gk_error_t *gk_xml_sign(const char **out, const char *text, const char *root, const gk_keys_t *keys, apr_pool_t *pool);

/* Parses `text` and proves it against the public key. *document is what was proven: read nothing else of it. Errors: PACK when it
 * is no XML; SEALED, with a sentence, when it has another form, other content or another signer. */
gk_error_t *gk_xml_verify(gk_xml_t **document, const char *text, apr_size_t length, const char *pem, apr_pool_t *pool);

#endif
