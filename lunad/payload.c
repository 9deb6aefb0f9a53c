/*
 * What is in a body, by its x-amz-content-sha256: bytes whose hash the header
 * tells, bytes that nobody signed, or chunks ("aws-chunked"), each with its
 * own signature or none, and after them trailers, which become headers.
 *
 * Source: Amazon S3 API Reference, "Signature calculations for the
 * authorization header: transferring payload in multiple chunks", and "…
 * with trailing headers".
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core.h"
#include "digest.h"
#include "mem.h"
#include "raw.h"
#include "sum.h"
#include "text.h"

#define HEAD_MAX 8192 /* a chunk's head, a trailer */
#define TRAILERS 8
#define CHUNK_LEAST 8192 /* of every signed one but the last */
#define HEX (2 * DIGEST_SHA256)

enum state {
	PLAIN, /* no chunks */
	HEAD,  /* "SIZE;chunk-signature=…" */
	DATA,
	DATA_END, /* the line's end after it */
	TRAILER,
	OVER
};

struct payload {
	enum state state;
	bool is_signed, has_trailer;
	char want[HEX + 1]; /* the whole payload's hash; "": not said */
	struct sum *hash;   /* of the payload, or of the chunk */
	/* chunks */
	struct digest_key *key;
	char last[HEX + 1];  /* signature before this chunk */
	char claim[HEX + 1]; /* of this chunk */
	uint64_t left;       /* bytes of this chunk */
	bool small;          /* a chunk that has to be the last one */
	bool ended;          /* the empty chunk was there */
	uint64_t came, length;
	struct buf line, trailer;
	size_t trailers;
	bool trailer_signed;
};

/* The error's own members stand after those of every error. */
static int
malformed(struct call *c)
{
	return fail(&c->r, 400, "IncompleteBody",
	    "The request body terminated unexpectedly");
}

static int
mismatch(struct call *c)
{
	return fail(&c->r, 403, "SignatureDoesNotMatch",
	    "The request signature we calculated does not match the signature "
	    "you provided. Check your key and signing method.");
}

