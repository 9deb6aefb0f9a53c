#include "gunzip.h"

#include <stdint.h>
#define ZLIB_CONST
#include <zlib.h>

#include "buf.h"

#define GZIP_ONLY (15 + 16)
#define STEP 65536

int
gunzip(struct buf *b, size_t max)
{
	struct buf out;
	z_stream z = {0};
	if (b->len > UINT32_MAX || inflateInit2(&z, GZIP_ONLY) != Z_OK)
		return -1;
	buf_init(&out, max);
	z.next_in = (const Bytef *)buf_text(b);
	z.avail_in = (uInt)b->len;
	int rc = Z_OK;
	while (rc == Z_OK) {
		char *to = buf_room(&out, STEP);
		if (to == NULL)
			break;
		z.next_out = (Bytef *)to;
		z.avail_out = STEP;
		rc = inflate(&z, Z_NO_FLUSH);
		out.len += STEP - z.avail_out;
		out.data[out.len] = '\0';
	}
	inflateEnd(&z);
	if (rc != Z_STREAM_END) {
		buf_clear(&out);
		return -1;
	}
	buf_clear(b);
	*b = out;
	return 0;
}
