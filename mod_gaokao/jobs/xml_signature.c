/* jobs/xml_signature.c: see xml_signature.h. */
#include "jobs/xml_signature.h"

#include <string.h>
#include <apr_base64.h>
#include <apr_strings.h>

#define DSIG "http://www.w3.org/2000/09/xmldsig#"
#define EXCLUSIVE "http://www.w3.org/2001/10/xml-exc-c14n#"
#define ENVELOPED DSIG "enveloped-signature"
#define ECDSA "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
#define SHA256 "http://www.w3.org/2001/04/xmlenc#sha256"
#define DIGEST_BYTES 32

static const char *base64(const void *bytes, int length, apr_pool_t *pool)
{
  char *out = apr_palloc(pool, (apr_size_t)apr_base64_encode_len(length));
  apr_base64_encode_binary(out, bytes, length);
  return out;
}

static const char *digest_of(const char *bytes, apr_size_t length, apr_pool_t *pool)
{
  unsigned char raw[DIGEST_BYTES];
  const char *hex = gk_sha256_hex(pool, bytes, length);
  for (int i = 0; i < DIGEST_BYTES; i++) {
    char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
    raw[i] = (unsigned char)apr_strtoi64(pair, NULL, 16);
  }
  return base64(raw, DIGEST_BYTES, pool);
}

static gk_xml_node_t *last_child(gk_xml_node_t *node)
{
  gk_xml_node_t *found = NULL;
  for (gk_xml_node_t *at = gk_xml_child(node, NULL); at != NULL; at = gk_xml_next(at, NULL))
    found = at;
  return found;
}

/* ---- signing --------------------------------------------------------------------------------------------- */

gk_error_t *gk_xml_sign(const char **out, const char *text, const char *root, const gk_keys_t *keys, apr_pool_t *pool)
{
  gk_xml_t *document;
  const char *bytes, *end = apr_pstrcat(pool, "</", root, ">", NULL), *key_id = gk_key_id(keys, "export");
  apr_size_t length, body = strlen(text) - strlen(end);
  unsigned char signature[GK_P256_BYTES];
  if (strlen(text) < strlen(end) || strcmp(text + body, end) != 0)
    return gk_error_internal(pool, GK_E_INTERNAL, "a document to be signed must end with %s", end);
  GK_TRY(gk_xml_parse(&document, text, strlen(text), pool));
  GK_TRY(gk_xml_canonical(&bytes, &length, document, NULL, NULL, pool));
  const char *head = apr_pstrcat(
      pool, apr_pstrmemdup(pool, text, body),
      "<Signature xmlns=\"" DSIG "\"><SignedInfo><CanonicalizationMethod Algorithm=\"" EXCLUSIVE "\"/>"
      "<SignatureMethod Algorithm=\"" ECDSA "\"/><Reference URI=\"\"><Transforms><Transform Algorithm=\"" ENVELOPED
      "\"/><Transform Algorithm=\"" EXCLUSIVE "\"/></Transforms><DigestMethod Algorithm=\"" SHA256 "\"/><DigestValue>",
      digest_of(bytes, length, pool), "</DigestValue></Reference></SignedInfo><SignatureValue>", NULL);
  const char *tail = apr_pstrcat(pool, "</SignatureValue><KeyInfo><KeyName>", key_id, "</KeyName></KeyInfo></Signature>", end,
                                 NULL);
  const char *unsigned_text = apr_pstrcat(pool, head, tail, NULL);
  GK_TRY(gk_xml_parse(&document, unsigned_text, strlen(unsigned_text), pool));
  gk_xml_node_t *info = gk_xml_child(last_child(gk_xml_root(document)), "SignedInfo");
  GK_TRY(gk_xml_canonical(&bytes, &length, document, info, NULL, pool));
  GK_TRY(gk_key_sign_p256(signature, keys, "export", key_id, bytes, length, pool));
  *out = apr_pstrcat(pool, head, base64(signature, GK_P256_BYTES, pool), tail, NULL);
  return NULL;
}

/* ---- verifying ------------------------------------------------------------------------------------------- */

static gk_error_t *refuse(apr_pool_t *pool, const char *zh, const char *en)
{
  return gk_error(pool, GK_E_SEALED, "%s", "%s", zh, en);
}

static gk_error_t *another_form(apr_pool_t *pool)
{
  return gk_error(pool, GK_E_SEALED, "签名的形式与约定不符（docs/province.md）：不予采信",
                  "The signature has another form than agreed (docs/province.md): not trusted");
}

