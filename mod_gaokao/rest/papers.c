/* rest/papers.c: one paper of one record or unit as PDF, made in the request. Batches are jobs (jobs/print_job.c). */
#include <apr_strings.h>

#include "print/papers.h"
#include "rest/request.h"

static gk_paper_how_t how_of(gk_request_t *request, gk_error_t **error)
{
  const char *paper = gk_query_word(request, "paper", "a4|letter", error);
  const char *missing = gk_query_word(request, "missing", "refuse|box", error);
  return (gk_paper_how_t){.letter = paper != NULL && paper[0] == 'l', .boxes = missing != NULL && missing[0] == 'b'};
}

static gk_error_t *answer(gk_request_t *request, gk_response_t *response, const gk_pdf_t *pdf)
{
  response->text = pdf->bytes;
  response->length = pdf->length;
  response->media_type = "application/pdf";
  apr_table_setn(response->headers, "Content-Disposition", apr_psprintf(request->pool, "inline; filename=\"%s\"", pdf->name));
  return NULL;
}

gk_error_t *gk_rest_papers_card(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_pdf_t pdf;
  gk_error_t *error = NULL;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_paper_how_t how = how_of(request, &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_paper_card_pdf(&pdf, &request->act, id, &how));
  return answer(request, response, &pdf);
}

static gk_error_t *sheet(gk_request_t *request, gk_response_t *response, bool form)
{
  apr_int64_t id;
  gk_pdf_t pdf;
  gk_error_t *error = NULL;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_paper_how_t how = how_of(request, &error);
  apr_int64_t version = gk_query_int(request, "version", 1, APR_INT64_MAX, 0, &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_paper_proof_pdf(&pdf, &request->act, id, version, form, &how));
  return answer(request, response, &pdf);
}

gk_error_t *gk_rest_papers_proof(gk_request_t *request, gk_response_t *response) { return sheet(request, response, false); }
gk_error_t *gk_rest_papers_form(gk_request_t *request, gk_response_t *response) { return sheet(request, response, true); }

gk_error_t *gk_rest_papers_receipt(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_pdf_t pdf;
  gk_error_t *error = NULL;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_paper_how_t how = how_of(request, &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_paper_receipt_pdf(&pdf, &request->act, id, &how));
  return answer(request, response, &pdf);
}

gk_error_t *gk_rest_papers_submission(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_pdf_t pdf;
  gk_error_t *error = NULL;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_paper_how_t how = how_of(request, &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_paper_submission_pdf(&pdf, &request->act, id, &how));
  return answer(request, response, &pdf);
}

gk_error_t *gk_rest_papers_counts(gk_request_t *request, gk_response_t *response)
{
  gk_pdf_t pdf;
  gk_error_t *error = NULL;
  gk_paper_how_t how = how_of(request, &error);
  apr_int64_t org_id = gk_query_int(request, "org_id", 1, APR_INT64_MAX, 0, &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_paper_counts_pdf(&pdf, &request->act, org_id, &how));
  return answer(request, response, &pdf);
}
