#include "skew.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define NOTICED_MS (4 * 60 * 1000)
#define TRUSTED_MS (15 * 60 * 1000)

bool
skew_learn(
    struct skew *skew, int64_t sent_ms, int64_t received_ms, int64_t date_ms)
{
	int64_t took_ms = received_ms - sent_ms;
	if (date_ms < 0 || took_ms > TRUSTED_MS)
		return false;
	skew->ms = date_ms - (sent_ms + (took_ms > 0 ? took_ms / 2 : 0));
	return true;
}

bool
skew_explains(const struct skew *skew, int64_t signed_with_ms, const char *code)
{
	static const char *const codes[] = {"AccessDeniedException",
	    "AuthFailure", "InvalidSignatureException", "RequestExpired",
	    "RequestInTheFuture", "RequestTimeTooSkewed",
	    "SignatureDoesNotMatch"};
	if (llabs(skew->ms - signed_with_ms) <= NOTICED_MS)
		return false;
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (strcmp(code, codes[i]) == 0)
			return true;
	return false;
}
