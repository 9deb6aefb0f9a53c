/*
 * skew SECONDS: a clock that is known to be off by SECONDS. A line of stdin
 * is an attempt: "SENT RECEIVED DATE CODE" ("-": no Date, a success); a line
 * of output says when it was signed, what is known after it, and whether
 * there is cause for one attempt more.
 */
#include "skew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static int64_t
moment(const char *text)
{
	int64_t ms = -1;
	if (strcmp(text, "-") != 0 && text_time(text, strlen(text), &ms) != 0)
		exit(2);
	return ms;
}

int
main(int argc, char **argv)
{
	struct skew skew = {0};
	char sent[40], received[40], date[40], code[80], at[TEXT_ISO];
	if (argc > 1)
		skew.ms = atoll(argv[1]) * 1000;
	while (scanf("%39s %39s %39s %79s", sent, received, date, code) == 4) {
		int64_t used_ms = skew.ms;
		text_iso(moment(sent) + used_ms, at);
		bool learnt = skew_learn(
		    &skew, moment(sent), moment(received), moment(date));
		printf("signed %s, %s %+lld s, %s\n", at,
		    learnt ? "learnt" : "still", (long long)skew.ms / 1000,
		    skew_explains(&skew, used_ms, code) ? "again" : "final");
	}
	return 0;
}