static bool is(gk_xml_node_t *node, const char *name)
{
  return node != NULL && strcmp(gk_xml_name(node), name) == 0 && strcmp(gk_xml_namespace(node), DSIG) == 0;
}

/* The element has this one attribute with this value, and no child. */
static bool says(gk_xml_node_t *node, const char *name, const char *attribute, const char *value, apr_pool_t *pool)
{
  if (!is(node, name))
    return false;
  const apr_array_header_t *attributes = gk_xml_attrs(node, pool);
  const char *found = gk_xml_attr(node, attribute, pool);
  return attributes->nelts == 1 && found != NULL && strcmp(found, value) == 0;
}

static bool method(gk_xml_node_t *node, const char *name, const char *algorithm, apr_pool_t *pool)
{
  return says(node, name, "Algorithm", algorithm, pool) && gk_xml_child(node, NULL) == NULL;
}

/* The digest a SignedInfo of exactly our form names; NULL for any other. */
static const char *signed_digest(gk_xml_node_t *info, apr_pool_t *pool)
{
  gk_xml_node_t *c14n = gk_xml_child(info, NULL), *how = c14n != NULL ? gk_xml_next(c14n, NULL) : NULL;
  gk_xml_node_t *reference = how != NULL ? gk_xml_next(how, NULL) : NULL;
  if (!method(c14n, "CanonicalizationMethod", EXCLUSIVE, pool) || !method(how, "SignatureMethod", ECDSA, pool) ||
      !says(reference, "Reference", "URI", "", pool) || gk_xml_next(reference, NULL) != NULL)
    return NULL;
  gk_xml_node_t *transforms = gk_xml_child(reference, NULL), *digest = transforms != NULL ? gk_xml_next(transforms, NULL) : NULL;
  gk_xml_node_t *value = digest != NULL ? gk_xml_next(digest, NULL) : NULL;
  if (!is(transforms, "Transforms") || !method(digest, "DigestMethod", SHA256, pool) || !is(value, "DigestValue") ||
      gk_xml_next(value, NULL) != NULL)
    return NULL;
  gk_xml_node_t *first = gk_xml_child(transforms, NULL), *second = first != NULL ? gk_xml_next(first, NULL) : NULL;
  if (!method(first, "Transform", ENVELOPED, pool) || !method(second, "Transform", EXCLUSIVE, pool) ||
      gk_xml_next(second, NULL) != NULL)
    return NULL;
  return gk_xml_text(value, pool);
}

gk_error_t *gk_xml_verify(gk_xml_t **out, const char *text, apr_size_t length, const char *pem, apr_pool_t *pool)
{
  gk_xml_t *document;
  const char *bytes;
  apr_size_t count;
  unsigned char signature[GK_P256_BYTES + 8];
  bool right;
  GK_TRY(gk_xml_parse(&document, text, length, pool));
  gk_xml_node_t *root = gk_xml_root(document), *mark = last_child(root);
  if (!is(mark, "Signature"))
    return refuse(pool, "文件没有签名", "The file is not signed");
  for (gk_xml_node_t *at = gk_xml_child(root, NULL); at != mark; at = gk_xml_next(at, NULL))
    if (is(at, "Signature"))
      return another_form(pool);
  gk_xml_node_t *info = gk_xml_child(mark, NULL), *value = info != NULL ? gk_xml_next(info, NULL) : NULL;
  gk_xml_node_t *key = value != NULL ? gk_xml_next(value, NULL) : NULL;
  const char *digest = is(info, "SignedInfo") ? signed_digest(info, pool) : NULL;
  if (digest == NULL || !is(value, "SignatureValue") || !is(key, "KeyInfo") || gk_xml_next(key, NULL) != NULL ||
      !is(gk_xml_child(key, NULL), "KeyName") || gk_xml_next(gk_xml_child(key, NULL), NULL) != NULL)
    return another_form(pool);
  GK_TRY(gk_xml_canonical(&bytes, &count, document, NULL, mark, pool));
  if (strcmp(digest_of(bytes, count, pool), digest) != 0)
    return refuse(pool, "内容在签名之后被改动", "The content was changed after it was signed");
  const char *encoded = gk_xml_text(value, pool);
  if (strlen(encoded) != 88 || apr_base64_decode_binary(signature, encoded) != GK_P256_BYTES)
    return another_form(pool);
  GK_TRY(gk_xml_canonical(&bytes, &count, document, info, NULL, pool));
  GK_TRY(gk_p256_verify(&right, pem, signature, bytes, count, pool));
  if (!right)
    return refuse(pool, "签名不是由所给公钥对应的密钥作出的", "The signature was not made with the key whose public half you gave");
  *out = document;
  return NULL;
}
