#include "s3_private.h"

int
s3_delete_object(struct request *r)
{
	struct s3 *q = s3_of(r);
	if (s3_bucket(r) < 0)
		return -1;
	s3_object_remove(r, q->bucket, q->key, q->key_len);
	r->status = 204;
	return 0;
}
