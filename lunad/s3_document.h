#ifndef LUNAD_S3_DOCUMENT_H
#define LUNAD_S3_DOCUMENT_H

#include "buf.h"
#include "json.h"

/*
 * Append what is in a document of this root, written anew. -1: it is not
 * well-formed, or holds what it may not.
 */
int s3_document_read(
    const char *root, const char *text, size_t len, struct buf *out);
/* Append the document that CloudFormation's properties stand for. */
void s3_document_of_json(const char *root, struct json v, struct buf *out);

#endif