static const struct kind {
	const char *name;
	bool is_signed, has_trailer;
} kinds[] = {
    {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", true, false},
    {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", true, true},
    {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", false, true},
    {NULL, false, false},
};

static bool
is_hash(const char *text)
{
	return strlen(text) == HEX &&
	       strspn(text, "0123456789abcdefABCDEF") == HEX;
}

static int
refuse_kind(struct call *c)
{
	return fail(&c->r, 400, "InvalidArgument",
	    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, "
	    "STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
	    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, "
	    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 "
	    "value.");
}

static int
open_chunks(struct call *c, struct payload *p, const struct kind *kind)
{
	const char *decoded = raw_header(&c->r, "x-amz-decoded-content-length");
	int64_t length;
	if (decoded == NULL || text_integer(decoded, 0, INT64_MAX, &length) < 0)
		return fail(&c->r, 411, "MissingContentLength",
		    "You must provide the Content-Length HTTP header.");
	p->length = (uint64_t)length;
	p->state = HEAD;
	p->is_signed = kind->is_signed;
	p->has_trailer = kind->has_trailer;
	buf_init(&p->line, HEAD_MAX);
	if (!p->is_signed)
		return 0;
	p->key = auth_derived(&c->signer);
	memcpy(p->last, c->signer.signature, sizeof(p->last));
	p->hash = sum_new(SUM_SHA256);
	return 0;
}

int
payload_open(struct lunad *l, struct call *c)
{
	(void)l;
	const char *said = raw_header(&c->r, "x-amz-content-sha256");
	struct payload *p = mem_alloc(sizeof(*p));
	c->payload = p;
	if (said == NULL && !c->signer.presigned)
		return fail(&c->r, 400, "InvalidRequest",
		    "Missing required header for this request: "
		    "x-amz-content-sha256");
	if (said == NULL || strcmp(said, "UNSIGNED-PAYLOAD") == 0)
		return 0;
	const struct kind *kind = kinds;
	while (kind->name != NULL && strcmp(kind->name, said) != 0)
		kind++;
	if (kind->name != NULL)
		return open_chunks(c, p, kind);
	if (!is_hash(said))
		return refuse_kind(c);
	memcpy(p->want, said, sizeof(p->want));
	p->hash = sum_new(SUM_SHA256);
	return 0;
}

void
payload_free(struct payload *p)
{
	if (p == NULL)
		return;
	sum_free(p->hash);
	digest_key_free(p->key);
	buf_clear(&p->line);
	buf_clear(&p->trailer);
	free(p);
}

static int
deliver(struct call *c, const char *bytes, size_t len)
{
	struct payload *p = c->payload;
	p->came += len;
	if (p->hash != NULL)
		sum_add(p->hash, bytes, len);
	if (c->op->take != NULL)
		return c->op->take(&c->r, bytes, len);
	buf_add(&c->body, bytes, len);
	return !c->body.full ? 0
			     : fail(&c->r, 400, "MaxMessageLengthExceeded",
				   "Your request was too big.");
}

static void
hash_hex(struct sum *s, char out[static HEX + 1])
{
	uint8_t raw[SUM_MAX];
	struct buf hex = {0};
	sum_end(s, raw);
	text_hex(raw, DIGEST_SHA256, &hex);
	memcpy(out, hex.data, HEX + 1);
	buf_clear(&hex);
}

/* Sign what: the hash of nothing stands before a chunk's, not a trailer's. */
static void
sign(struct call *c, const char *algorithm, const char *hash,
    char out[static HEX + 1])
{
	static const char empty[] =
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	    "\n";
	const struct auth_result *who = &c->signer;
	struct buf text = {0};
	buf_addf(&text, "%s\n%s\n%s/%s/%s/aws4_request\n%s\n%s%s", algorithm,
	    who->stamp, who->date, who->region, who->service, c->payload->last,
	    strstr(algorithm, "TRAILER") == NULL ? empty : "", hash);
	digest_key_mac_hex(c->payload->key, text.data, text.len, out);
	buf_clear(&text);
}

/* A chunk is there as a whole. */
static int
end_chunk(struct call *c)
{
	struct payload *p = c->payload;
	char hash[HEX + 1], right[HEX + 1];
	if (!p->is_signed)
		return 0;
	hash_hex(p->hash, hash);
	sign(c, "AWS4-HMAC-SHA256-PAYLOAD", hash, right);
	if (!digest_equal(right, p->claim, HEX))
		return mismatch(c);
	memcpy(p->last, right, sizeof(p->last));
	return 0;
}

/* "10000;chunk-signature=…": the size in hex. */
static int
read_head(struct call *c)
{
	struct payload *p = c->payload;
	static const char name[] = "chunk-signature=";
	const char *line = buf_text(&p->line);
	size_t digits = strspn(line, "0123456789abcdefABCDEF");
	const char *rest = line + digits;
	if (digits == 0 || digits > 15 || (*rest != '\0' && *rest != ';'))
		return malformed(c);
	p->left = strtoull(line, NULL, 16);
	const char *at = strstr(rest, name);
	if (p->is_signed && (at == NULL || strlen(at) < sizeof(name) - 1 + HEX))
		return mismatch(c);
	if (p->is_signed)
		memcpy(p->claim, at + sizeof(name) - 1, HEX);
	if (p->is_signed && p->small && p->left > 0)
		return fail(&c->r, 403, "InvalidChunkSizeError",
		    "Only the last chunk is allowed to have a size less than "
		    "8192 bytes");
	p->small = p->left < CHUNK_LEAST;
	p->state = DATA;
	if (p->left > 0)
		return 0;
	p->ended = true;
	p->state = p->has_trailer ? TRAILER : DATA_END;
	return end_chunk(c);
}

static int
read_signature(struct call *c, const char *value)
{
	struct payload *p = c->payload;
	uint8_t raw[DIGEST_SHA256];
	char hash[HEX + 1], right[HEX + 1];
	struct buf hex = {0};
	digest_sha256(buf_text(&p->trailer), p->trailer.len, raw);
	text_hex(raw, sizeof(raw), &hex);
	memcpy(hash, hex.data, sizeof(hash));
	buf_clear(&hex);
	sign(c, "AWS4-HMAC-SHA256-TRAILER", hash, right);
	if (strlen(value) != HEX || !digest_equal(right, value, HEX))
		return mismatch(c);
	p->trailer_signed = true;
	return 0;
}

static int
malformed_trailer(struct call *c)
{
	return fail(&c->r, 400, "MalformedTrailerError",
	    "The request contained trailing data that was not well-formed or "
	    "did not conform to our published schema.");
}

/* "name:value", which is a header from now on. */
static int
read_trailer(struct call *c)
{
	struct payload *p = c->payload;
	if (p->line.len == 0)
		return 0;
	char *colon = strchr(p->line.data, ':');
	if (colon == NULL || p->trailer_signed)
		return malformed_trailer(c);
	char *name =
	    request_copy(&c->r, p->line.data, (size_t)(colon - p->line.data));
	const char *from = colon + 1 + strspn(colon + 1, " ");
	char *value = request_copy(&c->r, from, strlen(from));
	if (strcasecmp(name, "x-amz-trailer-signature") == 0 && p->is_signed)
		return read_signature(c, value);
	const char *told = raw_header(&c->r, "x-amz-trailer");
	if (told == NULL || strcasestr(told, name) == NULL ||
	    p->trailers == TRAILERS)
		return malformed_trailer(c);
	buf_addf(&p->trailer, "%s:%s\n", name, value);
	struct auth_request *q = &c->as;
	struct auth_header *all =
	    request_alloc(&c->r, (q->headers + 1) * sizeof(*all));
	memcpy(all, q->header, q->headers * sizeof(*all));
	all[q->headers++] =
	    (struct auth_header){name, value, strlen(name), strlen(value)};
	q->header = all;
	p->trailers++;
	return 0;
}

static int
read_line(struct call *c)
{
	struct payload *p = c->payload;
	if (p->line.len > 0 && p->line.data[p->line.len - 1] == '\r')
		buf_cut(&p->line, p->line.len - 1);
	switch (p->state) {
	case HEAD:
		return read_head(c);
	case DATA_END:
		if (p->line.len > 0)
			return malformed(c);
		p->state = p->ended ? OVER : HEAD;
		return 0;
	case TRAILER:
		return read_trailer(c);
	default:
		return malformed(c);
	}
}

/* What of the bytes belongs to the line that is being read. */
static int
take_line(struct call *c, const char *bytes, size_t len, size_t *used)
{
	struct payload *p = c->payload;
	const char *end = memchr(bytes, '\n', len);
	*used = end == NULL ? len : (size_t)(end - bytes) + 1;
	buf_add(&p->line, bytes, end == NULL ? len : *used - 1);
	if (p->line.full || memchr(buf_text(&p->line), '\0', p->line.len))
		return malformed(c);
	if (end == NULL)
		return 0;
	int rc = read_line(c);
	buf_reset(&p->line);
	return rc;
}

static int
take_data(struct call *c, const char *bytes, size_t len, size_t *used)
{
	struct payload *p = c->payload;
	*used = len < p->left ? len : (size_t)p->left;
	if (*used > p->length - p->came)
		return malformed(c);
	if (deliver(c, bytes, *used) < 0)
		return -1;
	p->left -= *used;
	if (p->left > 0)
		return 0;
	p->state = DATA_END;
	return end_chunk(c);
}

int
payload_add(struct call *c, const char *bytes, size_t len)
{
	if (c->payload->state == PLAIN)
		return deliver(c, bytes, len);
	while (len > 0) {
		size_t used;
		int rc = c->payload->state == DATA
			     ? take_data(c, bytes, len, &used)
			     : take_line(c, bytes, len, &used);
		if (rc < 0)
			return -1;
		bytes += used;
		len -= used;
	}
	return 0;
}

static int
wrong_hash(struct call *c, const char *want, const char *is)
{
	buf_addf(&c->r.error_more,
	    "<ClientComputedContentSHA256>%s</ClientComputedContentSHA256>"
	    "<S3ComputedContentSHA256>%s</S3ComputedContentSHA256>",
	    want, is);
	return fail(&c->r, 400, "XAmzContentSHA256Mismatch",
	    "The provided 'x-amz-content-sha256' header does not match what "
	    "was computed.");
}

/* Are the headers that x-amz-trailer announced there? */
static bool
told_came(struct call *c)
{
	const char *told = raw_header(&c->r, "x-amz-trailer");
	for (const char *at = told; at != NULL && *at != '\0';) {
		at += strspn(at, ", ");
		size_t len = strcspn(at, ", ");
		if (len > 0 &&
		    raw_header(&c->r, request_copy(&c->r, at, len)) == NULL)
			return false;
		at += len;
	}
	return true;
}

int
payload_end(struct call *c)
{
	struct payload *p = c->payload;
	char hash[HEX + 1];
	if (p->state == PLAIN && p->hash != NULL) {
		hash_hex(p->hash, hash);
		return strcasecmp(hash, p->want) == 0
			   ? 0
			   : wrong_hash(c, p->want, hash);
	}
	if (p->state == PLAIN)
		return 0;
	if (!p->ended || p->came != p->length)
		return malformed(c);
	if (p->has_trailer && !told_came(c))
		return malformed_trailer(c);
	return p->is_signed && p->has_trailer && !p->trailer_signed
		   ? mismatch(c)
		   : 0;
}
