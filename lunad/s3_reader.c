#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "s3_private.h"

struct piece {
	int64_t blob;
	uint64_t start, size;
	char *bytes; /* of one that is in a row: it may go while this reads */
};

struct s3_reader {
	struct lunad *lunad;
	struct s3_hold *hold;
	struct piece *piece;
	size_t count;
	size_t open; /* the piece whose file is open */
	int fd;
};

static void
add(struct s3_reader *d, int64_t blob, int64_t start, int64_t size)
{
	d->piece = mem_grow(d->piece, d->count + 1, sizeof(*d->piece));
	struct piece *p = &d->piece[d->count++];
	size_t len;
	*p = (struct piece){
	    .blob = blob, .start = (uint64_t)start, .size = (uint64_t)size};
	p->bytes = s3_blob_bytes(d->lunad, blob, &len);
}

struct s3_reader *
s3_reader_new(struct lunad *l, const struct s3_object *o)
{
	struct s3_reader *d = mem_alloc(sizeof(*d));
	d->lunad = l;
	d->fd = -1;
	d->hold = s3_hold_new();
	if (o->parts == 0)
		add(d, o->id, 0, o->size);
	else {
		sqlite3_stmt *q = store_query(lunad_store(l),
		    "SELECT blob, start, size FROM s3_piece WHERE object = ?"
		    " ORDER BY number",
		    "i", o->id);
		while (store_next(q))
			add(d, store_int(q, 0), store_int(q, 1),
			    store_int(q, 2));
	}
	return d;
}

void
s3_reader_free(struct s3_reader *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < d->count; i++)
		free(d->piece[i].bytes);
	free(d->piece);
	if (d->fd >= 0)
		close(d->fd);
	s3_hold_free(d->hold);
	free(d);
}

/* The piece that a position is in; count when there is none. */
static size_t
piece_at(const struct s3_reader *d, uint64_t pos)
{
	size_t low = 0, high = d->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct piece *p = &d->piece[middle];
		if (pos >= p->start + p->size)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

ssize_t
s3_reader_read(struct s3_reader *d, uint64_t pos, char *to, size_t max)
{
	size_t i = piece_at(d, pos);
	if (i == d->count)
		return 0;
	const struct piece *p = &d->piece[i];
	uint64_t at = pos - p->start, left = p->size - at;
	size_t n = left < max ? (size_t)left : max;
	if (p->bytes != NULL) {
		memcpy(to, p->bytes + at, n);
		return (ssize_t)n;
	}
	if (d->fd >= 0 && d->open != i) {
		close(d->fd);
		d->fd = -1;
	}
	if (d->fd < 0)
		d->fd = s3_blob_file(d->lunad, p->blob);
	d->open = i;
	return d->fd < 0 ? -1 : pread(d->fd, to, n, (off_t)at);
}

bool
s3_piece(struct request *r, const struct s3_object *o, int64_t number,
    int64_t *start, int64_t *size, const char **sum_text)
{
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT start, size, sum_text FROM s3_piece"
	    " WHERE object = ? AND number = ?",
	    "ii", o->id, number);
	if (!store_next(q))
		return false;
	*start = store_int(q, 0);
	*size = store_int(q, 1);
	*sum_text =
	    store_null(q, 2) ? NULL : request_format(r, "%s", store_text(q, 2));
	store_end(q);
	return true;
}
